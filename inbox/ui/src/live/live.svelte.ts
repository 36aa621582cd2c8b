// What the server tells, handed to whoever listens; through one shared stream where the browser can.
import { Desk, say, type Place, type Tab } from './desk.ts';
import { openStream, type Kind, type Told } from './stream.ts';

type Listener = (data: Record<string, unknown>) => void;
const listeners = new Map<Kind, Set<Listener>>();
const url = `${location.origin}/api/v1/stream`;

let connected = $state(true);
let leave: (() => void) | null = null;
let doubt: ReturnType<typeof setTimeout> | undefined;

const backs = new Set<() => void>();
/** When the stream opens: at the start, and after every break. */
export function whenUp(listener: () => void): void { backs.add(listener); }

/** What the machine says of its own line; believed only if the server cannot be reached either. */
let line = $state(true);
addEventListener('offline', () => void fetch('/healthz', { cache: 'no-store' }).catch(() => (line = false)));
addEventListener('online', () => (line = true));

/** False at once when the machine has lost its line, else after a few seconds without the stream: a short break is nobody's business. */
export const online = () => connected && line;

export function on(kind: Kind, listener: Listener): () => void {
  let set = listeners.get(kind);
  if (!set) listeners.set(kind, (set = new Set()));
  set.add(listener);
  return () => set.delete(listener);
}

let place: Place = { leads: false, looked: true };
const moves = new Set<(place: Place) => void>();
/** Which tab speaks for this browser, and whether anybody looks at one of its tabs. */
export function whenPlaced(listener: (place: Place) => void): void { moves.add(listener); listener(place); }

function hear(told: Told): void {
  if (told.type === 'place') { place = told.place; moves.forEach((listener) => listener(place)); return; }
  if (told.type === 'event') return listeners.get(told.kind)?.forEach((listener) => listener(told.data));
  clearTimeout(doubt);
  if (told.type === 'up') { connected = true; line = true; backs.forEach((listener) => listener()); }
  else doubt = setTimeout(() => (connected = false), 3000);
}

/** How this tab's own word reaches the server: by the worker, or where there is none by itself. */
let pass: (tab: Tab) => void = () => undefined;
export function tellOfTab(tab: Tab): void { pass(tab); }

function alone(): () => void {
  const desk = new Desk<'me'>();
  const speak = async () => {
    hear({ type: 'place', place: desk.place('me', Date.now()) });
    for (const each of await say(desk, Date.now())) hear({ type: 'event', kind: 'looking', data: { ...each } });
  };
  pass = (tab) => { desk.hear('me', tab, Date.now()); void speak(); };
  const close = openStream(url, (told) => { if (told.type === 'up') { desk.unsaid(); void speak(); } hear(told); });
  return () => { pass = () => undefined; close(); };
}

function joinShared(): () => void {
  const worker = new SharedWorker(new URL('./shared.ts', import.meta.url), { type: 'module', name: 'switchboard' });
  const part = () => worker.port.postMessage({ type: 'leave' });
  worker.port.onmessage = ({ data }: MessageEvent<Told>) => hear(data);
  // A worker that cannot start (private windows, policies) must not leave the page deaf.
  worker.onerror = () => { leave?.(); leave = alone(); moves.forEach((listener) => listener(place)); };
  pass = (tab) => worker.port.postMessage({ type: 'tab', tab });
  worker.port.postMessage({ type: 'join', url });
  addEventListener('pagehide', part);
  return () => { removeEventListener('pagehide', part); part(); worker.port.close(); };
}

export function listen(): void {
  if (leave) return;
  leave = typeof SharedWorker === 'undefined' ? alone() : joinShared();
}

export function stopListening(): void {
  leave?.();
  leave = null;
}

// A page kept in the back/forward cache left the stream: it joins again and asks for everything it shows.
addEventListener('pageshow', (event) => {
  if (!event.persisted || !leave) return;
  stopListening();
  listen();
  hear({ type: 'event', kind: 'reload', data: {} });
});
