// What an operator does to all chosen conversations at once, each with its undo and its words.
import type { BulkPatch, Conversation, Id, Named } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { changeMany, conversation } from '../../stores/conversations.svelte.ts';
import { selection } from '../../stores/selection.svelte.ts';
import { complain, say } from '../../stores/toasts.svelte.ts';
import { said } from '../../text/said.ts';
import { t } from '../../text/text.svelte.ts';

type Guess = (item: Conversation) => Partial<Conversation>;

const statusBefore = (item: Conversation): BulkPatch =>
  item.status === 'snoozed' ? { status: 'snoozed', snoozed_until: item.snoozed_until } : { status: item.status };

/** One call for all that go back to the same. */
async function takeBack(items: Conversation[], undo: (item: Conversation) => BulkPatch | null): Promise<void> {
  const groups = new Map<string, Conversation[]>();
  for (const item of items) {
    const patch = undo(item);
    if (patch) groups.set(JSON.stringify(patch), [...(groups.get(JSON.stringify(patch)) ?? []), item]);
  }
  for (const [patch, group] of groups) {
    const before = new Map(group.map((item) => [item.id, item]));
    const refused = await changeMany(group.map((item) => item.id), JSON.parse(patch) as BulkPatch, ({ id }) => before.get(id) ?? {});
    if (refused.length) say(t('many.refused', { n: refused.length, why: said(refused[0]!.detail ?? '') }), undefined, 'bad');
  }
}

async function act(asked: BulkPatch, guess: Guess, done: (n: number) => string, undo: (item: Conversation) => BulkPatch | null): Promise<void> {
  const items = selection.ids.map((id) => conversation(id)).filter((item) => item !== undefined);
  if (!items.length) return;
  selection.clear();
  try {
    const refused = await changeMany(items.map((item) => item.id), asked, guess);
    const not = new Set<Id>(refused.map((each) => each.id));
    const changed = items.filter((item) => !not.has(item.id));
    if (changed.length) say(done(changed.length), () => void takeBack(changed, undo).catch(complain));
    if (refused.length) say(t('many.refused', { n: refused.length, why: said(refused[0]!.detail ?? '') }), undefined, 'bad');
  } catch (error) { complain(error); }
}

export const closeAll = () => act({ status: 'closed' }, () => ({ status: 'closed', waiting_since: null, unread: 0 }), (n) => t('many.closed', { n }), (item) => (item.status === 'closed' ? null : statusBefore(item)));
export const reopenAll = () => act({ status: 'open' }, () => ({ status: 'open', snoozed_until: null }), (n) => t('many.reopened', { n }), statusBefore);
export function snoozeAll(at: Date): Promise<void> {
  const until = at.toISOString();
  return act({ status: 'snoozed', snoozed_until: until }, () => ({ status: 'snoozed', snoozed_until: until }), (n) => t('many.snoozed', { n, when: ahead(at) }), statusBefore);
}
export const assignAll = (to: Named | null) => act({ assignee: to?.id ?? null }, () => ({ assignee: to }), (n) => t(to ? 'many.assigned' : 'many.unassigned', { n, name: to?.name ?? '' }), (item) => ({ assignee: item.assignee?.id ?? null }));
export const teamAll = (team: Named) => act({ team: team.id, assignee: null }, () => ({ team, assignee: null }), (n) => t('many.assigned', { n, name: team.name }), (item) => ({ team: item.team?.id ?? null, assignee: item.assignee?.id ?? null }));
export const labelAll = (label: string, add: boolean) =>
  act(add ? { add_labels: [label] } : { remove_labels: [label] }, (item) => ({ labels: add ? [...new Set([...item.labels, label])] : item.labels.filter((each) => each !== label) }),
    (n) => t(add ? 'many.labelled' : 'many.unlabelled', { n, label }), (item) => ({ labels: item.labels }));
export function readAll(read: boolean): Promise<void> {
  return act({ read }, () => ({ unread: read ? 0 : 1 }), (n) => t(read ? 'many.read' : 'many.unread', { n }), (item) => (item.unread > 0 === read ? { read: !read } : null));
}
