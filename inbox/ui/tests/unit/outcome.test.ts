// What becomes of two cards that are one: whose word stands, what comes along, where stop stays stop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Card } from '../../src/api/card.ts';
import { outcome } from '../../src/views/duplicates/outcome.ts';

const sms = { id: 1, kind: 'sms', name: 'SMS' };
const way = { channel: sms, address: '+1', stopped_at: null, marketing_stopped_at: null, blocked_at: null, blocked_reason: null, heard_at: null };
const blank: Card = { id: 1, number: '1', name: '', language: null, manager: null, identities: [], tags: [], fields: {}, consent: [], created_at: '', conversations: 0 };
const card = (some: Partial<Card>): Card => ({ ...blank, ...some });

test('where both say something different one of them is chosen', () => {
  const found = outcome(card({ name: 'Anna', category: 'A', fields: { city: 'Bonn', size: 'S' } }), card({ name: 'Anna S', category: 'A', fields: { city: 'Berlin', size: 'S' } }));
  assert.deepEqual(found.choices, [{ field: 'name', kept: 'Anna', other: 'Anna S' }, { field: 'fields.city', kept: 'Bonn', other: 'Berlin' }]);
  assert.deepEqual(found.fills, []);
});

test('what only the other card says is taken from it', () => {
  const home = { label: 'home', text: 'Bonn' };
  const found = outcome(card({ tags: ['vip'], conversations: 2 }), card({ birthday: '1980-01-02', fields: { cars: [{ make: 'Lada' }] }, tags: ['vip', 'new'], addresses: [home], conversations: 3 }));
  assert.deepEqual(found.fills, [{ field: 'birthday', value: '1980-01-02' }, { field: 'fields.cars', value: [{ make: 'Lada' }] }]);
  assert.deepEqual([found.tags, found.places, found.conversations, found.choices], [['new'], [home], 5, []]);
});

const stops: [string, Partial<typeof way>, Partial<typeof way>, boolean[]][] = [
  ['nobody', {}, {}, []],
  ['the other, everything', {}, { stopped_at: '2026' as never }, [false]],
  ['this one, broadcasts', { marketing_stopped_at: '2026' as never }, {}, [true]],
  ['one broadcasts, the other everything', { marketing_stopped_at: '2026' as never }, { stopped_at: '2026' as never }, [false]],
];
for (const [who, mine, theirs, marketing] of stops) {
  test(`stop stays stop: said by ${who}`, () => {
    const found = outcome(card({ consent: [{ ...way, ...mine }] }), card({ consent: [{ ...way, ...theirs }] }));
    assert.deepEqual(found.stops, marketing.map((only) => ({ channel: sms, marketing: only })));
  });
}
