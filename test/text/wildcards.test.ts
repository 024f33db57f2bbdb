// Choices in prompts: by the seed, all of them, and what is no choice.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  choiceCount, chosenBySeed, everyChoice, hasChoices, withoutBraceEscapes,
} from '../../src-main/text/wildcards.ts';

test.each([
  ['a hat', ['a hat']],
  ['a {red|blue} hat', ['a red hat', 'a blue hat']],
  ['{a|b}{1|2}', ['a1', 'a2', 'b1', 'b2']],
  ['{a {b|c}|d}', ['a b', 'a c', 'd']],
  ['x{|, smiling}', ['x', 'x, smiling']],
  ['{subject}', ['{subject}']],
  ['{{subject} in red|a garden with {subject}}', ['{subject} in red', 'a garden with {subject}']],
  ['{a|{subject} {x|y}|}', ['a', '{subject} x', '{subject} y', '']],
  // an escaped letter is none of the notation, and stays escaped for whoever reads the prompt next
  ['\\{a|b\\}', ['\\{a|b\\}']],
  ['{a\\|b|c}', ['a\\|b', 'c']],
  ['\\\\{a|b}', ['\\\\a', '\\\\b']],
  // what is not closed or not opened is text
  ['{a|b', ['{a|b']],
  ['a|b} c', ['a|b} c']],
  ['{ {a|b}', ['{ a', '{ b']],
  ['{a|b}}', ['a}', 'b}']],
] as const)('%s', (prompt, all) => {
  expect(everyChoice(prompt)).toEqual(all);
  expect(choiceCount(prompt)).toBe(all.length);
  expect(hasChoices(prompt)).toBe(all.length > 1);
  for (const seed of [0, 7, 2 ** 32 - 1]) expect(all).toContain(chosenBySeed(prompt, seed));
});

test('the seed decides, each choice for itself and each about as often', () => {
  const prompt = '{a|b|c} {x|y}';
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 3000; seed++) {
    const text = chosenBySeed(prompt, seed);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual([...everyChoice(prompt)].sort());
  // 500 each, with a standard deviation of 20
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
  // known answers: a seed keeps its portrait from version to version
  expect([0, 1, 2, 3, 4, 5, 2 ** 32 - 1].map((seed) => chosenBySeed(prompt, seed))).toEqual(
    ['b y', 'b y', 'c x', 'a y', 'a x', 'c y', 'a x']);
});

test('a choice does not depend on the options of others, and a negative prompt has choices of its own', () => {
  for (let seed = 0; seed < 50; seed++) {
    const [first] = chosenBySeed('{a|b} {c|d}', seed).split(' ');
    expect(chosenBySeed('{a|b} {c|d|e}', seed).split(' ')[0]).toBe(first);
  }
  const seeds = Array.from({ length: 64 }, (_, seed) => seed);
  expect(seeds.some((seed) => chosenBySeed('{a|b}', seed) !== chosenBySeed('{a|b}', seed, 1))).toBe(true);
});

test('many braces take no longer than they are many, and millions of combinations are counted, not made', () => {
  expect(everyChoice('{'.repeat(2000))).toEqual(['{'.repeat(2000)]);
  expect(choiceCount('{a|b}'.repeat(40))).toBe(2 ** 40);
  expect(chosenBySeed('{a|b}'.repeat(40), 3)).toMatch(/^[ab]{40}$/);
});

test('of any text the seed takes one of all', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'ab{}|\\ '), maxLength: 24 }), fc.nat(), (text, seed) => {
    const all = everyChoice(text);
    expect(all).toHaveLength(choiceCount(text));
    expect(all).toContain(chosenBySeed(text, seed));
  }), { seed: 6, numRuns: 400 });
});

test('escapes of braces and bars become letters for other programs; those of brackets stay', () => {
  expect(withoutBraceEscapes('\\{a\\|b\\} \\(c\\) \\\\{')).toBe('{a|b} \\(c\\) \\\\{');
});
