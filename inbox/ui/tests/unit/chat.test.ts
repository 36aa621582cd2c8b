// The web chat's memory, turns and wire, with two tabs of one browser and a network that fails as it does on phones.
// @ts-nocheck the widget is plain JavaScript: it is served as it is, without a build
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

const kept = new Map();
const disk = { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => { kept.set(k, String(v)); }, removeItem: (k) => { kept.delete(k); } };
globalThis.localStorage = new Proxy(disk, { ownKeys: () => [...kept.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) });
const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);
globalThis.removeEventListener = page.removeEventListener.bind(page);
globalThis.document = Object.assign(new EventTarget(), { visibilityState: 'visible', referrer: '' });
const { Store } = await import('../../chat/store.js');
const { Turn } = await import('../../chat/turn.js');
const { Wire, Lost } = await import('../../chat/wire.js');
const { Stream } = await import('../../chat/stream.js');
const { arrive } = await import('../../chat/visit.js');

const CHAT = 'https://desk.example/chat/5';
const attic = { get: async () => undefined, drop: async () => {}, sweep: async () => {} };
const ours = (id, rest = {}) => ({ id: String(id), mine: false, text: 'x', at: `2026-11-22T09:00:0${id}+00:00`, state: 'sent', choices: [], attachments: [], ...rest });
const said = (id, rest = {}) => ({ id, text: id, files: [], at: '2026-11-22T09:00:00Z', ...rest });

// The server: who was opened, what was posted, and what it answers; `fail` is taken once a call.
const server = { sessions: 0, posts: [], fail: [], items: [], more: 0, slow: 0, denies: new Set() };
globalThis.fetch = async (address, { headers, body, signal }) => {
  const path = address.slice(CHAT.length + 1);
  const given = body && JSON.parse(body);
  const answer = (value, status = 200) => new Response(JSON.stringify(value), { status });
  if (server.slow) await wait(server.slow);
  if (signal?.aborted) throw new TypeError('aborted');
  if (path === 'session') {
    server.sessions += 1;
    return answer({ visitor: `v${server.sessions}`, token: given.token && !server.denies.has(given.token) ? given.token : `t${server.sessions}`, met: false, desk: { open: true } });
  }
  const failing = server.fail.shift();
  if (failing === 'before') throw new TypeError('network');
  if (server.denies.has(headers['x-visitor-token'])) return answer({ code: 'token' }, 403);
  if (failing?.status) return answer(failing.body ?? {}, failing.status);
  if (path === 'stream') return new Response(server.stream());
  if (path.startsWith('messages?')) { server.asked = path; return answer({ items: server.items, next: '7', more: server.more-- > 0, seen: server.seen ?? '', desk: { open: true } }); }
  server.posts.push({ ...given, token: headers['x-visitor-token'] });
  if (failing === 'after') throw new TypeError('network');
  return answer({ ok: true });
};

const open = [];
function tab(who = {}) {
  const wire = new Wire(CHAT, new Store(CHAT, who.user ?? ''), attic, { language: 'ru', ...who });
  open.push(wire);
  return wire;
}
beforeEach(() => {
  for (const wire of open.splice(0)) wire.close();
  kept.clear();
  Object.assign(server, { sessions: 0, posts: [], fail: [], items: [], more: 0, slow: 0, denies: new Set(), seen: '', asked: '' });
  document.visibilityState = 'visible';
});

async function until(true_) {
  for (let n = 0; n < 500; n++) {
    if (true_()) return;
    await wait(10);
  }
  assert.fail(`never: ${true_}`);
}

test('two calls, and two tabs, open one session: a second one would be a second visitor', async () => {
  const [one, other] = [tab(), tab()];
  server.slow = 5;
  const tokens = await Promise.all([one.ready(), one.ready(), other.ready()]);
  assert.deepEqual([tokens, server.sessions], [['t1', 't1', 't1'], 1]);
});

test('a token that is no longer good is renewed once, however many calls it had failed', async () => {
  const wire = tab();
  const old = await wire.ready();
  server.denies.add(old);
  await Promise.all([wire.ask('messages', { type: 'typing' }), wire.ask('messages', { type: 'typing' })]);
  assert.deepEqual([server.sessions, server.posts.map((post) => post.token)], [2, ['t2', 't2']]);
});

test('a message is posted again until the server has it, under the same id, and in order', async () => {
  const wire = tab();
  server.fail = ['before', 'after', { status: 502 }];
  wire.store.queue(said('a'));
  wire.store.queue(said('b'));
  const sending = wire.pump();
  for (let n = 0; n < 3; n++) {
    await until(() => wire.wake);
    wire.wake();
    await wait(1);
  }
  await sending;
  assert.deepEqual(server.posts.map((post) => post.id), ['a', 'a', 'b']);
  assert.deepEqual(wire.store.outbox(), []);
  assert.deepEqual(wire.store.state.items.map((item) => item.client_id), ['a', 'b']);
});

