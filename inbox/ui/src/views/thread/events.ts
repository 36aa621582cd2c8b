// An event of a conversation as a sentence.
import type { Event } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { managers, teams } from '../../stores/directory.svelte.ts';
import { t, told } from '../../text/text.svelte.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');

function named(value: unknown, from: typeof managers | typeof teams): string {
  if (value && typeof value === 'object' && 'name' in value) return text(value.name);
  return typeof value === 'number' ? (from.need().find(value)?.name ?? '') : text(value);
}

function actorName(event: Event): string {
  if (event.actor?.kind === 'bot') return t('author.bot.name');
  return event.actor?.name || t('author.system');
}

/** Kinds that say nothing the thread does not show by itself: its messages, its status words beside a clearer event. */
export const silent = (kind: string): boolean => /^(message|contact|note)\.(received|queued|echoed|changed|met|added)$|^conversation\.status$/.test(kind);

export function eventWords(event: Event): string {
  const { data } = event;
  const value = (...names: string[]) => names.map((name) => data?.[name]).find((each) => each !== undefined && each !== null);
  const to = named(value('assignee', 'manager', 'manager_id', 'to'), managers) || named(value('team', 'team_id'), teams);
  const until = text(value('snoozed_until', 'until'));
  const values = { who: actorName(event), to: to || t('inbox.unassigned'), until: until ? ahead(until) : '', what: text(value('text', 'reason', 'title')) };
  if (event.kind === 'conversation.assigned' && !to) return t('event.conversation.unassigned', values);
  if (event.kind === 'conversation.assigned' && event.actor?.kind !== 'manager') return t('event.conversation.assigned_alone', values);
  const sentence = told('event', event.kind, values);
  return sentence === event.kind ? `${values.who}: ${event.kind}` : sentence.replace(/[\s:,]+$/, '');
}
