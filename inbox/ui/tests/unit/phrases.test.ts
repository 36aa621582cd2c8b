// Sentences of the server and of providers, said in Russian.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translate } from '../../src/text/phrases.ts';
import { phrases } from '../../src/text/provider.ru.ts';

const cases: [string, string, string][] = [
  ['known whole', 'The provider cannot be reached', 'Провайдер недоступен'],
  ['a full stop makes no difference', 'The provider cannot be reached.', 'Провайдер недоступен'],
  ['with a value', 'Telegram delivers to inbox.example', 'Telegram доставляет на inbox.example'],
  ['the more exact shape first', "Meta delivers to old.example, not to this channel's address", 'Meta доставляет на old.example, а не на адрес этого канала'],
  ['a sentence inside a sentence', 'Sending pauses: The provider cannot be reached; 3 messages wait', 'Отправка на паузе: Провайдер недоступен; ждут отправки: 3'],
  ['advice after it', 'Twilio asks to slow down: send it again later', 'Twilio просит помедленнее: отправьте ещё раз позже'],
  ['details of the provider stay', 'WhatsApp had an internal error (trace 17)', 'У WhatsApp внутренняя ошибка (trace 17)'],
  ['brackets that belong to it', 'WhatsApp is temporarily unavailable (503)', 'WhatsApp временно недоступен (503)'],
  ['unknown', 'Something quite new happened', 'Something quite new happened'],
  ['unknown with brackets', 'New (x)', 'New (x)'],
  ['empty', '', ''],
];
for (const [label, sentence, expected] of cases) test(`a sentence: ${label}`, () => assert.equal(translate(phrases, sentence), expected));

test('a value is never read as a place of another', () => {
  assert.equal(translate(phrases, 'Telegram delivers to $1&2'), 'Telegram доставляет на $1&2');
});

test('every shape keeps what it found', () => {
  for (const [shape, wanted] of phrases.shapes) {
    const places = [...wanted.matchAll(/[$&](\d)/g)].map((match) => Number(match[1]));
    const groups = new RegExp(`${shape.source}|`).exec('')!.length - 1;
    assert.ok(places.every((place) => place >= 1 && place <= groups), String(shape));
  }
});

test('no exclamation marks and no straight quotation marks', () => {
  for (const words of [...Object.values(phrases.sentences), ...phrases.shapes.map(([, wanted]) => wanted)]) assert.ok(!/[!"“”]/.test(words), words);
});
