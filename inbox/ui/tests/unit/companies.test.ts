// Two companies that become one: what the one that stays takes over, and where its word stands.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Organisation } from '../../src/views/organisations/organisation.ts';
import { outcome } from '../../src/views/organisations/outcome.ts';

const company = (said: Partial<Organisation>): Organisation => ({
  id: 1, name: 'Umbrella', status: null, website: '', phones: [], emails: [], address: '', registration: '', note: '', fields: {}, tags: [], manager: null, people: 0,
  similar: [], merged_into: null, removed_at: null, created_at: '', changed_at: '', ...said,
});

const cases: [string, Partial<Organisation>, Partial<Organisation>, string[], string[]][] = [
  ['nothing on either', {}, {}, [], []],
  ['what only the other says comes along', { website: 'a.example' }, { phones: ['+1'], fields: { floor: '2' } }, ['phones', 'fields.floor'], []],
  ['what both say stays as it is', { website: 'a.example', manager: { id: 1, name: 'Vera' } }, { website: 'b.example', manager: { id: 2, name: 'Boris' } }, [], ['website', 'manager']],
  ['the same on both is no matter', { address: 'Main street', fields: { floor: '2' } }, { address: 'Main street', fields: { floor: '2' } }, [], []],
  ['only new tags', { tags: ['vip'] }, { tags: ['vip', 'old'] }, ['tags'], []],
];
for (const [label, kept, other, adds, stands] of cases) {
  test(`companies: ${label}`, () => {
    const found = outcome(company(kept), company(other));
    assert.deepEqual([found.adds.map((each) => each.field), found.stands.map((each) => each.field)], [adds, stands]);
  });
}
