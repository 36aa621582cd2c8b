// Which conversations of the list are chosen, to do one thing with all of them.
import { SvelteSet } from 'svelte/reactivity';
import type { Id } from '../api/types.ts';

const chosen = new SvelteSet<Id>();
let anchor: Id | null = null;
let choosing = $state(false);

export const selection = {
  has: (id: Id) => chosen.has(id),
  get size() { return chosen.size; },
  get ids() { return [...chosen]; },
  /** Boxes are shown: somebody has begun to choose. */
  get on() { return choosing || chosen.size > 0; },
  start(): void { choosing = true; },
  clear(): void { chosen.clear(); anchor = null; choosing = false; },
  /** With `range`, everything from the last one chosen to this one. */
  toggle(id: Id, order: readonly Id[], range = false): void {
    const [from, to] = [anchor === null ? -1 : order.indexOf(anchor), order.indexOf(id)];
    if (range && from >= 0 && to >= 0) for (const each of order.slice(Math.min(from, to), Math.max(from, to) + 1)) chosen.add(each);
    else if (!chosen.delete(id)) chosen.add(id);
    anchor = id;
  },
  all(order: readonly Id[]): void { for (const id of order) chosen.add(id); },
  /** What left the list is chosen no longer. */
  keep(order: readonly Id[]): void { const here = new Set(order); for (const id of chosen) if (!here.has(id)) chosen.delete(id); },
};
