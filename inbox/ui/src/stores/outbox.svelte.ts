// What was sent here and is not yet on the server: shown at once, kept over a reload, tried again with the same key.
import { asProblem, post } from '../api/client.ts';
import type { Id, Message, NewMessage, Upload } from '../api/types.ts';
import { arrived, leavesAlone } from '../lists/sent.ts';
import { whenUp } from '../live/live.svelte.ts';
import { said } from '../text/said.ts';

export interface Pending {
  key: string; conversation: Id; body: NewMessage; files: Upload[]; at: string; state: 'sending' | 'failed'; offline: boolean; reason: string;
  /** A colleague answered first: it goes only if one still wants it to. */
  overtaken?: boolean;
}

// A place for each, so that tabs do not overwrite one another's.
const place = 'switchboard.outbox.';
let entries = $state<Pending[]>(restore());

function restore(): Pending[] {
  try {
    const kept = Object.keys(localStorage).filter((name) => name.startsWith(place)).map((name) => JSON.parse(localStorage.getItem(name) ?? '') as Pending);
    return kept.map((entry): Pending => ({ ...entry, state: 'failed', offline: (entry.state === 'sending' || entry.offline) && leavesAlone(entry, Date.now()) })).sort((a, b) => a.at.localeCompare(b.at));
  } catch {
    return [];
  }
}

function save(entry: Pending): void {
  try {
    localStorage.setItem(place + entry.key, JSON.stringify(entry));
  } catch {
    // Without storage a reload forgets what was not sent; the page itself still shows it.
  }
}

const waits = (key: string): boolean => entries.some((entry) => entry.key === key);
/** Whoever discards, edits or sends it in one tab does so in all. */
addEventListener('storage', ({ key, newValue }) => { if (key?.startsWith(place) && newValue === null) drop(key.slice(place.length)); });
function drop(key: string): void { entries = entries.filter((entry) => entry.key !== key); }

/** What the server tells of already is shown once, whatever became of its answer to us. */
export function settle(messages: readonly Message[]): void { arrived(entries, messages).forEach(discard); }

export const pending = (conversation: Id) => entries.filter((entry) => entry.conversation === conversation);

export function discard(key: string): void {
  drop(key);
  localStorage.removeItem(place + key);
}

let last: Message | null = null;
/** What left last, if it belongs here: its thread may be closed by now, and it can still be taken back. */
export const justSent = (conversation: Id): Message | undefined => (last?.conversation_id === conversation && last.state === 'queued' && last.send_at && Date.parse(last.send_at) > Date.now() ? last : undefined);

const listeners = new Set<(message: Message) => void>();
/** The open thread shows what was sent before the stream tells of it. */
export function whenSent(listener: (message: Message) => void): () => void { listeners.add(listener); return () => listeners.delete(listener); }

// Within a conversation one after another: what was written first arrives first.
const turns = new Map<Id, Promise<unknown>>();

/** No answer for so long is none: the line hangs without saying so. */
const PATIENCE = 30_000;

/** The message as the server took it; null while it did not. */
export function attempt(key: string): Promise<Message | null> {
  const entry = entries.find((each) => each.key === key);
  if (!entry) return Promise.resolve(null);
  entry.state = 'sending';
  const turn = (turns.get(entry.conversation) ?? Promise.resolve()).then(() => inTurn(key));
  turns.set(entry.conversation, turn);
  return turn;
}

async function inTurn(key: string): Promise<Message | null> {
  const entry = entries.find((each) => each.key === key);
  if (!entry) return null;
  // Earlier ones that are still here: the line failed them, or they wait for another turn already.
  const stuck = () => { const all = pending(entry.conversation); return all.slice(0, all.indexOf(entry)).find((each) => each.state === 'sending' || each.offline); };
  for (let first = stuck(); first; first = stuck()) {
    await leave(first);
    // The line is still down: what was written later waits behind.
    if (entries.includes(first) && first.offline) { entry.state = 'failed'; entry.offline = true; save(entry); return null; }
  }
  // Taken back, or arrived, while it waited for its turn.
  return waits(key) ? leave(entry) : null;
}

async function leave(entry: Pending): Promise<Message | null> {
  const key = entry.key;
  try {
    const message = await post<Message>(`/conversations/${entry.conversation}/messages`, entry.body, { 'Idempotency-Key': key }, AbortSignal.timeout(PATIENCE));
    last = message;
    listeners.forEach((listener) => listener(message));
    discard(key);
    return message;
  } catch (error) {
    // It arrived: the thread has told so before the lost answer.
    if (!waits(key)) return null;
    const problem = asProblem(error);
    entry.state = 'failed';
    // The server's own door being shut is no answer to the message.
    entry.offline = problem.offline || (problem.status >= 502 && problem.status <= 504);
    entry.overtaken = problem.status === 409 && problem.field('seen_up_to') !== undefined;
    entry.reason = [problem.detail, ...problem.errors.map((e) => e.message)].filter((text, index, all) => text && all.indexOf(text) === index).map(said).join(' ');
    save(entry);
    return null;
  }
}

/** By another channel, since the first one does not take it. A request of its own: the first one was refused. */
export function sendBy(entry: Pending, channel: Id): void {
  discard(entry.key);
  const { subject: _subject, template: _template, ...body } = entry.body;
  void send(entry.conversation, { ...body, channel_id: channel }, entry.files);
}

/** Sends although a colleague has answered. A request of its own: the first one was refused. */
export function sendAnyway(entry: Pending): void {
  discard(entry.key);
  void send(entry.conversation, { ...entry.body, confirm: true }, entry.files);
}

export function send(conversation: Id, body: NewMessage, files: Upload[]): Promise<Message | null> {
  const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const entry: Pending = { key, conversation, body: { ...body, ref: key }, files, at: new Date().toISOString(), state: 'sending', offline: false, reason: '' };
  entries.push(entry);
  save(entry);
  return attempt(key);
}

// What could not leave while the line was down leaves by itself when it is back, the same key keeping it from going twice.
function flush(): void { for (const entry of entries) if (entry.state === 'failed' && entry.offline) void attempt(entry.key); }
whenUp(flush);
addEventListener('online', flush);
