// What an operator is told before sending, and what waits for its time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message, Preview, Reach } from '../../src/api/types.ts';
import { addresses, apart, isScheduled, others, templateHelps, worthTelling } from '../../src/lists/outlook.ts';

const NOW = Date.parse('2026-11-22T09:00:00Z');
const after = (minutes: number) => new Date(NOW + minutes * 60_000).toISOString();
const found = (rest: Partial<Preview>): Preview => ({ channel: { id: 1, kind: 'sms', name: 'SMS' }, parts: [{ text: 'a' }], notes: [], segments: null, window: null, problem: null, alternatives: [], ...rest });

const outlooks: [string, Preview | null, boolean][] = [
  ['nothing asked yet', null, false],
  ['goes as it is', found({}), false],
  ['several parts', found({ parts: [{ text: 'a' }, { text: 'b' }] }), true],
  ['something is said otherwise', found({ notes: [{ code: 'choices_numbered', text: '' }] }), true],
  ['paid by the segment', found({ segments: { encoding: 'GSM-7', characters: 1, count: 1, left: 159 } }), true],
];
for (const [label, preview, expected] of outlooks) test(`worth telling: ${label}`, () => assert.equal(worthTelling(preview), expected));

const message = (id: number, rest: Partial<Message>): Message => ({
  id, conversation_id: 1, direction: 'out', author: { kind: 'manager', id: 1, name: 'M' }, channel: { id: 1, kind: 'sms' }, kind: 'text', text: '', attachments: [], reply_to: null, external_id: null,
  state: 'queued', reason: null, at: after(-1), edited_at: null, deleted_at: null, reactions: [], ...rest,
});

test('only a queued message with a time ahead is scheduled', () => {
  assert.equal(isScheduled(message(1, { send_at: after(60) }), NOW), true);
  assert.equal(isScheduled(message(1, { send_at: after(0.5) }), NOW), false, 'the pause before another attempt is no plan');
  assert.equal(isScheduled(message(1, { send_at: after(60), state: 'sent' }), NOW), false);
  assert.equal(isScheduled(message(1, {}), NOW), false);
});

test('what waits for its time stands apart, soonest first', () => {
  const { said, scheduled } = apart([message(1, { send_at: after(600) }), message(2, { state: 'sent' }), message(3, { send_at: after(60) })], NOW);
  assert.deepEqual([said.map((m) => m.id), scheduled.map((m) => m.id)], [[2], [3, 1]]);
});

test('what was called back is not shown', () => {
  assert.deepEqual(apart([message(1, { state: 'failed', code: 'cancelled' }), message(2, { state: 'failed', code: '131026' })], NOW).said.map((m) => m.id), [2]);
});

const mail = (id: number, data: Record<string, unknown>, rest: Partial<Message> = {}) => message(id, { direction: 'in', channel: { id: 4, kind: 'email' }, data, ...rest });
const copies: [string, Message[], string[]][] = [
  ['nobody else', [mail(1, { to: ['Лампа <hello@lampa.example>'] })], []],
  ['others in To and Cc, each once', [mail(1, { to: ['hello@lampa.example', 'Oleg <OLEG@mail.example>'], cc: ['ann@mail.example', 'oleg@mail.example'] })], ['oleg@mail.example', 'ann@mail.example']],
  ['our mailbox with a plus, and the customer', [mail(1, { to: ['hello+x1@lampa.example'], cc: ['kate@mail.example', 'ann@mail.example'] })], ['ann@mail.example']],
  ['only the last mail of the customer counts', [mail(1, { cc: ['old@mail.example'] }), mail(2, { cc: ['new@mail.example'] }), mail(3, { cc: ['ours@mail.example'] }, { direction: 'out' }), mail(4, { cc: ['sms@mail.example'] }, { channel: { id: 3, kind: 'sms' } })], ['new@mail.example']],
  ['none at all', [], []],
];
for (const [label, messages, expected] of copies) test(`copies go to: ${label}`, () => assert.deepEqual(others(messages, 4, 'hello@lampa.example', 'kate@mail.example'), expected));

test('addresses are read however they are typed', () => {
  assert.deepEqual(addresses(' Ann@mail.example; oleg@mail.example,\nann@mail.example '), ['ann@mail.example', 'oleg@mail.example']);
  assert.deepEqual(addresses(''), []);
});

const reach = (rest: Partial<Reach>): Reach => ({ channel: { id: 2, kind: 'whatsapp', name: 'W' }, address: '+7', can_send: false, reason: 'shut', window_until: null, ...rest });
const helps: [string, Reach | undefined, boolean, boolean][] = [
  ['the window is shut', reach({}), true, true],
  ['it shut while one was writing', reach({ can_send: true, reason: null, window_until: after(-1) }), true, true],
  ['it is open', reach({ can_send: true, reason: null, window_until: after(60) }), true, false],
  ['the customer said stop', reach({ reason: 'stopped' }), true, false],
  ['the channel has no templates', reach({}), false, false],
  ['there is no way at all', undefined, true, false],
];
for (const [label, way, takes, expected] of helps) test(`a template helps: ${label}`, () => assert.equal(templateHelps(way, takes, 'shut', NOW), expected));
