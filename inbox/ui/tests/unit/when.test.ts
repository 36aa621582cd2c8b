// Times as people say them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as when from '../../src/text/when.ts';

const now = new Date(2026, 10, 18, 14, 30); // a Wednesday
const at = (day: number, hour = 9, minute = 5, month = 10, year = 2026) => new Date(year, month, day, hour, minute);
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

const shorts: [string, Date, string, string][] = [
  ['today', at(18), '09:05', '9:05 AM'], ['yesterday', at(17, 23, 59), 'вчера', 'yesterday'], ['this week', at(14), 'сб', 'Sat'], ['a week ago', at(11), '11 нояб', 'Nov 11'],
  ['last year', at(3, 9, 5, 1, 2025), '03.02.25', '02/03/25'], ['tomorrow is a date, not yesterday', at(19), '19 нояб', 'Nov 19'],
];
for (const [label, moment, russian, english] of shorts) {
  test(`short: ${label}`, () => {
    assert.equal(plain(when.short('ru', moment, now)), russian);
    assert.equal(plain(when.short('en', moment, now)), english);
  });
}

const spans: [string, number, string, string][] = [
  ['seconds', 20_000, '20 с', '20 sec'], ['a moment', 0, '1 с', '1 sec'], ['minutes', 14 * 60_000, '14 мин', '14 min'], ['an hour and five minutes', 65 * 60_000, '1 ч 5 мин', '1 hr 5 min'],
  ['whole hours', 2 * 3600_000, '2 ч', '2 hr'], ['many hours need no minutes', 11.5 * 3600_000, '11 ч', '11 hr'], ['days', 75 * 3600_000, '3 дн.', '3 days'],
];
for (const [label, length, russian, english] of spans) {
  test(`span: ${label}`, () => {
    assert.equal(plain(when.span('ru', length)), russian);
    assert.equal(plain(when.span('en', length)), english);
  });
}

test('a divider says today, yesterday, the weekday, then the date with its year', () => {
  assert.deepEqual([at(18), at(17), at(14), at(1), at(1, 9, 5, 4, 2025)].map((moment) => plain(when.dayName('ru', moment, now))), ['Сегодня', 'Вчера', 'суббота, 14 ноября', '1 ноября', '1 мая 2025 г.']);
});

test('what is ahead has its hour', () => {
  assert.equal(plain(when.ahead('ru', at(19), now)), 'завтра, 09:05');
  assert.equal(plain(when.ahead('ru', at(20), now)), 'пт, 20 нояб, 09:05');
  assert.equal(plain(when.ahead('ru', at(28), now)), '28 нояб, 09:05');
});

const snoozes: [string, Date, string[]][] = [
  ['in the working day', at(18, 14, 30), ['hour 18 15:30', 'evening 18 18:00', 'tomorrow 19 09:00', 'monday 23 09:00']], ['in the evening there is no evening', at(18, 19, 2), ['hour 18 20:05', 'tomorrow 19 09:00', 'monday 23 09:00']],
  ['on Sunday tomorrow is Monday', at(22, 10, 0), ['hour 22 11:00', 'evening 22 18:00', 'tomorrow 23 09:00']], ['on Monday the next one is meant', at(16, 10, 0), ['hour 16 11:00', 'evening 16 18:00', 'tomorrow 17 09:00', 'monday 23 09:00']],
];
for (const [label, moment, expected] of snoozes) {
  test(`snooze ${label}`, () => {
    const told = when.snoozeChoices(moment).map(({ name, at }) => `${name} ${at.getDate()} ${String(at.getHours()).padStart(2, '0')}:${String(at.getMinutes()).padStart(2, '0')}`);
    assert.deepEqual(told, expected);
  });
}
