// Names of portraits' files from a pattern.

import { expect, test } from 'vitest';
import type { Look, Portrait, Subject } from '../../src-main/contract/nouns.ts';
import { fileNames, namePatternProblem, usualNames } from '../../src-main/host/portrait-names.ts';

const portrait = (rest: Partial<Record<keyof Portrait, unknown>>): Portrait => ({
  id: String(Math.floor(Number(rest.seed))).padStart(32, '0'), prompt: 'a', styleId: null, seed: 7, widthPx: 512,
  heightPx: 768, adapterId: null, instantly: null, likeness: { cosine: 0.5 },
  createdAtMs: Date.UTC(2026, 1, 3), ...rest,
}) as Portrait;
const by = { subject: { name: 'Ada: of/A' } as Subject, looks: [{ id: 'l', name: 'Ada 2' } as Look] };
const three = [
  portrait({ seed: 1, likeness: { cosine: 0.4 }, adapterId: 'l' }),
  portrait({ seed: 2, likeness: { cosine: null }, styleId: 'winter', prompt: 'b' }),
  portrait({ seed: 3, likeness: { cosine: 0.9 }, instantly: {} }),
];

test.each([
  [usualNames, ['Ada- of-A/1-prompt-seed-1.png', 'Ada- of-A/2-winter-seed-2.png', 'Ada- of-A/3-prompt-seed-3.png']],
  ['{rank} {likeness}', ['2 0.400.png', '3 no-face.png', '1 0.900.png']],
  ['{look}/{size} {prompt}', ['Ada 2/512x768 1.png', 'model-alone/512x768 2.png', 'instant/512x768 1.png']],
  // no two alike
  ['{date}.png', ['2026-02-03.png', '2026-02-03-2.png', '2026-02-03-3.png']],
  ['con', ['con-.png', 'con--2.png', 'con--3.png']],
])('%s', (pattern, names) => {
  expect(namePatternProblem(pattern)).toBeUndefined();
  expect(fileNames(three, pattern, by)).toEqual(names);
});

test('numbers have as many digits as the last one', () => {
  const twelve = Array.from({ length: 12 }, (_, seed) => portrait({ seed }));
  expect(fileNames(twelve, '{number}', by)).toEqual(
    Array.from({ length: 12 }, (_, i) => `${String(i + 1).padStart(2, '0')}.png`));
});

test.each([
  ['{nonsense}', /not known/], ['../{seed}', /inside/], ['/tmp/{seed}', /inside/], ['c:\\x', /inside/],
  ['a//b', /needs a name/], ['a/', /needs a name/],
])('%s is refused', (pattern, problem) => {
  expect(namePatternProblem(pattern)).toMatch(problem);
});
