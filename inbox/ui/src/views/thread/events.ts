// An event of a conversation as a sentence.
import type { Event } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { managers, teams } from '../../stores/directory.svelte.ts';
import { t, told, type Key } from '../../text/text.svelte.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');

function named(value: unknown, from: typeof managers | typeof teams): string {
  if (value && typeof value === 'object' && 'name' in value) return text(value.name);
  return typeof value === 'number' ? (from.need().find(value)?.name ?? '') : text(value);
}

function actorName(event: Event): string {
  if (event.actor?.kind === 'bot') return t('author.bot.name');
  return event.actor?.name || t('author.system');
}

/** Servers say `conversation.assigned` or `assigned`; the last word is what happened. */
export function eventWords(event: Event): string {
  const kind = event.kind.split('.').at(-1) ?? event.kind;
  const { data } = event;
  const to = named(data['assignee'] ?? data['manager'] ?? data['manager_id'], managers);
  const team = named(data['team'] ?? data['team_id'], teams);
  const until = text(data['snoozed_until'] ?? data['until']);
  const values = { who: actorName(event), to: to || team || t('inbox.unassigned'), team, until: until ? ahead(until) : '', what: text(data['text'] ?? data['reason'] ?? data['title']) };
  const known: Key | null = kind === 'assigned' && !to && !team ? 'event.unassigned' : null;
  if (known) return t(known, values);
  const sentence = told('event', kind, values);
  return sentence === kind ? `${values.who}: ${kind.replaceAll('_', ' ')}` : sentence;
}
