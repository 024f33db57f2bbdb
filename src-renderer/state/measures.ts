// What was measured of a photo's face, as words of a short list: the page says them in its language. And what the
// photos that are used cover between them.

import type { Photo } from '../../src-main/contract/nouns.ts';
import type { PhotoMeasures } from '../../src-main/contract/faces.ts';

/** Sharpness as photos are judged by it: from the upper number on sharp, below the lower blurred. */
const sharpness = { sharp: 0.03, blurred: 0.008 } as const;
/** Mean luma of a face, 0 to 255. */
const light = { dark: 40, dim: 80, bright: 190, veryBright: 220 } as const;
/** Both nearly black and nearly white, by shares of the face: light from one side. */
const harshShare = 0.15;
const slightDegrees = 10;
const farDegrees = 30;
/** Down to this share of the photo's height a face counts as near. */
const closeShare = 0.3;
/** Luma that parts bright photos from dark ones in the overview. */
const middleBrightness = 110;

export type Sharpness = 'sharp' | 'soft' | 'blurred';
export type Light = 'dark' | 'dim' | 'even' | 'bright' | 'very-bright' | 'harsh';
export type Degree = 'slightly' | 'far';
export interface Lean<Side extends string> {
  readonly side: Side;
  readonly degree: Degree;
}

export interface MeasureWords {
  readonly facePx: number;
  readonly sharpness: Sharpness;
  readonly light: Light;
  /** Null: straight. Left and right are those of the picture. */
  readonly turned: Lean<'left' | 'right'> | null;
  readonly looks: Lean<'up' | 'down'> | null;
  readonly tilted: Lean<'left' | 'right'> | null;
  readonly covered: PhotoMeasures['occlusions'];
}

export function measureWords(measures: PhotoMeasures): MeasureWords {
  const { yawDegrees, pitchDegrees, rollDegrees } = measures;
  return {
    facePx: Math.round(measures.facePx), sharpness: sharpnessOf(measures), light: lightOf(measures),
    turned: lean(yawDegrees, 'left', 'right'), looks: lean(pitchDegrees, 'up', 'down'),
    tilted: lean(rollDegrees, 'left', 'right'), covered: measures.occlusions,
  };
}

function sharpnessOf({ sharpness: value }: PhotoMeasures): Sharpness {
  if (value >= sharpness.sharp) return 'sharp';
  return value >= sharpness.blurred ? 'soft' : 'blurred';
}

function lightOf({ brightness, darkShare, brightShare }: PhotoMeasures): Light {
  if (darkShare >= harshShare && brightShare >= harshShare) return 'harsh';
  if (brightness < light.dark) return 'dark';
  if (brightness < light.dim) return 'dim';
  if (brightness <= light.bright) return 'even';
  return brightness <= light.veryBright ? 'bright' : 'very-bright';
}

function lean<Side extends string>(degrees: number, below: Side, above: Side): Lean<Side> | null {
  if (Math.abs(degrees) < slightDegrees) return null;
  return { side: degrees < 0 ? below : above, degree: Math.abs(degrees) < farDegrees ? 'slightly' : 'far' };
}

export const coverageKinds = ['left', 'front', 'right', 'bright', 'dark', 'close', 'half-body'] as const;
export type CoverageKind = (typeof coverageKinds)[number];
export type Coverage = Readonly<Record<CoverageKind, number>>;

/** How many of the photos that are used show the face from which side, in which light and from how near. */
export function coverageOf(photos: readonly Photo[]): Coverage {
  const counts = Object.fromEntries(coverageKinds.map((kind) => [kind, 0])) as Record<CoverageKind, number>;
  for (const { isUsed, measures, faceBox } of photos) {
    if (!isUsed || !measures) continue;
    counts[lean(measures.yawDegrees, 'left', 'right')?.side ?? 'front']++;
    counts[measures.brightness >= middleBrightness ? 'bright' : 'dark']++;
    if (faceBox) counts[faceBox.height >= closeShare ? 'close' : 'half-body']++;
  }
  return counts;
}
