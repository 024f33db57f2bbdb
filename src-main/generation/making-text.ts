// How a portrait was made beyond prompt, sampler and looks, as pairs for A1111's text: A1111's own words where it has
// any (its "Hires. fix"), else words that no other tool reads. No embeddings, no paths, no names.

import type { StrengthOverSteps } from './face-request.ts';
import type { PortraitSize } from './pose.ts';

/** A face that was given to the networks of InstantID. */
export interface GivenFace {
  readonly image: StrengthOverSteps;
  /** Left out where the pose was free. */
  readonly identityNet?: StrengthOverSteps;
}

/** A1111's variation seed and strength; `earlier` are turns before it, which A1111 has no words for. */
export interface GivenVariation {
  readonly seed: number;
  readonly strength: number;
  readonly earlier?: readonly Omit<GivenVariation, 'earlier'>[];
}

export interface PortraitMaking {
  readonly variation?: GivenVariation;
  readonly face?: GivenFace;
  readonly hasTwoPeople?: boolean;
  /** Share of the steps that changed the face, where it was drawn again. */
  readonly facePassStrength?: number;
  readonly upscale?: { readonly factor: number; readonly strength: number; readonly drawn: PortraitSize };
}

type Pair = readonly [key: string, value: string | number];

export function makingPairs({ variation, face, hasTwoPeople, facePassStrength, upscale }: PortraitMaking): Pair[] {
  return [
    ...(variation ? variationPairs(variation) : []),
    ...(hasTwoPeople ? [['People', 2] as const] : []),
    ...(face ? strengthPairs('InstantID', face.image) : []),
    ...(face?.identityNet ? strengthPairs('InstantID key points', face.identityNet) : []),
    ...(facePassStrength === undefined ? [] : [['Face pass denoising strength', facePassStrength] as const]),
    ...(upscale ? [
      ['Hires upscale', upscale.factor] as const, ['Hires upscaler', 'Lanczos'] as const,
      ['Hires denoising strength', upscale.strength] as const,
    ] : []),
  ];
}

function variationPairs({ seed, strength, earlier = [] }: GivenVariation): Pair[] {
  const before = earlier.map((turn) => `${turn.seed} at ${turn.strength}`).join('; ');
  return [
    ['Variation seed', seed], ['Variation seed strength', strength],
    ...(before === '' ? [] : [['Earlier variation seeds', before] as const]),
  ];
}

function strengthPairs(title: string, { strength, start, end }: StrengthOverSteps): Pair[] {
  const isWhole = start === 0 && end === 1;
  return [[`${title} strength`, strength], ...(isWhole ? [] : [[`${title} steps`, `${start}-${end}`] as const])];
}
