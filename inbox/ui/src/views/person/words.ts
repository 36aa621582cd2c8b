// Values of a card and their fields in words.
import type { Moment, Place } from '../../api/card.ts';
import { cardFields } from '../../stores/card.svelte.ts';
import { managers } from '../../stores/directory.svelte.ts';
import { contact } from '../../stores/contacts.svelte.ts';
import { languageName } from '../../text/languages.ts';
import { language, t, told } from '../../text/text.svelte.ts';
import { partial } from '../organisations/organisation.ts';

const DAY = /^\d{4}-\d\d-\d\d$/;
const isMoney = (value: object): value is { amount: string; currency: string } => 'amount' in value && 'currency' in value;
const isPlace = (value: object): value is Place => 'label' in value && 'text' in value;

function money({ amount, currency }: { amount: string; currency: string }): string {
  const sum = Number(amount);
  if (Number.isNaN(sum) || !/^[A-Z]{3}$/.test(currency)) return `${amount} ${currency}`;
  return new Intl.NumberFormat(language(), { style: 'currency', currency, minimumFractionDigits: Number.isInteger(sum) ? 0 : 2 }).format(sum);
}

export const placeName = (label: string): string => (label === 'home' ? t('card.home') : label === 'work' ? t('card.work') : label);

export function words(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—';
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (Array.isArray(value)) return value.map(words).join(value.some((each) => each !== null && typeof each === 'object') ? '; ' : ', ') || '—';
  if (typeof value === 'object') return isMoney(value) ? money(value) : isPlace(value) ? `${placeName(value.label)}: ${value.text}` : Object.values(value).map(words).join(' ');
  return typeof value === 'string' && DAY.test(value) ? partial(value, language()) : String(value);
}

/** Managers and other people are kept by number, languages by code. */
export function valueOf(field: string, value: unknown): string {
  if (field === 'language' && typeof value === 'string' && value) return languageName(value);
  if (typeof value !== 'number') return words(value);
  if (field === 'manager_id') return managers.need().items.find((each) => each.id === value)?.name ?? String(value);
  const own = cardFields.items.find((each) => `fields.${each.name}` === field);
  return own?.type === 'person' ? (contact(value)?.name || t('person.numbered', { number: value })) : words(value);
}

/** What happened, in a word or two; what other systems told goes by the name they gave it, unless it is a common one. */
export function headline(each: Moment): string {
  if (each.kind === 'event') return told('line.event', each.what);
  if (each.kind === 'card' || each.kind === 'consent') return told('card.did', each.what);
  return each.kind === 'message' ? t(each.what === 'in' ? 'card.did.in' : 'card.did.out') : told('card.did', each.kind);
}

export function fieldName(field: string, defined = cardFields): string {
  const name = field.replace(/^fields\.|^identity\./, '');
  return (field.startsWith('fields.') && defined.need().items.find((each) => each.name === name)?.title) || told('card', name);
}
