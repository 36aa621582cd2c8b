// A list paged by key, and changed by others while it is looked at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gathered, held, merge } from '../../src/lists/keyset.ts';

interface Row { id: number; at: number }
const newest = (a: Row, b: Row) => b.at - a.at || b.id - a.id;
const rows = new Map<number, Row>([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]].map(([id, at]) => [id!, { id: id!, at: at! }]));
const row = (id: number) => rows.get(id);

const merges: [string, number[], number[], boolean, number | undefined, number[]][] = [
  ['puts a new row where it belongs', [5, 3], [4], true, undefined, [5, 4, 3]], ['shows each once', [5, 4], [5, 4, 3], true, undefined, [5, 4, 3]],
  ['leaves out what would stand below the last page', [5, 4, 3], [1], false, 3, [5, 4, 3]], ['keeps it when there are no more pages', [5, 4, 3], [1], true, 3, [5, 4, 3, 1]],
  ['keeps the row at the floor itself', [5, 3], [], false, 3, [5, 3]], ['forgets a row that is no longer known', [5, 9, 3], [], true, undefined, [5, 3]], ['takes an empty list', [], [], false, undefined, []],
];
for (const [label, ids, incoming, complete, floor, expected] of merges) {
  test(`merge ${label}`, () => assert.deepEqual(merge(ids, incoming, row, newest, complete, floor === undefined ? undefined : row(floor)), expected));
}

test('merge moves a row that changed its place', () => {
  const changed = (id: number) => (id === 1 ? { id: 1, at: 60 } : row(id));
  assert.deepEqual(merge([5, 4, 1], [], changed, newest, true), [1, 5, 4]);
});

test('equal keys fall back to the id, so that the order never flickers', () => {
  const same = (id: number) => ({ id, at: 7 });
  assert.deepEqual(merge([1, 2, 3], [], same, newest, true), merge([3, 1, 2], [], same, newest, true));
});

const gathers: [string, number[], number[], number][] = [
  ['nothing when nothing moved', [5, 4, 3], [5, 4, 3], 0], ['what came', [5, 4], [7, 6, 5, 4], 2], ['what overtook', [5, 4, 3], [3, 5, 4], 1], ['both', [5, 4, 3], [6, 3, 5, 4], 2], ['not what left', [5, 4, 3], [5, 3], 0], ['a whole first page', [], [3, 2, 1], 3],
];
for (const [label, shown, wanted, expected] of gathers) {
  test(`gathered counts ${label}`, () => assert.equal(gathered(shown, wanted), expected));
}

const holds: [string, number[], number[], number[], number[]][] = [
  ['nothing moves', [5, 4, 3], [3, 6, 5, 4], [], [5, 4, 3]], ['who left is gone', [5, 4, 3], [5, 3], [], [5, 3]], ['what one brought back stands in its place', [5, 3], [5, 4, 3], [4], [5, 4, 3]],
  ['last, where nothing stands below', [5, 4], [5, 4, 3], [3], [5, 4, 3]], ['several', [4], [5, 4, 3, 2], [5, 3, 2], [5, 4, 3, 2]], ['not twice', [5, 4], [4, 5], [4], [5, 4]], ['not where it does not belong', [5, 4], [5, 4], [3], [5, 4]],
];
for (const [label, shown, wanted, mine, expected] of holds) {
  test(`held under the pointer: ${label}`, () => assert.deepEqual(held(shown, wanted, new Set(mine)), expected));
}
