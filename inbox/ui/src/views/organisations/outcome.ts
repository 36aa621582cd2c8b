// What becomes of two companies that are one: what the one that stays takes over, and where its word stands against the other's.
import type { Organisation } from './organisation.ts';

export interface Line { field: string; value: unknown; against?: unknown }

const SAID = ['status', 'website', 'phones', 'emails', 'address', 'registration', 'manager'] as const;
const silent = (value: unknown): boolean => value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function said(of: Organisation): Map<string, unknown> {
  const own = Object.entries(of.fields).map(([name, value]): [string, unknown] => [`fields.${name}`, value]);
  return new Map<string, unknown>([...SAID.map((name): [string, unknown] => [name, of[name]]), ...own]);
}

export function outcome(kept: Organisation, other: Organisation): { adds: Line[]; stands: Line[] } {
  const mine = said(kept);
  const both = [...said(other)].filter(([field, value]) => !silent(value) && !same(mine.get(field), value));
  const tags = other.tags.filter((tag) => !kept.tags.includes(tag));
  return {
    adds: [...both.filter(([field]) => silent(mine.get(field))).map(([field, value]) => ({ field, value })), ...(tags.length ? [{ field: 'tags', value: tags }] : [])],
    stands: both.filter(([field]) => !silent(mine.get(field))).map(([field, value]) => ({ field, value: mine.get(field), against: value })),
  };
}
