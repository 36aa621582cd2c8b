// What a channel's consent comes to now: a word, how it looks, and since when.
import type { Consent } from '../../api/types.ts';
import { t } from '../../text/text.svelte.ts';

export function stateOf(each: Consent): { tone: string; word: string; at: string | null } {
  if (each.blocked_at) return { tone: 'bad', word: t('consent.blocked'), at: each.blocked_at };
  if (each.stopped_at) return { tone: 'bad', word: t('consent.stopped'), at: each.stopped_at };
  if (each.marketing_stopped_at) return { tone: 'warn', word: t('consent.no_marketing'), at: each.marketing_stopped_at };
  return { tone: 'ok', word: t('consent.ok'), at: each.heard_at };
}
