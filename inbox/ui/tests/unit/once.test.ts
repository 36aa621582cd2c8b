// A message that one sends stands on the screen exactly once, whatever arrives first and whatever is lost on the way.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type * as Outbox from '../../src/stores/outbox.svelte.ts';
import type * as Live from '../../src/live/live.svelte.ts';
import type * as Threads from '../../src/stores/thread.svelte.ts';
import { forget, keptKeys } from './stage/stores.ts';

// --- the server: takes a message once a key, tells of it, and its answers arrive when the test says so
type Row = { id: number; conversation_id: number; data: { ref?: string }; text: string; at: string; direction: 'out'; state: 'queued' };
type Answer = { key: string; arrive: () => void; lose: () => void };
let rows = new Map<string, Row>();
let answers: Answer[] = [];
let takes = true;
const json = (body: unknown) => new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });

function post(key: string, body: { text: string; ref?: string }): Promise<Response> {
  if (takes && !rows.has(key)) rows.set(key, { id: rows.size + 1, conversation_id: 1, data: { ...(body.ref ? { ref: body.ref } : {}) }, text: body.text, at: new Date().toISOString(), direction: 'out', state: 'queued' });
  const row = rows.get(key);
  return new Promise((resolve, reject) => {
    const lose = () => reject(new TypeError('the line is lost'));
    answers.push({ key, arrive: row ? () => resolve(json(row)) : lose, lose });
  });
}

async function answer(path: string): Promise<Response> {
  if (path.endsWith('/events')) return json({ items: [], next: null });
  if (path.endsWith('/messages')) return json({ items: [...rows.values()], next: null });
  const id = Number(/\/messages\/(\d+)$/.exec(path)?.[1]);
  return json(id ? [...rows.values()].find((row) => row.id === id) : { id: 1, unread: 0, contact: {}, labels: [] });
}

globalThis.fetch = ((asked: string, init: RequestInit) => init.method === 'POST' && asked.endsWith('/messages')
  ? post(new Headers(init.headers).get('Idempotency-Key')!, JSON.parse(String(init.body)))
  : answer(asked.split('?')[0]!)) as typeof fetch;

// --- the window: its modules anew in each life
let stream: EventTarget & { onopen?: () => void };
globalThis.EventSource = class extends EventTarget { constructor() { super(); stream = this; } close() {} } as unknown as typeof EventSource;
let lives = 0;
interface Life { outbox: typeof Outbox; thread: Threads.Thread }
const quiet = async () => { for (let turns = 0; turns < 12; turns += 1) await turn(); };

async function open(): Promise<Life> {
  const life = `?life=${(lives += 1)}`;
  answers = [];
  const live = (await import(`../../src/live/live.svelte.ts${life}`)) as typeof Live;
  const outbox = (await import(`../../src/stores/outbox.svelte.ts${life}`)) as typeof Outbox;
  const { Thread } = (await import(`../../src/stores/thread.svelte.ts${life}`)) as typeof Threads;
  live.listen();
  const thread = new Thread(1);
  await quiet();
  return { outbox, thread };
}
const shown = ({ outbox, thread }: Life) => [...thread.messages.map((each) => `row ${each.id}`), ...outbox.pending(1).map((each) => each.state)];

const steps: Record<string, (now: Life) => Promise<Life> | Life> = {
  answer: (now) => { answers.splice(0).forEach((each) => each.arrive()); return now; },
  lost: (now) => { answers.splice(0).forEach((each) => each.lose()); return now; },
  stream: (now) => { for (const row of rows.values()) stream.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ conversation_id: 1, message_id: row.id }) })); return now; },
  up: (now) => { stream.onopen?.(); return now; },
  reload: async (now) => { now.thread.close(); return open(); },
};

function orders(names: readonly string[]): string[][] {
  return names.length < 2 ? [[...names]] : names.flatMap((name, index) => orders(names.toSpliced(index, 1)).map((rest) => [name, ...rest]));
}
const some = (names: readonly string[]): string[][] => names.reduce<string[][]>((sets, name) => [...sets, ...sets.map((set) => [...set, name])], [[]]);
/** What had its answer cannot lose it: one of the two. */
const all = (rest: string[]) => [...new Set(['answer', 'lost'].flatMap((fate) => some([fate, ...rest]).flatMap(orders)).map(String))].map((order) => order.split(',').filter(Boolean));

async function lived(order: readonly string[], taken: boolean): Promise<void> {
  takes = taken;
  let now = await open();
  void now.outbox.send(1, { text: 'hello' }, []);
  await quiet();
  assert.deepEqual(shown(now), ['sending']);
  for (const step of [...order, 'back', 'up', 'answer', 'up', 'answer', 'stream']) {
    if (step === 'back') takes = true;
    else now = await steps[step]!(now);
    await quiet();
    assert.equal(shown(now).length, 1, `after ${step}: ${shown(now).join(' and ')}`);
  }
  assert.deepEqual([shown(now), rows.size, keptKeys()], [['row 1'], 1, []]);
  now.thread.close();
}

beforeEach(() => { rows = new Map(); answers = []; forget(); });
for (const order of all(['stream', 'up', 'reload'])) test(`taken, then ${order.join(', ') || 'nothing'}`, () => lived(order, true));
for (const order of all(['up', 'reload'])) test(`not taken, then ${order.join(', ') || 'nothing'}`, () => lived(order, false));

for (const known of [true, false]) test(`a tick never goes back, ${known ? 'of what stands there' : 'of what is still being fetched'}`, async () => {
  takes = true;
  const life = await open();
  const tell = (kind: string, data: object) => stream.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }));
  rows.set('colleague', { id: 1, conversation_id: 1, data: {}, text: 'hello', at: new Date().toISOString(), direction: 'out', state: 'queued' });
  tell('message', { conversation_id: 1, message_id: 1 });
  if (known) await quiet();
  for (const state of ['delivered', 'sent']) tell('state', { message_id: 1, state });
  await quiet();
  assert.deepEqual(life.thread.messages.map((each) => each.state), ['delivered']);
  life.thread.close();
});

test('what one deletes while the line is down does not leave, nor from another tab', async () => {
  takes = false;
  const first = await open();
  void first.outbox.send(1, { text: 'hello' }, []);
  await quiet();
  await steps['lost']!(first);
  await quiet();
  const second = await open();
  const [entry] = second.outbox.pending(1);
  first.outbox.discard(entry!.key);
  dispatchEvent(Object.assign(new Event('storage'), { key: `switchboard.outbox.${entry!.key}`, newValue: null }));
  takes = true;
  await steps['up']!(second);
  await quiet();
  assert.deepEqual([shown(second), answers.length, rows.size], [[], 0, 0]);
  first.thread.close();
  second.thread.close();
});

test('what has waited longer than the server remembers is left to a person', async () => {
  const at = new Date(Date.now() - 25 * 3600_000).toISOString();
  localStorage.setItem('switchboard.outbox.old', JSON.stringify({ key: 'old', conversation: 1, body: { text: 'hello' }, files: [], at, state: 'sending', offline: true, reason: '' }));
  const now = await open();
  await steps['up']!(now);
  await quiet();
  assert.deepEqual([shown(now), answers.length], [['failed'], 0]);
  now.thread.close();
});
after(() => setTimeout(() => process.exit(), 50).unref());
