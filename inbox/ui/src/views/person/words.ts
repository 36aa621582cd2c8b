// Values of a card and their fields in words.
import { cardFields } from '../../stores/card.svelte.ts';
import { managers } from '../../stores/directory.svelte.ts';
import { t, told } from '../../text/text.svelte.ts';

export function words(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—';
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (Array.isArray(value)) return value.map(words).join(', ') || '—';
  if (typeof value === 'object') return Object.values(value).map(words).join(' ');
  return String(value);
}

/** A responsible manager is kept by number. */
export const valueOf = (field: string, value: unknown): string =>
  field === 'manager_id' && typeof value === 'number' ? (managers.need().items.find((each) => each.id === value)?.name ?? String(value)) : words(value);

export function fieldName(field: string, defined = cardFields): string {
  const name = field.replace(/^fields\.|^identity\./, '');
  return (field.startsWith('fields.') && defined.need().items.find((each) => each.name === name)?.title) || told('card', name);
}
