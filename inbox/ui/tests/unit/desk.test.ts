// The tabs of one browser seen together: one beat for all, one that leads, none told twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGAIN, Desk, SILENT, type Tab } from '../../src/live/desk.ts';

const MINUTE = 60_000;
const tab = (more: Partial<Tab> = {}): Tab => ({ csrf: 'c', at: 0, minutes: 10, looked: false, looking: [], ...more });

test('a hand on any tab is a hand, until the minutes are over', () => {
  const desk = new Desk<string>();
  desk.hear('a', tab({ at: 0 }), 0);
  desk.hear('b', tab({ at: 5 * MINUTE }), 5 * MINUTE);
  desk.hear('a', tab({ at: 0 }), 14 * MINUTE);
  desk.hear('b', tab({ at: 5 * MINUTE }), 14 * MINUTE);
  assert.equal(desk.beat(14 * MINUTE).active, true);
  desk.hear('b', tab({ at: 5 * MINUTE }), 15 * MINUTE);
  assert.equal(desk.beat(15 * MINUTE).active, false);
});

test('what is open in all tabs is told once, in order', () => {
  const desk = new Desk<string>();
  desk.hear('a', tab({ looking: [7, 3] }), 0);
  desk.hear('b', tab({ looking: [3] }), 0);
  assert.deepEqual(desk.beat(0).looking, [3, 7]);
});

test('the server hears what is new, and the same again before it forgets', () => {
  const desk = new Desk<string>();
  desk.hear('a', tab({ looking: [3] }), 0);
  assert.deepEqual(desk.news(0)?.beat, { active: true, looking: [3] });
  assert.equal(desk.news(AGAIN - 1), null);
  assert.notEqual(desk.news(AGAIN), null);
  desk.hear('a', tab({ looking: [] }), AGAIN);
  assert.deepEqual(desk.news(AGAIN)?.beat.looking, []);
  desk.unsaid();
  assert.notEqual(desk.news(AGAIN), null, 'a beat that was not heard is said again');
});

test('nobody speaks before a tab has said who it is', () => {
  const desk = new Desk<string>();
  assert.equal(desk.news(0), null);
  assert.deepEqual(desk.place('a', 0), { leads: false, looked: false });
});

test('the first tab leads; when it leaves or dies the next does', () => {
  const desk = new Desk<string>();
  for (const port of ['a', 'b', 'c']) desk.hear(port, tab(), 0);
  assert.deepEqual(['a', 'b', 'c'].map((port) => desk.place(port, 0).leads), [true, false, false]);
  desk.leave('a');
  assert.equal(desk.place('b', 0).leads, true);
  desk.hear('c', tab(), SILENT + 1);
  assert.equal(desk.place('c', SILENT + 1).leads, true);
});

test('while one tab is looked at, all are', () => {
  const desk = new Desk<string>();
  desk.hear('a', tab(), 0);
  desk.hear('b', tab({ looked: true }), 0);
  assert.equal(desk.place('a', 0).looked, true);
});