test('what is queued while the last post ends is sent too', async () => {
  const wire = tab();
  wire.store.queue(said('a'));
  const empty = wire.empty.bind(wire);
  wire.empty = async (taken) => { await empty(taken); if (!server.posts.some((post) => post.id === 'b')) { wire.store.queue(said('b')); wire.pump(); } };
  await wire.pump();
  await until(() => server.posts.length === 2);
});

test('"later" waits as long as it was told, and is no lost network', async () => {
  const wire = tab();
  server.fail = [{ status: 429, body: { retry_after: 0.02 } }];
  wire.store.queue(said('a'));
  await wire.pump();
  assert.deepEqual([server.posts.length, wire.online], [1, true]);
});

test('what will never be taken stays, with the reason, and holds nobody up', async () => {
  const wire = tab();
  server.fail = [{ status: 400, body: { detail: 'text: too long' } }];
  wire.store.queue(said('a'));
  wire.store.queue(said('b'));
  await wire.pump();
  assert.deepEqual(wire.store.outbox().map((entry) => [entry.id, entry.fault]), [['a', 'text: too long']]);
  assert.deepEqual(server.posts.map((post) => post.id), ['b']);
});

test('a message of a tab that was closed is sent by one that is open', async () => {
  const [closing, staying] = [tab(), tab()];
  closing.store.queue(said('a'));
  closing.close();
  page.dispatchEvent(Object.assign(new Event('storage'), { key: `${staying.store.key}out a` }));
  await until(() => server.posts.length === 1);
  assert.deepEqual(staying.store.outbox(), []);
});

test('tabs that write at once lose no message that waits, and no token', () => {
  const [one, other] = [tab().store, tab().store];
  one.queue(said('a'));
  one.change('who', (who) => {
    other.queue(said('b')); // in the middle of what the first tab writes
    other.change('talk', (talk) => { talk.since = '1'; });
    who.token = 't';
  });
  assert.deepEqual([one.state.token, one.state.since, other.outbox().map((entry) => entry.id)], ['t', '1', ['a', 'b']]);
});

const states = [['sent', 'delivered', 'delivered'], ['read', 'delivered', 'read'], ['delivered', 'sent', 'delivered'], ['sent', 'read', 'read']];
for (const [had, told, expected] of states) {
  test(`a message that is ${had} and told to be ${told} is ${expected}, in every way it is told`, () => {
    const { store } = tab();
    store.merge([ours(1, { state: had })]);
    store.mark(['1'], told);
    assert.equal(store.state.items[0].state, expected);
    store.merge([ours(1, { state: told })]);
    store.settle(['1'], told);
    assert.deepEqual([store.state.items[0].state, store.state.items[0].told], [expected, expected]);
  });
}

test('an acknowledgement that was lost stays owed, over a reload, until the server has it', async () => {
  const wire = tab();
  wire.store.merge([ours(1)]);
  server.fail = ['before'];
  await wire.acknowledge(['1'], 'read');
  const again = tab();
  assert.deepEqual([server.posts, again.store.owed('read')], [[], ['1']]);
  await again.sync();
  assert.deepEqual([server.posts.map((post) => post.ids), again.store.owed('read')], [[['1']], []]);
});

test('what a hidden tab received is not reported after another has shown it', async () => {
  const [shown, hidden] = [tab(), tab()];
  shown.store.merge([ours(1)]);
  await Promise.all([shown.acknowledge(['1'], 'read'), hidden.acknowledge(['1'], 'delivered')]);
  assert.deepEqual(server.posts.map((post) => post.type), ['read']);
  assert.equal(hidden.store.state.items[0].state, 'read');
});

test('after a long gap the browser asks until it has all, and says what it thinks unread', async () => {
  const wire = tab();
  wire.store.merge([ours(1), ours(2, { state: 'read' })]);
  let asked = 0;
  Object.defineProperty(server, 'items', { configurable: true, get: () => [ours(3 + asked++)] });
  server.more = 2;
  await wire.sync();
  Object.defineProperty(server, 'items', { configurable: true, writable: true, value: [] });
  assert.deepEqual([asked, wire.store.state.items.length, wire.store.state.since], [3, 5, '7']);
  assert.match(server.asked, /since=7&unread=1,3,4$/);
});

test('who signs in takes along what waited, and is told to be who they were; a lost answer doubles nothing', async () => {
  const before = tab();
  before.store.queue(said('a'));
  await before.pump();
  before.store.queue(said('b'));
  before.close();
  server.fail = ['before'];
  const wire = tab({ user: '42', userHash: 'h' });
  await assert.rejects(wire.ready(), Lost);
  assert.equal(wire.store.before.outbox.length, 1);
  await wire.ready();
  assert.deepEqual(server.posts.map(({ id, type, was, token }) => [id ?? type, was ?? '', token]), [['a', '', 't1'], ['b', '', 't1'], ['identify', 't1', 't2']]);
  assert.deepEqual([wire.store.before, wire.store.state.items.map((item) => item.client_id)], [null, ['a', 'b']]);
});

test('what was written before there was ever a session goes out as the signed-in user', async () => {
  tab().store.queue(said('a'));
  const wire = tab({ user: '42', userHash: 'h' });
  await wire.ready();
  await wire.pump();
  assert.deepEqual(server.posts.map(({ id, type, token }) => [id ?? type, token]), [['a', 't1']]);
});

