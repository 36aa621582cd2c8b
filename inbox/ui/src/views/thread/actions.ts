// What an operator does to a conversation, each with its undo and its words: the same from the list, the thread and the keyboard.
import type { Conversation, ConversationPatch, Id, Named } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { change } from '../../stores/conversations.svelte.ts';
import { me } from '../../stores/session.svelte.ts';
import { complain, say } from '../../stores/toasts.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import { snoozeChoices } from '../../text/when.ts';

export function nameOf(contact: { name: string | null; number?: string | null; id: Id } | null | undefined): string {
  if (!contact) return t('person.nameless');
  return contact.name?.trim() || (contact.number ? t('person.numbered', { number: contact.number }) : t('person.nameless'));
}

async function act(item: Conversation, asked: ConversationPatch, guess: Partial<Conversation>, done: string, undo: ConversationPatch, before: Partial<Conversation>): Promise<void> {
  try {
    await change(item.id, asked, guess);
    say(done, () => void change(item.id, undo, before).catch(complain));
  } catch (error) {
    complain(error);
  }
}

/** Reopening is a change of status; what it was snoozed to comes back with it. */
const statusBefore = (item: Conversation): ConversationPatch =>
  item.status === 'snoozed' ? { status: 'snoozed', snoozed_until: item.snoozed_until } : { status: item.status };

export function closeIt(item: Conversation): Promise<void> {
  return act(item, { status: 'closed' }, { status: 'closed', waiting_since: null }, t('done.closed', { name: nameOf(item.contact) }), statusBefore(item), item);
}

export function reopenIt(item: Conversation): Promise<void> {
  return act(item, { status: 'open' }, { status: 'open', snoozed_until: null }, t('done.reopened'), statusBefore(item), item);
}

export function snoozeIt(item: Conversation, at: Date = snoozeChoices(new Date()).find((choice) => choice.name === 'tomorrow')!.at): Promise<void> {
  const until = at.toISOString();
  return act(item, { status: 'snoozed', snoozed_until: until }, { status: 'snoozed', snoozed_until: until }, t('done.snoozed', { when: ahead(at) }), statusBefore(item), item);
}

export function assignIt(item: Conversation, to: Named | null): Promise<void> {
  const done = !to ? t('done.unassigned') : to.id === me().id ? t('done.taken') : t('done.assigned', { name: to.name });
  return act(item, { assignee: to?.id ?? null }, { assignee: to }, done, { assignee: item.assignee?.id ?? null }, { assignee: item.assignee });
}

export function takeIt(item: Conversation): Promise<void> { return assignIt(item, { id: me().id, name: me().name }); }

export function giveToTeam(item: Conversation, team: Named): Promise<void> {
  return act(item, { team: team.id, assignee: null }, { team, assignee: null }, t('done.team', { name: team.name }),
    { team: item.team?.id ?? null, assignee: item.assignee?.id ?? null }, { team: item.team, assignee: item.assignee });
}

export async function setLabels(item: Conversation, labels: string[]): Promise<void> {
  await change(item.id, { labels }, { labels }).catch(complain);
}

export async function setPriority(item: Conversation, priority: number): Promise<void> {
  await change(item.id, { priority }, { priority }).catch(complain);
}
