// Emphasis in prompts: which part counts how much, and which brackets are letters.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bracketsEscaped, weightedParts } from '../../src-main/text/emphasis.ts';

const up = 1.1;
const down = 1 / 1.1;

test.each([
  ['a red hat', [['a red hat', 1]]],
  ['', [['', 1]]],
  ['a (red) hat', [['a ', 1], ['red', up], [' hat', 1]]],
  ['a [red] hat', [['a ', 1], ['red', down], [' hat', 1]]],
  ['a (red:1.3) hat', [['a ', 1], ['red', 1.3], [' hat', 1]]],
  ['(a: .5 )', [['a', 0.5]]],
  ['(a:-1)(b:+2.)', [['a', -1], ['b', 2]]],
  ['((red)) hat', [['red', up * up], [' hat', 1]]],
  ['(big (red:1.5) hat)', [['big ', up], ['red', 1.5 * up], [' hat', up]]],
  ['[(red:2)]', [['red', 2 * down]]],
  // brackets of two kinds close on their own, in whatever order
  ['(a [b) c]', [['a ', up], ['b', down * up], [' c', down]]],
  // what is never closed counts to the end
  ['a (red hat', [['a ', 1], ['red hat', up]]],
  ['a [red hat', [['a ', 1], ['red hat', down]]],
  ['((a:2)', [['a', 2 * up]]],
  // no emphasis: nothing is open, or no number stands there
  ['a) b] c:1.2)', [['a) b] c:1.2)', 1]]],
  ['(a:b)', [['a:b', up]]],
  ['(a:)', [['a:', up]]],
  ['(a:1.2.3)', [['a:1.2.3', up]]],
  ['16:9, (a:2)', [['16:9, ', 1], ['a', 2]]],
  // escapes
  ['\\(smiling\\)', [['(smiling)', 1]]],
  ['(ada \\(the first\\):1.2)', [['ada (the first)', 1.2]]],
  ['\\[x\\] \\{y\\|z\\} \\\\', [['[x] {y|z} \\', 1]]],
  ['a\\b\\', [['a\\b\\', 1]]],
  // 1.1 up and down again is 1, and one part
  ['([a])b', [['a', up * down], ['b', 1]]],
] as const)('%s', (prompt, parts) => {
  const found = weightedParts(prompt);
  expect(found.map(({ text }) => text).join('')).toBe(parts.map(([text]) => text).join(''));
  const letters = (all: readonly (readonly [string, number])[]): number[] => (
    all.flatMap(([text, weight]) => [...text].map(() => weight)));
  const [own, wanted] = [letters(found.map(({ text, weight }) => [text, weight])), letters(parts)];
  own.forEach((weight, i) => expect(weight).toBeCloseTo(wanted[i]!, 12));
});

test('neighbours of one weight are one part, so that their words are read together', () => {
  expect(weightedParts('a \\(b\\) c')).toHaveLength(1);
  expect(weightedParts('(a)(b)')).toEqual([{ text: 'ab', weight: up }]);
});

test('any text is taken apart, and a word with its brackets escaped is itself', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab ()[]{}|\\:1.-é😀') }), (text) => {
    const parts = weightedParts(text);
    expect(parts.length).toBeGreaterThan(0);
    expect(parts.every(({ weight }) => Number.isFinite(weight))).toBe(true);
    expect(weightedParts(bracketsEscaped(text))).toEqual([{ text, weight: 1 }]);
  }), { seed: 5, numRuns: 400 });
  // many brackets take no more than their number
  expect(weightedParts('('.repeat(2000)).at(0)).toEqual({ text: '', weight: 1 });
});
