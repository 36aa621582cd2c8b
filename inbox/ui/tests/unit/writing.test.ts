// What the composer works out by itself: whom a note calls, what can be taken back, who answered meanwhile, which draft counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeptDraft, Message } from '../../src/api/types.ts';
import { answeredSince, fromServer, lasting, mentioned, newest, recallable, saysNothing, settle, toServer, type Draft } from '../../src/lists/writing.ts';
import { emoji, matching } from '../../src/views/composer/emoji.ts';

const people = [{ id: 1, name: 'Анна' }, { id: 2, name: 'Анна Петрова' }, { id: 3, name: 'Bob' }];
const calls: [string, number[]][] = [
  ['@Bob look', [3]], ['@bob, look', [3]], ['nobody', []], ['mail@bob.example', []], ['@Bobby', []],
  ['@Анна Петрова', [2]], ['@Анна и @Анна Петрова', [1, 2]], ['@Bob @Bob', [3]], ['(@Анна)', [1]], ['@Аннаbel', []],
];
for (const [text, expected] of calls) test(`a note calls: ${text}`, () => assert.deepEqual(mentioned(text, people), expected));

const NOW = Date.parse('2026-11-22T09:00:00Z');
const after = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();
const message = (id: number, rest: Partial<Message>): Message => ({
  id, conversation_id: 1, direction: 'out', author: { kind: 'manager', id: 1, name: 'M' }, channel: { id: 1, kind: 'sms' }, kind: 'text', text: '', attachments: [], reply_to: null, external_id: null,
  state: 'queued', reason: null, at: after(-1), edited_at: null, deleted_at: null, reactions: [], ...rest,
});

const waits: [string, Partial<Message>, boolean][] = [
  ['held for a moment', { send_at: after(5) }, true], ['in the queue', {}, true], ['on its way', { state: 'sending' }, false], ['planned for tomorrow', { send_at: after(86_400) }, false],
  ["a colleague's", { author: { kind: 'manager', id: 2, name: 'P' } }, false], ["the bot's", { author: { kind: 'bot', id: 1, name: null } }, false], ["a broadcast's", { broadcast_id: 4 }, false], ['taken back already', { deleted_at: after(0) }, false],
];
for (const [label, rest, expected] of waits) test(`can be taken back: ${label}`, () => assert.equal(recallable([message(1, rest)], 1, NOW) !== undefined, expected));

test('a colleague who answered after one began is seen, oneself and the bot are not', () => {
  const thread = [message(5, {}), message(6, { author: { kind: 'manager', id: 2, name: 'P' } }), message(7, { author: { kind: 'bot', id: null, name: null } }), message(9, { conversation_id: 2, author: { kind: 'manager', id: 2, name: 'P' } })];
  assert.equal(answeredSince(thread, 1, 5, 1)?.id, 6);
  assert.equal(answeredSince(thread, 1, 6, 1), undefined);
  assert.equal(answeredSince(thread, 1, null, 1), undefined, 'nothing was begun');
  assert.equal(newest(thread, 1), 7);
  assert.equal(newest([], 1), null);
});

const draft = (rest: Partial<Draft>): Draft => ({ text: '', note: false, channel: null, subject: '', reply: null, files: [], ...rest });
const kept = (id: number, text: string): KeptDraft => ({ conversation_id: id, text, note: false, channel_id: null, subject: '', cc: null, reply_to: null, attachments: [], seen: null, changed_at: after(0) });

test('a draft comes back from the server as it went there', () => {
  const upload = { file: 'a', kind: 'voice', name: 'v', mime: 'audio/ogg', size: 1, url: '/u' };
  const whole = draft({ text: 'Hi', note: true, channel: 2, subject: 'S', cc: 'a@x', reply: 3, files: [upload], seen: 4 });
  assert.deepEqual(fromServer({ ...toServer(whole), conversation_id: 1, changed_at: after(0) }), whole);
});

test('only what was changed here and never told outlives what the server has', () => {
  const found = settle({ 1: draft({ text: 'mine', dirty: true }), 2: draft({ text: 'old' }), 3: draft({ text: 'gone elsewhere' }) }, [kept(1, 'theirs'), kept(2, 'new'), kept(4, 'more')]);
  assert.deepEqual(Object.entries(found.drafts).map(([id, each]) => [id, each.text]), [['1', 'mine'], ['2', 'new'], ['4', 'more']]);
  assert.deepEqual(found.tell, [1]);
});

test('a draft that only knows what was seen says nothing', () => {
  assert.equal(saysNothing(draft({ seen: 5 })), true);
  assert.equal(saysNothing(draft({ note: true })), false);
});

test('emoji are there once, with words in both languages that find them', () => {
  assert.equal(new Set(emoji.map((each) => each.sign)).size, emoji.length);
  for (const each of emoji) assert.match(each.words, /[а-яё]/i, each.sign);
  assert.equal(matching('палец вверх')[0]?.sign, '👍');
  assert.equal(matching('thumbs d')[0]?.sign, '👎');
  assert.equal(matching('елка')[0]?.sign, '🎄', 'ё is е');
  assert.equal(matching('xyzzy').length, 0);
});

test('a recording tells its time', () => assert.deepEqual([0, 9.9, 61, 600].map(lasting), ['0:00', '0:09', '1:01', '10:00']));
