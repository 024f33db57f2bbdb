// The first verdict on a photo: good, usable (why) or left out (why). Measured are what any photographer would see:
// how many faces, how large, how sharp, how lit, how far turned. Thresholds were set on photographs blurred, darkened
// and reduced step by step; no standard exists.

import type { Verdict } from '../contract/faces.ts';
import { type RgbPicture, luma, resampleRegion } from '../photos/pixels.ts';
import type { Face, PixelBox } from './face.ts';

export interface FaceMeasures {
  /** The shorter side of the face box. */
  readonly facePx: number;
  /** Fine detail against all contrast of the face: low is blurred. */
  readonly sharpness: number;
  /** Mean luma of the face, 0..255. */
  readonly brightness: number;
  readonly yawDegrees: number;
  readonly rollDegrees: number;
}

export interface PhotoJudgement {
  readonly verdict: Verdict;
  /** The face that will be learned: the largest. Undefined when there is none. */
  readonly face: Face | undefined;
  readonly faceCount: number;
  readonly measures: FaceMeasures | undefined;
}

// A fixed size makes the number comparable between photos; a smaller face is not enlarged, and judged by its size.
const sharpnessEdgePx = 96;

function variance(values: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! ** 2;
  }
  return squares / values.length - (sum / values.length) ** 2;
}

/**
 * Variance of the 4-neighbour Laplacian (Pech-Pacheco et al. 2000) of the grey face at 96 x 96, divided by the
 * variance of the face itself, so that a dark or a pale photo does not count as blurred.
 */
export function faceSharpness(picture: RgbPicture, box: PixelBox): number {
  const edge = Math.min(sharpnessEdgePx, Math.round(Math.min(box.width, box.height)));
  if (edge < 8) return 0;
  const grey = luma(resampleRegion(picture, box, edge, edge, 'reflect'));
  const values: number[] = [];
  for (let y = 1; y < edge - 1; y++) {
    for (let x = 1; x < edge - 1; x++) {
      const i = y * edge + x;
      values.push(grey[i - 1]! + grey[i + 1]! + grey[i - edge]! + grey[i + edge]! - 4 * grey[i]!);
    }
  }
  // a face of one colour has no detail; 1 keeps it from dividing by nothing
  return variance(values) / (variance(grey) + 1);
}

function faceBrightness(picture: RgbPicture, box: PixelBox): number {
  const grey = luma(resampleRegion(picture, box, 32, 32, 'reflect'));
  return grey.reduce((sum, value) => sum + value, 0) / grey.length;
}

export function measureFace(picture: RgbPicture, { box, pose }: Face): FaceMeasures {
  return {
    facePx: Math.min(box.width, box.height),
    sharpness: faceSharpness(picture, box),
    brightness: faceBrightness(picture, box),
    yawDegrees: pose.yawDegrees,
    rollDegrees: pose.rollDegrees,
  };
}

interface Finding {
  readonly code: string;
  readonly reason: string;
  /** Left out for this alone. */
  readonly isSevere: boolean;
}

// A face in a portrait of head and shoulders is about this share of its edge; below it the photo must be enlarged.
const faceShare = 0.42;
const unnoticedEnlargement = 1.25;
// The embedding of the same photo reduced to a face of 22 pixels is 0.4 away from the full one, of 10 pixels 0.63.
const minimumFacePx = 28;

// A sharp 83-pixel face measures 0.2; under a Gaussian blur of 1.5 pixels 0.023, of 2 pixels 0.013, of 3 pixels 0.005.
const sharpness = { usable: 0.03, leftOut: 0.008 } as const;
const brightness = { dark: 40, bright: 220, tooDark: 18, tooBright: 240 } as const;
const maximumYawDegrees = 45;

function sizeFinding(facePx: number, resolutionPx: number): Finding | undefined {
  const wantedPx = Math.round(faceShare * resolutionPx);
  const isSevere = facePx < minimumFacePx;
  if (wantedPx / facePx <= unnoticedEnlargement && !isSevere) return undefined;
  const reason = `the face is ${isSevere ? 'too small' : 'small'}: ${Math.round(facePx)} pixels, ${wantedPx} are best`;
  return { code: 'small-face', reason, isSevere };
}

function lightFinding(mean: number): Finding | undefined {
  if (mean < brightness.dark) return { code: 'dark', reason: 'the face is dark', isSevere: mean < brightness.tooDark };
  if (mean <= brightness.bright) return undefined;
  return { code: 'bright', reason: 'the face is overexposed', isSevere: mean > brightness.tooBright };
}

function findings(measures: FaceMeasures, faceCount: number, resolutionPx: number): Finding[] {
  const found = [sizeFinding(measures.facePx, resolutionPx), lightFinding(measures.brightness)];
  if (measures.sharpness < sharpness.usable) {
    found.push({ code: 'blurred', reason: 'the face is blurred', isSevere: measures.sharpness < sharpness.leftOut });
  }
  if (Math.abs(measures.yawDegrees) > maximumYawDegrees) {
    found.push({ code: 'turned', reason: 'the face is turned far to the side', isSevere: false });
  }
  if (faceCount > 1) {
    found.push({ code: 'several-faces', reason: `${faceCount} faces: the largest is taken`, isSevere: false });
  }
  return found.filter((one): one is Finding => one !== undefined);
}

/**
 * The verdict on a photo for training at `resolutionPx`, given its faces (largest first).
 *
 * 'left-out' when there is no face, or the largest is too small, too blurred, too dark or overexposed to learn from.
 */
export function judgePhoto(picture: RgbPicture, faces: readonly Face[], resolutionPx: number): PhotoJudgement {
  const face = faces[0];
  if (!face) {
    const verdict: Verdict = { grade: 'left-out', reasonCodes: ['no-face'], reason: 'no face was found', hint: '', actions: [] };
    return { verdict, face: undefined, faceCount: 0, measures: undefined };
  }
  const measures = measureFace(picture, face);
  const found = findings(measures, faces.length, resolutionPx);
  const grade = found.some(({ isSevere }) => isSevere) ? 'left-out' : found.length > 0 ? 'usable' : 'good';
  const verdict: Verdict = {
    grade, reasonCodes: found.map(({ code }) => code), reason: found.map(({ reason }) => reason).join('; '),
    hint: '', actions: [],
  };
  return { verdict, face, faceCount: faces.length, measures };
}
