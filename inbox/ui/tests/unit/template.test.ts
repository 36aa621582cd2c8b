// Approved templates: their blanks, what is sent, what the customer will read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Template } from '../../src/api/types.ts';
import { around, blanks, fillHoles, search, shown, useOf } from '../../src/lists/template.ts';

const template = (rest: Partial<Template>): Template => ({ id: 1, name: 'order_update', language: 'ru', body: 'Текст', ...rest });

const holes: [string, string, Record<string, string>, string][] = [
  ['by number', 'Заказ {{1}} готов', { 1: 'Л-2041' }, 'Заказ Л-2041 готов'],
  ['by name, with spaces', 'Здравствуйте, {{ name }}!', { name: 'Анна' }, 'Здравствуйте, Анна!'],
  ['an empty one keeps its place', 'Заказ {{1}} от {{2}}', { 1: 'Л-2041', 2: ' ' }, 'Заказ Л-2041 от {{2}}'],
  ['the same twice', '{{1}} и {{1}}', { 1: 'а' }, 'а и а'],
  ['a value is never a pattern', '{{1}}', { 1: '$& {{1}}' }, '$& {{1}}'],
];
for (const [label, text, values, expected] of holes) test(`a hole is filled: ${label}`, () => assert.equal(fillHoles(text, values), expected));

const forms: [string, Partial<Template>, string[]][] = [
  ['nothing', {}, []],
  ['body, each once', { body: '{{2}} {{1}} {{2}}', variables: ['1', '2'] }, ['2', '1']],
  ['a text header of its own', { body: '{{1}}', header: { kind: 'text', text: 'Заказ {{1}}' } }, ['header', '1']],
  ['a header as the server names it', { body: '{{order}}', header: { kind: 'text', text: '{{order}}', variables: ['header.order'] }, variables: ['order'] }, ['header.order', 'order']],
  ['a one-time code is asked for once', { body: '{{1}} — код', buttons: [{ kind: 'otp', text: 'Скопировать', variable: true }] }, ['1']],
  ['a picture header has no words', { body: '{{1}}', header: { kind: 'image' } }, ['1']],
  ['a button with an ending', { buttons: [{ kind: 'reply', text: 'Да' }, { kind: 'url', text: 'Отследить', variable: '1' }] }, ['button.1']],
  ['named by the server only', { body: 'Текст', variables: ['code'] }, ['code']],
];
for (const [label, rest, expected] of forms) test(`blanks: ${label}`, () => assert.deepEqual(blanks(template(rest)).map((each) => each.key), expected));

test('what is sent names header, body and buttons as the server wants them', () => {
  const full = template({ body: 'Заказ {{1}}, {{name}}', header: { kind: 'text', text: '№ {{1}}' }, buttons: [{ kind: 'url', text: 'Отследить', variable: '1' }] });
  assert.deepEqual(useOf(full, { 'header': '7', '1': 'Л-2041 ', 'name': 'Анна', 'button.0': 'L2041' }), {
    name: 'order_update', language: 'ru', variables: { header: '7', 1: 'Л-2041', name: 'Анна' }, buttons: { 0: 'L2041' },
  });
  assert.deepEqual(useOf(template({}), {}), { name: 'order_update', language: 'ru', variables: {} });
});

test('the customer reads header, body, footer and buttons', () => {
  const full = template({ body: 'Заказ {{1}}', header: { kind: 'text', text: '№ {{1}}' }, footer: 'Лампа', buttons: [{ kind: 'reply', text: 'Да' }] });
  assert.deepEqual(shown(full, { 'header': '7', '1': 'Л-2041' }), { header: '№ 7', body: 'Заказ Л-2041', footer: 'Лампа', buttons: ['Да'] });
});

test('a named variable of the header is not that of the body', () => {
  const full = template({ body: '{{order}}', header: { kind: 'text', text: '№ {{order}}', variables: ['header.order'] }, variables: ['order'] });
  const values = { 'header.order': '7', 'order': 'Л-2041' };
  assert.deepEqual([shown(full, values).header, shown(full, values).body], ['№ 7', 'Л-2041']);
  assert.deepEqual(useOf(full, values).variables, values);
});

const places: [string, string, number, string][] = [
  ['in the middle', 'Здравствуйте, {{1}}! Ваш заказ {{2}} готов, ждём вас каждый день', 1, '… …! Ваш заказ ___ готов, ждём вас каждый …'],
  ['at the beginning', '{{1}}, добрый день', 0, '___, добрый день'],
  ['alone', '{{1}}', 0, '___'],
];
for (const [label, body, index, expected] of places) test(`what stands around a blank: ${label}`, () => assert.equal(around(template({ body }), blanks(template({ body }))[index]!), expected));

test('a search puts names before texts', () => {
  const all = [template({ id: 1, name: 'address', body: 'Где заказ' }), template({ id: 2, name: 'new_order', body: '' }), template({ id: 3, name: 'order', body: '' }), template({ id: 4, name: 'x', body: 'order' })];
  assert.deepEqual(search(all, ' ORDER').map((each) => each.id), [3, 2, 4]);
  assert.equal(search(all, '').length, 4);
  assert.deepEqual(search(all, 'нет такого'), []);
});
