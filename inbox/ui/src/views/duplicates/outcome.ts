// What becomes of two cards that are one: where both say something and one must win, what the other one adds, which stops stay.
import type { Card, Place, Value } from '../../api/card.ts';
import type { Consent, Identity } from '../../api/types.ts';

export interface Choice { field: string; kept: unknown; other: unknown }
export interface Stop { channel: Consent['channel']; marketing: boolean }
export interface Outcome {
  choices: Choice[]; fills: { field: string; value: unknown }[]; identities: Identity[]; tags: string[]; places: Place[]; stops: Stop[]; conversations: number;
}

const plain = ['name', 'category', 'birthday', 'language', 'timezone', 'manager'] as const;
const silent = (value: unknown): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function said(card: Card): Map<string, unknown> {
  const own = Object.entries(card.fields).map(([name, value]: [string, Value]): [string, unknown] => [`fields.${name}`, value]);
  return new Map<string, unknown>([...plain.map((name): [string, unknown] => [name, card[name]]), ...own]);
}

/** Nobody is written to where either card said stop: it holds for every address by which the channel then reaches the person. */
function stopped(cards: Card[]): Stop[] {
  const all = cards.flatMap((card) => card.consent).filter((each) => each.stopped_at ?? each.marketing_stopped_at);
  const channels = [...new Map(all.map((each) => [each.channel.id, each.channel])).values()];
  return channels.map((channel) => ({ channel, marketing: !all.some((each) => each.channel.id === channel.id && each.stopped_at) }));
}

export function outcome(kept: Card, other: Card): Outcome {
  const [mine, theirs] = [said(kept), said(other)];
  const both = [...theirs].filter(([field, value]) => !silent(value) && !same(mine.get(field), value));
  return {
    choices: both.filter(([field]) => !silent(mine.get(field))).map(([field, value]) => ({ field, kept: mine.get(field), other: value })),
    fills: both.filter(([field]) => silent(mine.get(field))).map(([field, value]) => ({ field, value })),
    identities: other.identities, tags: other.tags.filter((tag) => !kept.tags.includes(tag)),
    places: (other.addresses ?? []).filter((place) => !(kept.addresses ?? []).some((each) => same(each, place))),
    stops: stopped([kept, other]), conversations: kept.conversations + other.conversations,
  };
}
