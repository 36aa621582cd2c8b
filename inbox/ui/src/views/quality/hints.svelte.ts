// What looks wrong on a card that is open: asked for once for all its fields, and again whenever the card changes.
import { SvelteMap } from 'svelte/reactivity';
import { list } from '../../api/client.ts';
import type { Id } from '../../api/types.ts';
import type { Finding } from './quality.ts';

const found = new SvelteMap<Id, Finding[]>();
const asked = new Map<Id, Promise<void>>();
/** The worker looks some seconds after a change; then a finding has a number by which it can be called right. */
const SOON = 8000;

export const hints = (id: Id) => found.get(id) ?? [];

export function look(id: Id, again = true): Promise<void> {
  const going = asked.get(id) ?? ask(id, again).finally(() => asked.delete(id));
  asked.set(id, going);
  return going;
}

async function ask(id: Id, again: boolean): Promise<void> {
  const { items } = await list<Finding>(`/contacts/${id}/quality`).catch(() => ({ items: [] }));
  found.set(id, items);
  if (again && items.some((each) => each.id === null)) setTimeout(() => void look(id, false), SOON);
}
