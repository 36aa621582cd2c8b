// What an operator does to all chosen conversations at once, each with its undo and its words.
import type { Conversation, Named } from '../../api/types.ts';
import { ahead } from '../../stores/clock.svelte.ts';
import { conversation } from '../../stores/conversations.svelte.ts';
import { selection } from '../../stores/selection.svelte.ts';
import { perform, runMacro, type Action, type Macro } from '../../stores/work.svelte.ts';
import { t } from '../../text/text.svelte.ts';

function chosen(): Conversation[] {
  const items = selection.ids.map((id) => conversation(id)).filter((item) => item !== undefined);
  selection.clear();
  return items;
}
async function act(action: Action, guess: (item: Conversation) => Partial<Conversation>, done: (n: number) => string): Promise<void> {
  const items = chosen();
  if (items.length) await perform(items, [action], done, guess);
}

export const closeAll = () => act({ do: 'close' }, () => ({ status: 'closed', waiting_since: null, unread: 0 }), (n) => t('many.closed', { n }));
export const reopenAll = () => act({ do: 'reopen' }, () => ({ status: 'open', snoozed_until: null }), (n) => t('many.reopened', { n }));
export function snoozeAll(at: Date): Promise<void> {
  const until = at.toISOString();
  return act({ do: 'snooze', until }, () => ({ status: 'snoozed', snoozed_until: until }), (n) => t('many.snoozed', { n, when: ahead(at) }));
}
export const assignAll = (to: Named | null) => act({ do: 'assign', manager: to?.id ?? null }, () => ({ assignee: to }), (n) => t(to ? 'many.assigned' : 'many.unassigned', { n, name: to?.name ?? '' }));
export const teamAll = (team: Named) => act({ do: 'team', team: team.id }, () => ({ team, assignee: null }), (n) => t('many.assigned', { n, name: team.name }));
/** `title`: the label as it is shown. */
export const labelAll = (label: string, add: boolean, title = label) =>
  act({ do: add ? 'label' : 'unlabel', labels: [label] }, (item) => ({ labels: add ? [...new Set([...item.labels, label])] : item.labels.filter((each) => each !== label) }), (n) => t(add ? 'many.labelled' : 'many.unlabelled', { n, label: title }));
export const readAll = (read: boolean) => act({ do: read ? 'read' : 'unread' }, (item) => ({ unread: read ? 0 : Math.max(1, item.unread) }), (n) => t(read ? 'many.read' : 'many.unread', { n }));
export async function macroAll(macro: Macro): Promise<void> {
  const items = chosen();
  if (items.length) await runMacro(items, macro);
}
