// How one writes: signature and the time to take back; canned replies; being called by a colleague.
import { get, patch } from '../api/client.ts';
import type { Canned, Message, Writing } from '../api/types.ts';
import { on } from '../live/live.svelte.ts';
import { t } from '../text/text.svelte.ts';
import { Directory } from './directory.svelte.ts';
import { complain, say } from './toasts.svelte.ts';

let writing = $state.raw<Writing>({ signature: '', undo_seconds: 0 });
let asked = false;

/** Until it is known, nothing is held back and nothing signed. */
export function howIWrite(): Writing {
  if (!asked) { asked = true; queueMicrotask(() => void load()); }
  return writing;
}

async function load(): Promise<void> {
  await get<Writing>('/writing').then((found) => (writing = found)).catch(() => (asked = false));
}

export async function writeAs(change: Partial<Writing>): Promise<void> {
  const before = writing;
  writing = { ...before, ...change };
  try { writing = await patch<Writing>('/writing', change); } catch (error) { writing = before; complain(error); }
}

export const canned = new Directory<Canned>('/canned', {});

on('canned', () => canned.refresh());
on('reload', () => { canned.refresh(); if (asked) void load(); });
on('manager', () => { if (asked) void load(); });
on('mention', ({ message_id: id }) => {
  void get<Message>(`/messages/${String(id)}`).then((note) => say(t('composer.mention', { name: note.author.name ?? '', text: note.text.slice(0, 120) }))).catch(() => undefined);
});
