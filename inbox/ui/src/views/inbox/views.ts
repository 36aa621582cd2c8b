// The lists of the inbox with their names, addresses and counts: the same for the column, the tabs and the menu.
import type { Counts, SavedView, View } from '../../api/types.ts';
import { savedAddress } from '../../lists/filter.ts';
import { counts } from '../../stores/conversations.svelte.ts';
import { num, t } from '../../text/text.svelte.ts';

export interface Entry { key: string; label: string; to: string; n: number; alarm: boolean; saved?: SavedView }

const ORDER: readonly View[] = ['mine', 'team', 'unassigned', 'waiting', 'late', 'mentioned', 'snoozed', 'closed', 'all'];
export const addressOf = (view: View) => `/inbox?view=${view}`;
const countOf = (view: View, all: Counts): number => (view === 'closed' ? 0 : all[view]);

export function standing(): Entry[] {
  return ORDER.map((view) => ({ key: view, label: t(`inbox.${view}`), to: addressOf(view), n: countOf(view, counts()) ?? 0, alarm: view === 'late' || view === 'mentioned' }));
}
export function own(saved: SavedView[]): Entry[] {
  return saved.map((each) => ({ key: `saved-${each.id}`, label: each.name, to: savedAddress(each), n: 0, alarm: false, saved: each }));
}
/** Counting stops at a thousand: nobody reads a larger number. */
export const capped = (n: number) => (n >= 1000 ? '999+' : num(n));