test('who signs out leaves nothing of theirs behind', async () => {
  const wire = tab({ user: '42', userHash: 'h' });
  await wire.ready();
  wire.store.queue(said('a'));
  const { store } = tab();
  store.forgetOthers();
  assert.deepEqual([...kept.keys()].filter((key) => key.includes(' 42 ')), []);
});

test('storage that is full or shut loses nothing while the tab is open', () => {
  const { store } = tab();
  const { setItem } = disk;
  disk.setItem = () => { throw new Error('full'); };
  store.queue(said('a'));
  store.change('who', (who) => { who.token = 't'; });
  store.merge([ours(1)]);
  assert.deepEqual([store.outbox().length, store.state.token, store.state.items.length], [1, 't', 1]);
  disk.setItem = setItem;
  store.change('who', () => {});
  assert.match(kept.get(`${store.key}who`), /"token":"t"/);
});

test('a turn goes to one tab after the other; a sleeping tab loses it to one that is looked at', async () => {
  const [mine, asleep] = [new BroadcastChannel('turns'), null];
  const sleeping = new Turn('turn', asleep, 5);
  const waking = new Turn('turn', mine, 5);
  let taken;
  const held = sleeping.take((signal) => { taken = signal; return new Promise((resolve) => signal.addEventListener('abort', () => resolve('late'))); });
  await until(() => sleeping.holding);
  assert.equal(await waking.take(async () => 'awake'), 'awake');
  assert.deepEqual([await held, taken.aborted, sleeping.holding], [undefined, true, false]);
  waking.close();
  mine.close();
});

test('a tab that is awake keeps its turn; a hidden one takes none', async () => {
  const air = [new BroadcastChannel('turns'), new BroadcastChannel('turns')];
  const [holder, asking] = air.map((each) => new Turn('kept', each, 20));
  let release;
  const held = holder.take(() => new Promise((resolve) => { release = resolve; }));
  await until(() => holder.holding);
  const asked = asking.take(async () => 'mine');
  await until(() => asking.answered);
  assert.equal(holder.holding, true);
  release('done');
  assert.deepEqual([await held, await asked], ['done', 'mine']);
  for (const each of [holder, asking, ...air]) each.close();
});

test('the stream tells at once, goes on after it breaks, and stops where the site may not', async () => {
  const wire = tab();
  const stream = new Stream(wire);
  const pieces = [': listening\n\ndata: {"type":"mess', `age","id":"1","mine":false,"text":"Да","at":"2026-11-22T09:00:01+00:00","state":"sent","choices":[],"attachments":[]}\n\ndata: {"type":"seen","at":"2026-11-22T09:00:02+00:00"}\n\n`];
  let opened = 0;
  server.stream = () => new ReadableStream({ start: (to) => { opened += 1; for (const piece of pieces) to.enqueue(new TextEncoder().encode(piece)); to.close(); } });
  const heard = [];
  wire.heard = (told) => heard.push(told.type);
  const running = stream.start();
  await until(() => opened === 1 && heard.length >= 2);
  await until(() => { stream.again(); return opened > 1; });
  assert.deepEqual([heard.slice(0, 2), wire.store.state.items[0].text, wire.store.state.seen], [['message', 'seen'], 'Да', '2026-11-22T09:00:02+00:00']);
  const silent = console.error;
  console.error = () => {};
  const blocked = { status: 403, body: { code: 'origin', detail: 'not here' } };
  server.fail = [blocked, blocked, blocked];
  await until(() => { stream.again(); return wire.blocked; });
  await running;
  console.error = silent;
  assert.equal(wire.blocked, 'origin');
});

const visits = [
  ['a campaign', '?utm_source=ya&utm_campaign=sale&utm_x=1', '', { landing: 'https://shop.example/?utm_source=ya&utm_campaign=sale&utm_x=1', utm: { source: 'ya', campaign: 'sale' } }],
  ['a link elsewhere', '', 'https://blog.example/post', { landing: 'https://shop.example/', referrer: 'https://blog.example/post' }],
  ['a page of the same site', '', 'https://shop.example/a', { landing: 'https://shop.example/' }],
  ['nothing', '', '', { landing: 'https://shop.example/' }],
];
for (const [label, search, referrer, expected] of visits) {
  test(`where a visitor came from: ${label}`, () => {
    const shelf = new Map();
    globalThis.sessionStorage = { getItem: (k) => shelf.get(k) ?? null, setItem: (k, v) => shelf.set(k, v), removeItem: (k) => shelf.delete(k) };
    const place = { search, origin: 'https://shop.example', href: `https://shop.example/${search}#top` };
    assert.deepEqual(arrive(CHAT, place, referrer).tell(), expected);
    assert.equal(shelf.size, expected.utm || expected.referrer ? 1 : 0);
    const later = arrive(CHAT, { ...place, search: '', href: 'https://shop.example/cart' }, 'https://shop.example/');
    assert.deepEqual(later.tell(), shelf.size ? expected : { landing: 'https://shop.example/cart' });
    later.told();
    assert.equal(shelf.size, 0);
  });
}
