// One photo all the way: its faces with their embeddings, which of them will be learned, measures, verdict and crops.
// The photo is looked at small; only the part around the face is then decoded at the size that the crop takes.

import type { PhotoMeasures, Verdict } from '../contract/faces.ts';
import type { Box } from '../contract/nouns.ts';
import { type Face, toFractions } from '../faces/face.ts';
import type { FaceEngine } from '../faces/face-engine.ts';
import { judgeFaceless } from '../faces/faceless-picture.ts';
import { intoView, outOfView } from '../faces/placed-face.ts';
import { judgeFace, measureFace } from '../faces/quality.ts';
import { differenceHash } from '../photos/difference-hash.ts';
import type { PhotoSource, PhotoView } from '../photos/photo-source.ts';
import type { Region } from '../photos/pixels.ts';
import { type BackgroundWord, backgroundWord } from './background-colour.ts';
import { cropVariants, trainingRegion } from './framing.ts';
import { type TrainingImage, cutFromView } from './training-image.ts';

export interface PrepareOptions {
  /** Edge of the training images. */
  readonly resolutionPx: number;
  /** Crops of each photo, 1 to 6; one unless told. */
  readonly cropCount?: number;
  /** Resolution of the model that the verdict is about; 512, SD 1.5's, unless told. */
  readonly modelResolutionPx?: number;
  /** Where the face to learn is, in fractions of the photo; the largest unless told. */
  readonly chosenFaceBox?: Box | null;
}

/** A face in pixels of the photo. */
export interface EmbeddedFace {
  readonly face: Face;
  /** Undefined beyond the `mostEmbedded` largest. */
  readonly embedding: Float32Array | undefined;
}

export interface PreparedPhoto {
  readonly verdict: Verdict;
  /** The largest first. */
  readonly faces: readonly EmbeddedFace[];
  /** The face that will be learned; undefined where there is none. */
  readonly faceIndex: number | undefined;
  readonly measures: PhotoMeasures | undefined;
  readonly pictureHash: string;
  /** Empty where there is no face; present for photos left out too, so that their owner may use them anyway. */
  readonly trainingImages: readonly TrainingImage[];
  readonly background: BackgroundWord | undefined;
}

/** In a picture of a crowd only so many faces, the largest, are embedded. */
export const mostEmbedded = 24;

/** Longest edge at which faces are looked for, and how small the largest may be there before more pixels are taken. */
const searchEdgePx = 1000;
const smallFacePx = 90;

export async function preparePhoto(
  engine: FaceEngine, source: PhotoSource, options: PrepareOptions,
): Promise<PreparedPhoto> {
  const small = await source.whole(searchEdgePx);
  const pictureHash = differenceHash(small.picture);
  const { view, faces } = await findFaces(engine, source, small);
  if (faces.length === 0) {
    const verdict = judgeFaceless(view.picture);
    return {
      verdict, pictureHash, faces: [], faceIndex: undefined, measures: undefined, trainingImages: [],
      background: undefined,
    };
  }
  const embedded: EmbeddedFace[] = [];
  for (const [index, face] of faces.entries()) {
    const embedding = index < mostEmbedded ? await engine.embed(view.picture, intoView(face, view)) : undefined;
    embedded.push({ face, embedding });
  }
  const faceIndex = faceAt(faces, source, options.chosenFaceBox ?? null);
  return { ...await prepareFace(source, faces, faceIndex, options), faces: embedded, faceIndex, pictureHash };
}

/** Faces in pixels of the photo, and the view that was fine enough to find and embed them. */
async function findFaces(
  engine: FaceEngine, source: PhotoSource, small: PhotoView,
): Promise<{ view: PhotoView; faces: Face[] }> {
  const found = await engine.analyze(small.picture);
  const largestPx = Math.max(0, ...found.map(({ box }) => Math.min(box.width, box.height)));
  const faces = found.map((face) => outOfView(face, small));
  if (largestPx >= smallFacePx || small.scaleX > 0.9) return { view: small, faces };
  if (found.length > 0) return { view: await source.whole((searchEdgePx * smallFacePx) / largestPx), faces };
  const view = await source.whole(Math.max(source.width, source.height));
  return { view, faces: (await engine.analyze(view.picture)).map((face) => outOfView(face, view)) };
}

/** The face that covers most of a box, where one covers a third of what both cover; else the largest. */
function faceAt(faces: readonly Face[], photo: PhotoSource, chosen: Box | null): number {
  if (!chosen) return 0;
  const shares = faces.map(({ box }) => overlap(toFractions(box, photo), chosen));
  const best = shares.indexOf(Math.max(...shares));
  return shares[best]! > 1 / 3 ? best : 0;
}

/** What two boxes share over what they cover together. */
function overlap(a: Box, b: Box): number {
  const along = (from: number, length: number, other: number, otherLength: number): number =>
    Math.max(0, Math.min(from + length, other + otherLength) - Math.max(from, other));
  const both = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
  return both / (a.width * a.height + b.width * b.height - both);
}

async function prepareFace(
  source: PhotoSource, faces: readonly Face[], faceIndex: number, options: PrepareOptions,
): Promise<Pick<PreparedPhoto, 'verdict' | 'measures' | 'trainingImages' | 'background'>> {
  const { resolutionPx, cropCount = 1, modelResolutionPx = 512, chosenFaceBox = null } = options;
  const face = faces[faceIndex]!;
  const regions = cropVariants(cropCount).map((variant) =>
    ({ variant, region: trainingRegion(face.points, variant, source) }));
  const nearest = Math.min(...regions.map(({ region }) => region.width));
  const view = await source.part(around([...regions.map(({ region }) => region), face.box]), resolutionPx / nearest);
  const measures = measureFace(view.picture, intoView(face, view), 1 / Math.min(view.scaleX, view.scaleY));
  const trainingImages = regions.map(({ region, variant }) => cutFromView(view, region, resolutionPx, variant));
  const verdict = judgeFace(
    measures, faces.length, { resolutionPx: modelResolutionPx, isTold: chosenFaceBox !== null });
  return { verdict, measures, trainingImages, background: backgroundWord(trainingImages[0]!.picture) };
}

function around(regions: readonly Region[]): Region {
  const left = Math.min(...regions.map((region) => region.left));
  const top = Math.min(...regions.map((region) => region.top));
  return {
    left, top,
    width: Math.max(...regions.map((region) => region.left + region.width)) - left,
    height: Math.max(...regions.map((region) => region.top + region.height)) - top,
  };
}
