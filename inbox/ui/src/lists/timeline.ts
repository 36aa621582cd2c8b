// Turns a person's messages and a conversation's events into what the thread shows, in order. Pure.
import type { Event, Message } from '../api/types.ts';

export type Line =
  | { type: 'day'; key: string; at: string }
  | { type: 'request'; key: string; conversation: number; kind: string; at: string }
  | { type: 'channel'; key: string; kind: string; id: number }
  | { type: 'unread'; key: string }
  | { type: 'events'; key: string; events: Event[] }
  | { type: 'message'; key: string; message: Message; first: boolean; last: boolean };

const RUN = 5 * 60_000;
const day = (at: string) => new Date(at).toDateString();
const side = (m: Message) => `${m.direction}:${m.author.kind}:${m.author.id ?? ''}`;

/** Consecutive messages of one author share an avatar: same side, channel and conversation, within five minutes. */
function together(a: Message | undefined, b: Message | undefined): boolean {
  return a !== undefined && b !== undefined && side(a) === side(b) && a.channel?.id === b.channel?.id
    && a.conversation_id === b.conversation_id && Math.abs(Date.parse(b.at) - Date.parse(a.at)) < RUN;
}

/** The first of the last `unread` inbound messages. */
export function firstUnread(messages: readonly Message[], unread: number): number | null {
  if (unread <= 0) return null;
  const inbound = messages.filter((m) => m.direction === 'in');
  return inbound[Math.max(0, inbound.length - unread)]?.id ?? null;
}

type Entry = { at: number; message?: Message; event?: Event };

export function timeline(messages: readonly Message[], events: readonly Event[], unreadFrom: number | null): Line[] {
  // Events older than the oldest page would stand before messages that are not loaded yet.
  const floor = messages.length ? Date.parse(messages[0]!.at) - 60_000 : -Infinity;
  const entries = [
    ...messages.map((message): Entry => ({ at: Date.parse(message.at), message })),
    ...events.filter((e) => Date.parse(e.at) >= floor).map((event): Entry => ({ at: Date.parse(event.at), event })),
  ].sort((a, b) => a.at - b.at || Number(Boolean(a.message)) - Number(Boolean(b.message)));
  const lines: Line[] = [];
  let before: Message | undefined;
  let spoken: Message | undefined;
  let lastDay = '';
  let open: Event[] | null = null;
  for (const { message, event } of entries) {
    const at = (message ?? event)!.at;
    if (day(at) !== lastDay) {
      lastDay = day(at);
      lines.push({ type: 'day', key: `d${lastDay}`, at });
      before = undefined;
      open = null;
    }
    if (event) {
      if (open) open.push(event);
      else { open = [event]; lines.push({ type: 'events', key: `e${event.id}`, events: open }); }
      before = undefined;
      continue;
    }
    open = null;
    const m = message!;
    const another = spoken !== undefined && spoken.conversation_id !== m.conversation_id;
    if (another) { lines.push({ type: 'request', key: `c${m.id}`, conversation: m.conversation_id, kind: m.channel?.kind ?? '', at }); before = undefined; }
    if (m.channel && m.direction !== 'note') {
      if (!another && spoken?.channel && spoken.channel.id !== m.channel.id) { lines.push({ type: 'channel', key: `k${m.id}`, kind: m.channel.kind, id: m.channel.id }); before = undefined; }
      spoken = m;
    }
    if (m.id === unreadFrom) { lines.push({ type: 'unread', key: 'unread' }); before = undefined; }
    const first = !together(before, m);
    const previous = lines.at(-1);
    if (!first && previous?.type === 'message') previous.last = false;
    lines.push({ type: 'message', key: `m${m.id}`, message: m, first, last: true });
    before = m;
  }
  return lines;
}
