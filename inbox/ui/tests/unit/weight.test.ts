// What the browser loads before the first conversation opens: kept small, measured on the built app.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, '../../dist');
const assets = join(dist, 'assets');
const built = existsSync(join(dist, 'index.html'));
const LIMIT = 150_000;

/** A chunk and all that it imports at once, not what it loads later. */
function reach(file: string, found: Set<string>): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const code = readFileSync(join(assets, file), 'utf8');
  for (const [, next] of code.matchAll(/(?:from|import)\s*["']\.\/([\w-]+\.js)["']/g)) reach(next!, found);
  return found;
}
const named = (name: string) => readdirSync(assets).find((file) => new RegExp(`^${name}-[\\w-]+\\.js$`).test(file));
/** Compressed as small servers do; a proxy with Brotli sends less. */
const weight = (file: string) => gzipSync(readFileSync(join(assets, file)), { level: 9 }).length;

/** The page, its language, the inbox, and in Russian the server's phrases. */
function first(language: 'en' | 'ru'): Set<string> {
  const found = new Set<string>();
  for (const [, file] of readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/\/assets\/([\w-]+\.js)/g)) reach(file!, found);
  for (const name of [language, 'Inbox', ...(language === 'ru' ? ['provider.ru'] : [])]) {
    const file = named(name);
    assert.ok(file, `there is no chunk ${name}: tell this test what the first page loads`);
    reach(file, found);
  }
  return found;
}

for (const language of ['en', 'ru'] as const) {
  test(`the first page in ${language} loads less than ${LIMIT / 1000} KB of JavaScript`, { skip: !built && 'the app is not built' }, () => {
    const files = [...first(language)].map((file) => ({ file, size: weight(file) })).sort((a, b) => b.size - a.size);
    const total = files.reduce((sum, { size }) => sum + size, 0);
    assert.ok(total < LIMIT, `${total} bytes: ${files.map(({ file, size }) => `${file} ${size}`).join(', ')}`);
  });
}

test('what is seldom wanted is not in it', { skip: !built && 'the app is not built' }, () => {
  const files = [...first('en')];
  for (const name of ['Palette', 'Help', 'FullMenu', 'Away', 'Notifications', 'FlowEditor', 'notices']) assert.ok(!files.some((file) => file.startsWith(`${name}-`)), name);
});
