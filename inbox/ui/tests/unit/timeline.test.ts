// What the thread shows, out of messages and events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event, Message } from '../../src/api/types.ts';
import { firstUnread, timeline } from '../../src/lists/timeline.ts';

const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).toISOString();
const message = (id: number, when: string, rest: Partial<Message> = {}): Message => ({
  id, conversation_id: 1, direction: 'in', author: { kind: 'contact', id: 7, name: 'A' }, channel: { id: 1, kind: 'telegram' }, kind: 'text', text: 'x', attachments: [], reply_to: null,
  external_id: null, state: null, reason: null, at: when, edited_at: null, deleted_at: null, reactions: [], ...rest,
});
const event = (id: number, when: string): Event => ({ id, at: when, kind: 'conversation.assigned', actor: null, data: {} });
const mine = { direction: 'out' as const, author: { kind: 'manager' as const, id: 1, name: 'M' } };
const short = (messages: Message[], events: Event[] = [], unread = 0) =>
  timeline(messages, events, firstUnread(messages, unread)).map((line) => (line.type === 'message' ? `${line.first ? '[' : ''}${line.message.id}${line.last ? ']' : ''}` : line.type === 'events' ? `events${line.events.length}` : line.type));

const cases: [string, Message[], Event[], number, string[]][] = [
  ['a day, and one author shares an avatar', [message(1, at(1, 9)), message(2, at(1, 9, 1)), message(3, at(1, 9, 2))], [], 0, ['day', '[1', '2', '3]']],
  ['another author begins anew', [message(1, at(1, 9)), message(2, at(1, 9, 1), mine)], [], 0, ['day', '[1]', '[2]']],
  ['a pause begins anew', [message(1, at(1, 9)), message(2, at(1, 9, 30))], [], 0, ['day', '[1]', '[2]']],
  ['a new day', [message(1, at(1, 23, 59)), message(2, at(2, 0, 1))], [], 0, ['day', '[1]', 'day', '[2]']],
  ['another channel is said', [message(1, at(1, 9)), message(2, at(1, 9, 1), { channel: { id: 2, kind: 'sms' } })], [], 0, ['day', '[1]', 'channel', '[2]']],
  ['a note changes no channel', [message(1, at(1, 9)), message(2, at(1, 9, 1), { direction: 'note', channel: { id: 2, kind: 'sms' }, author: mine.author }), message(3, at(1, 9, 2))], [], 0, ['day', '[1]', '[2]', '[3]']],
  ['another request is said', [message(1, at(1, 9)), message(2, at(1, 9, 1), { conversation_id: 2 })], [], 0, ['day', '[1]', 'request', '[2]']],
  ['neighbouring events are folded together', [message(1, at(1, 9)), message(2, at(1, 12))], [event(1, at(1, 10)), event(2, at(1, 11))], 0, ['day', '[1]', 'events2', '[2]']],
  ['events before the oldest loaded page wait for it', [message(1, at(2, 9))], [event(1, at(1, 9))], 0, ['day', '[1]']],
  ['the first unread is marked', [message(1, at(1, 9)), message(2, at(1, 9, 1)), message(3, at(1, 9, 2))], [], 2, ['day', '[1]', 'unread', '[2', '3]']],
  ['nothing at all', [], [], 3, []],
];
for (const [label, messages, events, unread, expected] of cases) test(label, () => assert.deepEqual(short(messages, events, unread), expected));

test('more unread than loaded marks the oldest', () => assert.equal(firstUnread([message(4, at(1, 9)), message(5, at(1, 10))], 9), 4));
test('our own messages are never unread', () => assert.equal(firstUnread([message(4, at(1, 9)), message(5, at(1, 10), mine)], 1), 4));
test('keys are unique, so that nothing is drawn twice', () => {
  const lines = timeline([message(1, at(1, 9)), message(2, at(2, 9)), message(3, at(2, 9), { channel: { id: 3, kind: 'sms' } })], [event(1, at(2, 10))], 2);
  assert.equal(new Set(lines.map((line) => line.key)).size, lines.length);
});
