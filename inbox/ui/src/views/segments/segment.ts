// What a segment is made of, as the builder edits it: rows, and groups of rows; and the way there and back to the server's JSON.
import type { Id, Time } from '../../api/types.ts';

export interface Leaf { kind: string; not?: boolean; [part: string]: unknown }
export interface Group { kind: 'all' | 'any'; not?: boolean; of: Match[] }
export type Match = Leaf | Group;
export interface Filter { version: 1; match: Match }
export interface Segment { id: Id; name: string; kind: 'filter' | 'list'; filter: Filter; tag: string | null; created_at: Time; changed_at: Time | null }
export interface Somebody { id: Id; number: string; name: string; language: string | null }
export interface Count { count: number; sample: Somebody[]; next: string | null }

export const kinds = ['tag', 'wrote', 'sent', 'read', 'reachable', 'language', 'manager', 'category', 'field', 'source', 'created', 'organisation', 'list'] as const;
export type Kind = (typeof kinds)[number];

export const isGroup = (match: Match): match is Group => match.kind === 'all' || match.kind === 'any';

/** A new row of this kind, ready to be filled in. */
export function fresh(kind: Kind): Leaf {
  const parts: Record<Kind, Record<string, unknown>> = {
    tag: { tags: [] }, wrote: { days: 30 }, sent: { days: 30 }, read: { days: 30 }, created: { days: 30 }, reachable: {},
    language: { languages: [] }, manager: { managers: [] }, category: { categories: [] }, list: { list: null },
    organisation: { organisations: [], past: false }, field: { name: '', op: 'is', value: '' }, source: { op: 'is', value: '' },
  };
  return { kind, ...parts[kind] };
}

/** The whole as one group of rows: what the builder edits. */
export function grouped(match: Match | null): Group {
  if (match && isGroup(match) && !match.not) return match;
  return { kind: 'all', of: match ? [match] : [fresh('tag')] };
}

const filled = (leaf: Leaf): boolean => {
  for (const name of ['tags', 'languages', 'managers', 'categories', 'organisations']) if (name in leaf && (leaf[name] as unknown[]).length === 0) return false;
  if (leaf.kind === 'list') return leaf['list'] !== null;
  if (leaf.kind === 'field') return leaf['name'] !== '' && (leaf['op'] === 'set' || leaf['value'] !== '');
  if (leaf.kind === 'source') return leaf['value'] !== '';
  return !('days' in leaf) || (typeof leaf['days'] === 'number' && leaf['days'] > 0);
};

function cleaned(leaf: Leaf): Leaf {
  const found: Leaf = { ...leaf };
  if (!found.not) delete found.not;
  for (const name of ['channel', 'broadcast']) if (found[name] === null) delete found[name];
  if (found.kind === 'field' && found['op'] === 'set') delete found['value'];
  if (found.kind === 'field' && (found['op'] === 'above' || found['op'] === 'below')) {
    const number = Number(found['value']);
    if (!Number.isNaN(number)) found['value'] = number;
  }
  return found;
}

/** What can be asked: rows that are not filled in yet are left out; null when nothing is. */
export function asked(match: Match): Match | null {
  if (!isGroup(match)) return filled(match) ? cleaned(match) : null;
  const of = match.of.map(asked).filter((each) => each !== null);
  return of.length === 0 ? null : { kind: match.kind, ...(match.not ? { not: true } : {}), of };
}

/** Whether every row is filled in, so that nothing would be kept that is not shown. */
export const whole = (match: Match): boolean => (isGroup(match) ? match.of.length > 0 && match.of.every(whole) : filled(match));
