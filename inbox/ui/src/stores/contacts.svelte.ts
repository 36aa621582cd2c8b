// People as the panel and the People page show them, once each.
import { SvelteMap } from 'svelte/reactivity';
import { get, patch } from '../api/client.ts';
import type { Contact, ContactPatch, Id } from '../api/types.ts';
import { on } from '../live/live.svelte.ts';

const rows = new SvelteMap<Id, Contact>();

export const contact = (id: Id) => rows.get(id);
export function keepContact(item: Contact): void { rows.set(item.id, item); }
export function forgetContact(id: Id): void { rows.delete(id); }

export async function fetchContact(id: Id): Promise<void> { rows.set(id, await get<Contact>(`/contacts/${id}`)); }

/** Shown at once; put back when the server refuses. */
export async function changeContact(id: Id, asked: ContactPatch, guess: Partial<Contact> = {}): Promise<void> {
  const before = rows.get(id);
  if (before) rows.set(id, { ...before, ...guess });
  try {
    rows.set(id, await patch<Contact>(`/contacts/${id}`, asked));
  } catch (error) {
    if (before) rows.set(id, before);
    throw error;
  }
}

on('contact', ({ contact_id: id }) => { if (rows.has(id as Id)) void fetchContact(id as Id).catch(() => undefined); });
on('reload', () => { for (const id of rows.keys()) void fetchContact(id).catch(() => undefined); });
