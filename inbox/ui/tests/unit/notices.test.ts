// What is news, and when it is quiet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fresh, known, noticeKinds, quiet, type NoticeKind, type Waits } from '../../src/lists/notices.ts';

const waits = (kind: NoticeKind, id: number, at = '2026-11-22T09:00:00Z'): Waits => ({ kind, conversation_id: id, name: 'Анна', number: '1', text: '', at });
const later = '2026-11-22T09:05:00Z';

const cases: [string, Waits[], Waits[], readonly string[], string[]][] = [
  ['nothing new', [waits('request', 1)], [waits('request', 1)], noticeKinds, []],
  ['a new request', [waits('request', 1)], [waits('request', 2), waits('request', 1)], noticeKinds, ['request 2']],
  ['they wrote again', [waits('reply', 1)], [waits('reply', 1, later)], noticeKinds, ['reply 1']],
  ['answered meanwhile', [waits('reply', 1)], [], noticeKinds, []],
  ['a request became late', [waits('request', 1)], [waits('request', 1), waits('late', 1, later)], noticeKinds, ['late 1']],
  ['one conversation is told once, by what weighs most', [], [waits('reply', 1), waits('late', 1), waits('mention', 1)], noticeKinds, ['mention 1']],
  ['what is not wanted is not told', [], [waits('unassigned', 1), waits('request', 2)], ['request'], ['request 2']],
  ['nothing is wanted', [], [waits('request', 2)], [], []],
];
for (const [label, before, now, kinds, told] of cases) {
  test(label, () => assert.deepEqual(fresh(known(before), now, kinds).map((each) => `${each.kind} ${each.conversation_id}`), told));
}

const hours: [string, string | null, string | null, string, string, boolean][] = [
  ['no quiet hours', null, null, 'UTC', '2026-11-22T03:00:00Z', false],
  ['within a day', '12:00', '13:00', 'UTC', '2026-11-22T12:59:59Z', true],
  ['the end is not quiet', '12:00', '13:00', 'UTC', '2026-11-22T13:00:00Z', false],
  ['over midnight, late', '20:00', '08:00', 'UTC', '2026-11-22T20:00:00Z', true],
  ['over midnight, early', '20:00', '08:00', 'UTC', '2026-11-22T07:59:00Z', true],
  ['over midnight, by day', '20:00', '08:00', 'UTC', '2026-11-22T08:00:00Z', false],
  ['in the person’s own zone', '20:00', '08:00', 'Europe/Moscow', '2026-11-22T17:30:00Z', true],
  ['a zone nobody knows', '20:00', '08:00', 'Mars/Olympus', '2026-11-22T23:00:00Z', false],
  ['from noon to noon is never', '12:00', '12:00', 'UTC', '2026-11-22T12:00:00Z', false],
];
for (const [label, from, to, zone, at, told] of hours) test(`quiet: ${label}`, () => assert.equal(quiet(from, to, zone, new Date(at)), told));
