// What was sent here and is not yet on the server: shown at once, kept over a reload, tried again with the same key.
import { asProblem, post } from '../api/client.ts';
import type { Id, Message, NewMessage, Upload } from '../api/types.ts';
import { said } from '../text/said.ts';

export interface Pending {
  key: string; conversation: Id; body: NewMessage; files: Upload[]; at: string; state: 'sending' | 'failed'; offline: boolean; reason: string;
}

const place = 'switchboard.outbox';
let entries = $state<Pending[]>(restore());

function restore(): Pending[] {
  try {
    const kept = JSON.parse(localStorage.getItem(place) ?? '[]') as Pending[];
    return kept.map((entry) => ({ ...entry, state: 'failed', offline: true, reason: '' }));
  } catch {
    return [];
  }
}

function save(): void {
  try {
    localStorage.setItem(place, JSON.stringify(entries));
  } catch {
    // Without storage a reload forgets what was not sent; the page itself still shows it.
  }
}

export const pending = (conversation: Id) => entries.filter((entry) => entry.conversation === conversation);
export const unsent = () => entries.filter((entry) => entry.state === 'failed').length;

export function discard(key: string): void {
  entries = entries.filter((entry) => entry.key !== key);
  save();
}

async function attempt(key: string, sent: (message: Message) => void): Promise<void> {
  const entry = entries.find((each) => each.key === key);
  if (!entry) return;
  entry.state = 'sending';
  try {
    const message = await post<Message>(`/conversations/${entry.conversation}/messages`, entry.body, { 'Idempotency-Key': key });
    sent(message);
    discard(key);
  } catch (error) {
    const problem = asProblem(error);
    entry.state = 'failed';
    entry.offline = problem.offline;
    entry.reason = [problem.detail, ...problem.errors.map((e) => e.message)].filter(Boolean).map(said).join(' ');
    save();
  }
}

export function send(conversation: Id, body: NewMessage, files: Upload[], sent: (message: Message) => void): void {
  const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  entries.push({ key, conversation, body, files, at: new Date().toISOString(), state: 'sending', offline: false, reason: '' });
  save();
  void attempt(key, sent);
}

export function again(key: string, sent: (message: Message) => void): void { void attempt(key, sent); }

/** What could not leave while the line was down leaves by itself when it is back. */
export function flush(conversation: Id, sent: (message: Message) => void): void {
  for (const entry of pending(conversation)) if (entry.state === 'failed' && entry.offline) void attempt(entry.key, sent);
}
