// Unfinished words, one set a conversation, kept over a reload.
import type { Id, Upload } from '../api/types.ts';

export interface Draft { text: string; note: boolean; channel: Id | null; subject: string; cc?: string | null; reply: Id | null; files: Upload[] }

const place = 'switchboard.drafts';
const empty = (): Draft => ({ text: '', note: false, channel: null, subject: '', reply: null, files: [] });

function restore(): Record<Id, Draft> {
  try {
    return JSON.parse(localStorage.getItem(place) ?? '{}') as Record<Id, Draft>;
  } catch {
    return {};
  }
}

const drafts = $state<Record<Id, Draft>>(restore());
const blank = Object.freeze(empty());

export const draft = (id: Id): Readonly<Draft> => drafts[id] ?? blank;
export const hasDraft = (id: Id) => Boolean(drafts[id]?.text.trim());

export function write(id: Id, change: Partial<Draft>): void {
  const next = { ...(drafts[id] ?? empty()), ...change };
  if (!next.text && !next.note && next.files.length === 0 && next.channel === null && next.reply === null) delete drafts[id];
  else drafts[id] = next;
  try {
    localStorage.setItem(place, JSON.stringify(drafts));
  } catch {
    // Storage full: the draft lives as long as the page.
  }
}

export function clear(id: Id): void {
  const channel = drafts[id]?.channel ?? null;
  delete drafts[id];
  write(id, { channel });
}
