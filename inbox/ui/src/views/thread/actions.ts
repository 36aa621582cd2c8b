// What an operator does to a conversation, each with its undo and its words: the same from the list, the thread and the keyboard.
import type { Conversation, Id, Named } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { me } from '../../stores/session.svelte.ts';
import { perform } from '../../stores/work.svelte.ts';
import { t } from '../../text/text.svelte.ts';
import { snoozeChoices } from '../../text/when.ts';

interface Somebody { name: string | null; number?: string | null; id: Id; address?: string | null; identities?: readonly { kind: string; address: string }[] }

/** Who it is, in words: the name, else the phone or mail address, else the number. */
export function nameOf(contact: Somebody | null | undefined): string {
  if (!contact) return t('person.nameless');
  if (contact.number?.startsWith('erased-')) return t('person.erased', { number: contact.id });
  const address = contact.address ?? contact.identities?.find((each) => each.kind === 'phone' || each.kind === 'email')?.address;
  return contact.name?.trim() || address || (contact.number ? t('person.numbered', { number: contact.number }) : t('person.nameless'));
}

export async function closeIt(item: Conversation): Promise<void> {
  await perform(item, [{ do: 'close' }], t('done.closed', { name: nameOf(item.contact) }), () => ({ status: 'closed', waiting_since: null, unread: 0 }));
}

export async function reopenIt(item: Conversation): Promise<void> {
  await perform(item, [{ do: 'reopen' }], t('done.reopened'), () => ({ status: 'open', snoozed_until: null }));
}

export async function snoozeIt(item: Conversation, at: Date = snoozeChoices(new Date()).find((choice) => choice.name === 'tomorrow')!.at): Promise<void> {
  const until = at.toISOString();
  await perform(item, [{ do: 'snooze', until }], t('done.snoozed', { when: ahead(at) }), () => ({ status: 'snoozed', snoozed_until: until }));
}

export async function assignIt(item: Conversation, to: Named | null): Promise<void> {
  const done = !to ? t('done.unassigned') : to.id === me().id ? t('done.taken') : t('done.assigned', { name: to.name });
  await perform(item, [{ do: 'assign', manager: to?.id ?? null }], done, () => ({ assignee: to }));
}

export function takeIt(item: Conversation): Promise<void> { return assignIt(item, { id: me().id, name: me().name }); }

export async function giveToTeam(item: Conversation, team: Named): Promise<void> {
  await perform(item, [{ do: 'team', team: team.id }], t('done.team', { name: team.name }), () => ({ team, assignee: null }));
}

/** These labels and no others. */
export async function setLabels(item: Conversation, labels: string[]): Promise<void> {
  const gone = item.labels.filter((each) => !labels.includes(each));
  const added = labels.filter((each) => !item.labels.includes(each));
  const actions = [...(gone.length ? [{ do: 'unlabel', labels: gone }] : []), ...(added.length ? [{ do: 'label', labels: added }] : [])];
  if (actions.length) await perform(item, actions, t('work.labels.done'), () => ({ labels }));
}

/** Off where it is on, on where it is off. */
export const toggleLabel = (item: Conversation, label: string): Promise<void> =>
  setLabels(item, item.labels.includes(label) ? item.labels.filter((each) => each !== label) : [...item.labels, label]);

export async function setPriority(item: Conversation, priority: number): Promise<void> {
  await perform(item, [{ do: 'priority', priority }], t(priority > 0 ? 'done.raised' : 'done.lowered'), () => ({ priority }));
}

export async function markUnread(item: Conversation): Promise<void> {
  await perform(item, [{ do: 'unread' }], t('many.unread', { n: 1 }), () => ({ unread: Math.max(1, item.unread) }));
}
