// The address says which list is shown, and a saved view says the same again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ViewFilter } from '../../src/api/types.ts';
import { isNarrowed, readFilter, sameFilter, savedAddress, toView } from '../../src/lists/filter.ts';

const read = (query: string) => readFilter(new URLSearchParams(query));

const views: [string, string, string, string][] = [
  ['', 'mine', 'current', 'last'],
  ['view=waiting', 'waiting', 'current', 'waiting'],
  ['view=late', 'late', 'active', 'due'],
  ['view=snoozed', 'snoozed', 'snoozed', 'snoozed'],
  ['view=closed', 'closed', 'closed', 'last'],
  ['view=mentioned', 'mentioned', 'any', 'last'],
  ['view=nonsense', 'mine', 'current', 'last'],
  ['assignee=7', 'all', 'active', 'last'],
  ['figure=taken&by=7', 'all', 'active', 'last'],
];
for (const [query, view, status, sort] of views) {
  test(`"${query}" shows ${view}`, () => {
    const filter = read(query);
    assert.deepEqual([filter.view, filter.status, filter.sort], [view, status, sort]);
  });
}

const kept: ViewFilter[] = [
  { view: 'all' }, { view: 'late', label: 'vip', team: 3 }, { view: 'team', status: 'any', waiting: true, within_days: 7 },
  { view: 'all', assignee: 'none', channel: 2, quiet_days: 3, q: 'Анна', sort: 'waiting' },
];
for (const filter of kept) {
  test(`${JSON.stringify(filter)} is the same after it was saved and opened`, () => {
    const found = toView(read(savedAddress({ id: 5, filter }).split('?')[1]!));
    assert.ok(sameFilter(found, filter), JSON.stringify(found));
    assert.deepEqual(found, filter);
  });
}

test('a view as it is narrows nothing, whatever is searched', () => {
  for (const query of ['', 'view=late', 'view=snoozed&q=x']) assert.equal(isNarrowed(read(query)), false, query);
  for (const query of ['label=a', 'view=late&sort=last', 'status=any', 'waiting=true', 'figure=late']) assert.equal(isNarrowed(read(query)), true, query);
});
