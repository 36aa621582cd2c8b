// Dates of which only a part is known, and addresses of sites, as a company's page shows them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bare, partial, safe, span } from '../../src/views/organisations/organisation.ts';

const words = { since: (when: string) => `since ${when}`, until: (when: string) => `until ${when}` };

const dates: [string | null, string, string][] = [
  [null, 'en', ''], ['2024', 'en', '2024'], ['2024-05', 'en', 'May 2024'], ['2024-05-07', 'en', 'May 7, 2024'],
  ['2024', 'ru', '2024'], ['2024-05', 'ru', 'май 2024'], ['2024-01-31', 'ru', '31 янв. 2024'],
];
for (const [given, language, shown] of dates) test(`the date ${given} in ${language}`, () => assert.equal(partial(given, language), shown));

const spans: [string | null, string | null, boolean, string][] = [
  [null, null, true, ''], ['2022', null, true, 'since 2022'], ['2022', null, false, '2022 – ?'], ['2022-03', '2024', false, 'March 2022 – 2024'], [null, '2024', false, 'until 2024'],
];
for (const [since, until, current, shown] of spans) test(`from ${since} to ${until}`, () => assert.equal(span({ since, until, current }, 'en', words), shown));

test('only sites are linked', () => {
  assert.equal(safe('javascript:alert(1)'), undefined);
  assert.equal(safe('https://example.com/'), 'https://example.com/');
  assert.equal(bare('https://example.com/'), 'example.com');
});
