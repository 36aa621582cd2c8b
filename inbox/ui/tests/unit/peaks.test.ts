// The bars of a sound.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peaks } from '../../src/lists/peaks.ts';

const cases: [string, number[], number, number[]][] = [
  ['the loudest part is whole', [0.1, -0.1, 0.2, -0.2], 2, [0.5, 1]],
  ['silence stays silent', [0, 0, 0, 0], 2, [0, 0]],
  ['fewer samples than bars', [1], 2, [0, 1]],
  ['nothing at all', [], 2, [0, 0]],
  ['parts that do not divide evenly', [1, 1, 1, 0, 0], 2, [1, Math.sqrt(1 / 3)]],
];
for (const [label, samples, count, expected] of cases) test(label, () => peaks(samples, count).forEach((each, n) => assert.ok(Math.abs(each - expected[n]!) < 1e-9, `${each}`)));
