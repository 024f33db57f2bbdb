// The verdict on a photo by itself: good, usable (why) or left out (why). Measured is what any photographer would see:
// how many faces, how large, how sharp, how lit, how far turned, what covers them. Thresholds were set on photographs
// blurred, darkened and reduced step by step; no standard exists.

import type { PhotoMeasures, Verdict } from '../contract/faces.ts';
import { type RgbPicture, luma, resampleRegion } from '../photos/pixels.ts';
import type { Face, PixelBox } from './face.ts';
import { headPose } from './head-pose.ts';
import { occlusionsOf } from './occlusion.ts';
import { type Finding, verdictOf } from './verdict.ts';

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

/** Luma at or below which a pixel counts as dark, and from which it counts as bright. */
const nearlyBlack = 16;
const nearlyWhite = 250;

/** Mean luma of the face, 0..255, and shares of its pixels that are nearly black or nearly white. */
function faceLight(
  picture: RgbPicture, box: PixelBox,
): Pick<PhotoMeasures, 'brightness' | 'darkShare' | 'brightShare'> {
  const grey = luma(resampleRegion(picture, box, 32, 32, 'reflect'));
  const share = (counts: (value: number) => boolean): number => grey.filter(counts).length / grey.length;
  return {
    brightness: grey.reduce((sum, value) => sum + value, 0) / grey.length,
    darkShare: share((value) => value <= nearlyBlack), brightShare: share((value) => value >= nearlyWhite),
  };
}

/** What is measured of a face; `pixelScale` is the pixels of the photo for one of `picture`, where that is smaller. */
export function measureFace(picture: RgbPicture, face: Face, pixelScale = 1): PhotoMeasures {
  return {
    facePx: Math.min(face.box.width, face.box.height) * pixelScale,
    sharpness: faceSharpness(picture, face.box),
    ...faceLight(picture, face.box),
    ...headPose(face),
    occlusions: occlusionsOf(picture, face),
  };
}

// A face in a portrait of head and shoulders is about this share of its edge; below it the photo must be enlarged.
const faceShare = 0.42;
const unnoticedEnlargement = 1.25;
// The embedding of the same photo reduced to a face of 22 pixels is 0.4 away from the full one, of 10 pixels 0.63.
const minimumFacePx = 28;

// A sharp 83-pixel face measures 0.2; under a Gaussian blur of 1.5 pixels 0.023, of 2 pixels 0.013, of 3 pixels 0.005.
const sharpness = { usable: 0.03, leftOut: 0.008 } as const;
const brightness = { dark: 40, bright: 220, tooDark: 18, tooBright: 240 } as const;
/** Hair, beard and shadow make half of a face's box black at most, a lamp's reflections little of it white. */
const harshShare = { dark: 0.6, bright: 0.3 } as const;
const farTurned = { yawDegrees: 45, pitchDegrees: 40 } as const;

function sizeFinding({ facePx }: PhotoMeasures, resolutionPx: number): Finding | undefined {
  const wantedPx = Math.round(faceShare * resolutionPx);
  const isSevere = facePx < minimumFacePx;
  if (wantedPx / facePx <= unnoticedEnlargement && !isSevere) return undefined;
  const reason = `the face is ${isSevere ? 'too small' : 'small'}: ${Math.round(facePx)} pixels, ${wantedPx} are best`;
  return { code: 'small-face', reason, isSevere };
}

function lightFinding({ brightness: mean, darkShare, brightShare }: PhotoMeasures): Finding | undefined {
  if (mean < brightness.dark) return { code: 'dark', reason: 'the face is dark', isSevere: mean < brightness.tooDark };
  if (mean > brightness.bright) {
    return { code: 'bright', reason: 'the face is overexposed', isSevere: mean > brightness.tooBright };
  }
  const part = brightShare > harshShare.bright ? 'overexposed' : darkShare > harshShare.dark ? 'black' : undefined;
  return part && { code: 'harsh-light', reason: `a part of the face is ${part}`, isSevere: false };
}

const coverFindings: Readonly<Record<PhotoMeasures['occlusions'][number], Finding>> = {
  eyes: { code: 'eyes-covered', reason: 'something dark seems to cover the eyes', isSevere: false },
  mouth: { code: 'mouth-covered', reason: 'something seems to cover the mouth', isSevere: false },
  edge: { code: 'cut-off', reason: 'the face is cut off by the edge of the picture', isSevere: false },
};

/** What is to be said of a face from its measures, for training at `resolutionPx`; nothing of a good one. */
export function faceFindings(measures: PhotoMeasures, resolutionPx: number): Finding[] {
  const found = [sizeFinding(measures, resolutionPx), lightFinding(measures)];
  if (measures.sharpness < sharpness.usable) {
    found.push({ code: 'blurred', reason: 'the face is blurred', isSevere: measures.sharpness < sharpness.leftOut });
  }
  const { yawDegrees, pitchDegrees, occlusions } = measures;
  if (Math.abs(yawDegrees) > farTurned.yawDegrees) {
    found.push({ code: 'turned', reason: 'the face is turned far to the side', isSevere: false });
  } else if (Math.abs(pitchDegrees) > farTurned.pitchDegrees) {
    const way = pitchDegrees > 0 ? 'down' : 'up';
    found.push({ code: 'turned', reason: `the face is turned far ${way}`, isSevere: false });
  }
  return [...found.filter((one) => one !== undefined), ...occlusions.map((cover) => coverFindings[cover])];
}

/** What is to be said where several faces are and nobody has told which is meant; not all of a crowd are compared. */
export function severalFaces(faceCount: number, embedded: number): Finding {
  const compared = embedded < faceCount ? `, and the ${embedded} largest were compared with the other photos` : '';
  return { code: 'several-faces', reason: `${faceCount} faces: the largest is taken${compared}`, isSevere: false };
}

/**
 * The verdict on a photo of which one face will be learned at `resolutionPx`. 'left-out' when that face is too small,
 * too blurred, too dark or overexposed to learn from. `isTold`: somebody has said which of the faces it is.
 */
export function judgeFace(
  measures: PhotoMeasures, faceCount: number, { resolutionPx, isTold }: { resolutionPx: number; isTold: boolean },
): Verdict {
  const several = faceCount > 1 && !isTold ? [severalFaces(faceCount, faceCount)] : [];
  return verdictOf(
    [...faceFindings(measures, resolutionPx), ...several], { hasFace: true, hasChoice: faceCount > 1 });
}
