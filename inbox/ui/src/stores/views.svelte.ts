// Views of one's own and those that colleagues share: asked for once, kept in order, deleted with a way back.
import { get, post, remove } from '../api/client.ts';
import type { Id, LabelCount, SavedView } from '../api/types.ts';
import { on } from '../live/live.svelte.ts';
import { Directory } from './directory.svelte.ts';

export const savedViews = new Directory<SavedView>('/views');
on('views', () => savedViews.refresh());
on('reload', () => savedViews.refresh());

/** Shown at once in the new order. */
export async function orderViews(items: SavedView[]): Promise<void> {
  const before = savedViews.items;
  savedViews.items = items;
  try {
    savedViews.items = (await post<{ items: SavedView[] }>('/views/order', { ids: items.map((each) => each.id) })).items;
  } catch (error) {
    savedViews.items = before;
    throw error;
  }
}

/** Gone at once; gives back what undoes it. */
export async function deleteView(view: SavedView): Promise<() => Promise<void>> {
  await remove(`/views/${view.id}`);
  savedViews.drop(view.id);
  return async () => { await post(`/views/${view.id}/restore`); await savedViews.load(); };
}

let labels = $state.raw<LabelCount[]>([]);
/** Labels in use; asked for again whenever somebody is about to choose one. */
export const knownLabels = () => labels;
export async function fetchLabels(): Promise<void> {
  labels = (await get<{ items: LabelCount[] }>('/conversations/labels').catch(() => ({ items: labels }))).items;
}
export const viewById = (id: Id | null) => (id === null ? undefined : savedViews.find(id));
