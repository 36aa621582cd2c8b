// What every card is made of: the fields that the lead defined for people and for companies, and the categories.
import { get } from '../api/client.ts';
import type { CardField } from '../api/card.ts';
import { on } from '../live/live.svelte.ts';
import { Directory } from './directory.svelte.ts';

export const cardFields = new Directory<CardField>('/fields');
/** Of companies. */
export const organisationFields = new Directory<CardField>('/organisations/fields');

let names = $state.raw<string[]>([]);
let asked = false;
export const categories = (): string[] => names;
export function keepCategories(fresh: string[]): void { names = fresh; }
/** Asks once. */
export function needCategories(): void {
  if (asked) return;
  asked = true;
  get<{ names: string[] }>('/categories').then((answer) => (names = answer.names), () => (asked = false));
}

function again(): void {
  cardFields.refresh();
  organisationFields.refresh();
  if (asked) { asked = false; needCategories(); }
}
on('field', again);
on('reload', again);
