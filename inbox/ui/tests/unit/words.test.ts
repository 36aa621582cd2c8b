// The catalogues: both complete, every plural with the forms its language has, every value named in both.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { en } from '../../src/text/en.ts';
import { fill, type Entry } from '../../src/text/plural.ts';
import { ru } from '../../src/text/ru.ts';

const forms = { en: ['one', 'other'], ru: ['few', 'many', 'one', 'other'] };
const names = (entry: Entry) => [...new Set(JSON.stringify(entry).match(/\{\w+\}/g) ?? [])].sort();

test('both languages have the same keys, in the same order', () => {
  assert.deepEqual(Object.keys(ru), Object.keys(en));
});

test('every plural has all the forms of its language, and only texts with forms count', () => {
  for (const [language, words] of Object.entries({ en, ru }) as [keyof typeof forms, Record<string, Entry>][]) {
    for (const [key, entry] of Object.entries(words)) {
      if (typeof entry !== 'string') assert.deepEqual(Object.keys(entry).sort(), forms[language], `${language} ${key}`);
    }
  }
});

test('a text names the same values in both languages', () => {
  for (const key of Object.keys(en) as (keyof typeof en)[]) assert.deepEqual(names(ru[key]), names(en[key]), key);
});

test('no English is left in Russian but names and keys of the keyboard', () => {
  const allowed = /@BotFather|ABC-DEF|API|Meta|polling|Telegram|WhatsApp|SMS|Switchboard|Tab|Enter|\bJ\b|\bK\b|Twilio|CSV|\.?XLSX|\.xlsx?|vCard|Excel|UTF-8|Europe\/Moscow|pt-BR|\bru\b|birth_city|vip/g;
  for (const [key, entry] of Object.entries(ru)) {
    const text = JSON.stringify(typeof entry === 'string' ? entry : Object.values(entry)).replace(allowed, '').replace(/\{\w+\}/g, '').replace(/\\n/g, '');
    assert.ok(!/[a-z]{2,}/i.test(text), `${key}: ${text}`);
  }
});

test('no exclamation marks, and quotation marks of the language', () => {
  for (const [key, entry] of Object.entries(ru)) {
    const text = JSON.stringify(typeof entry === 'string' ? entry : Object.values(entry).join(' ')).slice(1, -1);
    if (!key.startsWith('bots.starter')) assert.ok(!text.includes('!'), key);
    assert.ok(!/[“”"]/.test(text), key);
  }
});

const cases: [string, number, string, string][] = [
  ['zero', 0, '0 событий', '0 events'], ['one', 1, '1 событие', '1 event'], ['two', 2, '2 события', '2 events'], ['five', 5, '5 событий', '5 events'], ['eleven', 11, '11 событий', '11 events'],
  ['fourteen', 14, '14 событий', '14 events'], ['twenty-one', 21, '21 событие', '21 events'], ['a hundred and two', 102, '102 события', '102 events'], ['a thousand', 1000, '1\u00a0000 событий', '1,000 events'],
];
for (const [label, n, russian, english] of cases) {
  test(`plural of ${label}`, () => {
    assert.equal(fill('ru', ru['channel.raw.events'], { n }), russian);
    assert.equal(fill('en', en['channel.raw.events'], { n }), english);
  });
}

test('a value that was not given stays visible instead of vanishing', () => {
  assert.equal(fill('en', '{name} left', {}), '{name} left');
});

test('every key is used somewhere', () => {
  const root = join(import.meta.dirname, '../../src');
  const code = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(svelte|ts)$/.test(path) && !/text\/(en|ru)\.ts$/.test(path)).map((path) => readFileSync(join(root, path), 'utf8')).join('\n');
  const stems = [...code.matchAll(/(?:t|told)\(\s*[`']([a-z_.]+?)(?:\.\$\{|', )/g)].map((match) => match[1]!);
  const made = (key: string) => stems.some((stem) => key.startsWith(`${stem}.`)) || /^(kind|event|status|file|field|hint|said)\./.test(key);
  const unused = Object.keys(en).filter((key) => !code.includes(`'${key}'`) && !made(key));
  assert.deepEqual(unused, []);
});
