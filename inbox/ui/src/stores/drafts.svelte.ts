// Unfinished words, one set a conversation: kept over a reload here, and on the server for one's other devices. The last writer wins.
import { asProblem, get, list, put } from '../api/client.ts';
import type { Id, KeptDraft } from '../api/types.ts';
import { fromServer, saysNothing, settle, toServer, type Draft } from '../lists/writing.ts';
import { on, whenUp } from '../live/live.svelte.ts';

export type { Draft } from '../lists/writing.ts';

const place = 'switchboard.drafts';
const PAUSE = 700;
/** This window: so that it does not take its own words for a colleague's. */
const device = Math.random().toString(36).slice(2, 12);
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
const timers = new Map<Id, ReturnType<typeof setTimeout>>();

export const draft = (id: Id): Readonly<Draft> => drafts[id] ?? blank;
export const hasDraft = (id: Id) => Boolean(drafts[id]?.text.trim());

function save(): void {
  try {
    localStorage.setItem(place, JSON.stringify(drafts));
  } catch {
    // Storage full: the draft lives as long as the page, and on the server.
  }
}

export function write(id: Id, change: Partial<Draft>): void {
  drafts[id] = { ...(drafts[id] ?? empty()), ...change, dirty: true };
  save();
  clearTimeout(timers.get(id));
  timers.set(id, setTimeout(() => void push(id), PAUSE));
}

export function clear(id: Id): void {
  const channel = drafts[id]?.channel ?? null;
  write(id, { ...empty(), cc: null, seen: null, channel });
  void push(id);
}

/** What is not told yet is told; where that fails, it stays marked and goes with the next connection. */
async function push(id: Id): Promise<void> {
  clearTimeout(timers.get(id));
  timers.delete(id);
  const told = drafts[id];
  if (!told?.dirty) return;
  try {
    await put(`/conversations/${id}/draft`, { ...toServer(told), device });
  } catch (error) {
    const { status, offline } = asProblem(error);
    if (offline || status >= 429) return;
  }
  if (drafts[id] !== told) return;
  if (saysNothing(told)) delete drafts[id];
  else drafts[id] = { ...told, dirty: false };
  save();
}

async function pull(id: Id): Promise<void> {
  const kept = await get<KeptDraft>(`/conversations/${id}/draft`).catch(() => null);
  if (!kept || drafts[id]?.dirty) return;
  if (kept.changed_at === null) delete drafts[id];
  else drafts[id] = fromServer(kept);
  save();
}

async function pullAll(): Promise<void> {
  const there: KeptDraft[] = [];
  try {
    let cursor: string | null = null;
    do {
      const page: { items: KeptDraft[]; next: string | null } = await list<KeptDraft>('/drafts', { limit: 200, cursor });
      there.push(...page.items);
      cursor = page.next;
    } while (cursor);
  } catch { return; }
  const found = settle(drafts, there);
  for (const id of Object.keys(drafts).map(Number)) if (!found.drafts[id]) delete drafts[id];
  Object.assign(drafts, found.drafts);
  save();
  for (const id of found.tell) void push(id);
}

on('draft', ({ conversation_id: id, device: from }) => { if (from !== device) void pull(id as Id); });
on('reload', () => void pullAll());
whenUp(() => void pullAll());
addEventListener('visibilitychange', () => { if (document.hidden) for (const id of [...timers.keys()]) void push(id); });
