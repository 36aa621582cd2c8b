// Who is here: online, away or off, who looks at the same conversation; and what this tab tells of itself.
import { SvelteMap } from 'svelte/reactivity';
import { get, patch } from '../api/client.ts';
import type { Id, Manager } from '../api/types.ts';
import { on, tellOfTab, whenUp } from '../live/live.svelte.ts';
import { t } from '../text/text.svelte.ts';
import { ahead, past } from './clock.svelte.ts';
import { current, me, noteMe } from './session.svelte.ts';

export type State = 'online' | 'away' | 'off';
export interface Away { available: boolean; back_at: string | null; paused: boolean; away_minutes: number; away_pauses: boolean }

const here = new SvelteMap<Id, State>();
const lookers = new SvelteMap<Id, Id[]>();
let known = $state(false);
let mine = $state.raw<Away | null>(null);

/** How somebody is here; null while nobody can tell: then only `available` is shown. */
export const stateOf = (id: Id): State | null => (known ? here.get(id) ?? 'off' : null);
/** Others who have this conversation before them. */
export const others = (conversation: Id): Id[] => (lookers.get(conversation) ?? []).filter((id) => id !== me().id);
export const myAway = () => mine;

/** The dot of somebody: green only for whom new requests may be given to. */
export function dotOf(person: Pick<Manager, 'id' | 'available'>): State {
  const state = stateOf(person.id);
  if (state === null) return person.available ? 'online' : 'off';
  return state === 'online' && !person.available ? 'away' : state;
}
/** The same in words: "online", "away until today, 14:00". */
export function hereWords(person: Pick<Manager, 'id' | 'available' | 'back_at'>): string {
  const state = stateOf(person.id);
  if (!person.available && person.back_at && !past(person.back_at)) return t('here.until', { when: ahead(person.back_at) });
  if (state === null) return t(person.available ? 'available.yes' : 'available.no');
  if (state === 'off') return t('here.off');
  return t(person.available && state === 'online' ? 'here.online' : 'here.away');
}

async function load(): Promise<void> {
  try {
    const found = await get<{ known: boolean; items: { manager_id: Id; state: State }[] }>('/presence');
    here.clear();
    for (const each of found.items) here.set(each.manager_id, each.state);
    known = found.known;
  } catch {
    known = false;
  }
}
function take(found: Away): void { mine = found; noteMe({ available: found.available }); report(); }
async function loadAway(): Promise<void> { await get<Away>('/away').then(take).catch(() => undefined); }

/** Away, until a time or until I say so; or back. Throws what the server refuses. */
export async function beAway(change: Partial<Omit<Away, 'paused'>>): Promise<void> { take(await patch<Away>('/away', change)); }

// --- what this tab tells of itself
let lastInput = Date.now();
const looking: Id[] = [];

function report(): void {
  const session = current();
  if (!session) return;
  const looked = !document.hidden && document.hasFocus();
  tellOfTab({ csrf: session.csrf, at: lastInput, minutes: mine?.away_minutes ?? 10, looked, looking: document.hidden ? [] : [...looking] });
}
/** While a conversation is on the screen. */
export function lookAt(conversation: Id): () => void {
  looking.push(conversation);
  report();
  return () => { looking.splice(looking.indexOf(conversation), 1); report(); };
}

function touched(): void {
  const idle = Date.now() - lastInput;
  lastInput = Date.now();
  if (idle > 30_000) report();
}

let begun = false;
/** Once, when somebody has come in. */
export function watchDesk(): void {
  void loadAway();
  if (begun) { void load(); report(); return; }
  begun = true;
  for (const kind of ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart']) addEventListener(kind, touched, { passive: true, capture: true });
  for (const kind of ['focus', 'blur', 'pageshow']) addEventListener(kind, report);
  document.addEventListener('visibilitychange', report);
  setInterval(report, 20_000);
  setInterval(() => { if (!document.hidden) void load(); }, 180_000);
  whenUp(() => { report(); void load(); });
  void load();
  report();
}

on('presence', ({ manager_id: id, state }) => { known = true; here.set(id as Id, state as State); });
on('looking', ({ conversation_id: id, managers }) => { lookers.set(id as Id, managers as Id[]); });
on('manager', ({ manager_id: id }) => { if (current()?.manager.id === id) void loadAway(); });
