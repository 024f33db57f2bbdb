// Likeness in the report: twins by seed and prompt, means over what was measured, and which of two is nearer.

import { expect, test } from 'vitest';
import type { Portrait } from '../../src-main/contract/nouns.ts';
import { meanOf, measuredOf, nearerCounts, pairsOf } from '../../src-main/host/likeness-report.ts';

function portrait(
  seed: number, isWithLook: boolean, cosine: number | null, latentDistance: number, instantly: object | null = null,
): Portrait {
  return {
    seed, prompt: 'p', adapterId: isWithLook ? 'a'.repeat(32) : null, instantly,
    likeness: { cosine, distance: cosine, latentDistance, placeCosine: cosine === null ? 0.5 : null },
  } as Portrait;
}

const drawn = [
  portrait(2, true, null, 0.4), portrait(2, false, 0.7, 1.2), portrait(1, true, 0.9, 0.3), portrait(1, false, 0.8, 1.1),
  portrait(3, true, 0.9, 0.3),
];

test('each portrait stands beside its twin of the same seed, in the order of seeds', () => {
  expect(pairsOf(drawn).map((pair) => pair.seed)).toEqual([1, 2]);
  const face = portrait(1, false, 0.9, 0.3, { pose: { kind: 'none' } });
  expect(pairsOf([portrait(1, false, 0.8, 1), face])).toMatchObject(
    [{ withLook: face, withoutLook: { instantly: null } }]);
  expect(pairsOf(drawn)[0]).toMatchObject({ withLook: { likeness: { cosine: 0.9 } } });
});

test('where no face was found the place of a face is measured, and it is said', () => {
  expect(measuredOf(drawn[0]!)).toMatchObject({ faceCosine: 0.5, isFaceFound: false, faceDistance: null });
  expect(measuredOf(drawn[1]!)).toMatchObject({ faceCosine: 0.7, isFaceFound: true });
  expect(meanOf([drawn[0]!, drawn[2]!])).toMatchObject({ faceCosine: 0.7, facesFound: 1, latentDistance: 0.35 });
});

test('nearer is a higher cosine and a lower distance', () => {
  expect(nearerCounts(pairsOf(drawn))).toEqual({
    faceCosine: { nearer: 1, of: 2 }, faceDistance: { nearer: 0, of: 1 }, latentDistance: { nearer: 2, of: 2 },
  });
});
