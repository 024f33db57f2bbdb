// How alike two faces are, from their embeddings.
//
// dlib's network was taught so that two pictures of one person lie nearer than 0.6 (Euclidean) and pictures of two
// people farther (99.38 % right on Labelled Faces in the Wild, King 2017). Its embeddings have a length of about 1.4
// and a large common part, so their cosine is high for anybody: about 0.9 is the line between one person and two.

import type { FaceEngineId, LikenessLevel, LikenessRange } from '../contract/faces.ts';

/** Euclidean distance below which two embeddings are taken for the same person. */
export const samePersonDistance = 0.6;

export interface FaceLikeness {
  /** Cosine of the angle between the embeddings: 1 the same; above about 0.9 one person. */
  readonly cosine: number;
  /** Euclidean distance: 0 the same; below 0.6 one person. */
  readonly distance: number;
}

/** Compares two embeddings of the same network. */
export function faceLikeness(a: ArrayLike<number>, b: ArrayLike<number>): FaceLikeness {
  if (a.length !== b.length) throw new Error(`Embeddings of ${a.length} and ${b.length} numbers cannot be compared.`);
  let [dot, aa, bb, square] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
    square += (a[i]! - b[i]!) ** 2;
  }
  return { cosine: dot / Math.sqrt(aa * bb), distance: Math.sqrt(square) };
}

/** Mean cosine and distance of one embedding to several others; undefined when there are none. */
export function meanLikeness(
  embedding: ArrayLike<number>, references: readonly ArrayLike<number>[],
): FaceLikeness | undefined {
  if (references.length === 0) return undefined;
  const all = references.map((reference) => faceLikeness(embedding, reference));
  const mean = (key: keyof FaceLikeness): number => all.reduce((sum, one) => sum + one[key], 0) / all.length;
  return { cosine: mean('cosine'), distance: mean('distance') };
}

/** What an engine's cosines are like, so that words can be put to them. */
interface CosineScale {
  /** What two pictures of strangers get, in the mean. */
  readonly strangers: number;
  /** From here on two pictures are taken for one person. */
  readonly samePerson: number;
  /** Two photos that are as alike were taken in one moment, or are crops of one, which says little of the person. */
  readonly sameMoment: number;
  /** How much farther from 1 strangers lie than a person's least alike photos; left out where it is not known. */
  readonly strangersTimes?: number;
}

// Built-in: King's line of 0.6 lies at a cosine of 0.908, and 0.6 % of strangers cross it; a mean distance of 0.85 with
// a deviation of 0.1 fits that, which is 0.82. Drawings of one style have a larger common part: of 16 procedural people
// with 8 pictures each the low is 0.968 to 0.987, and what strangers among them get 0.949 in the mean, 2.3 times as far
// from 1. People whose photos have a low of 0.92 stand as far from strangers in photos.
// Crops of one photo have a low of 0.9986; with it mirrored and darkened it gets 0.989.
// antelopev2: strangers lie about 0, and its users take 0.3 to 0.4 for the line between one person and two.
const scales: Readonly<Record<FaceEngineId, CosineScale>> = {
  'built-in': { strangers: 0.82, samePerson: 0.9, sameMoment: 0.98, strangersTimes: 2.3 },
  antelopev2: { strangers: 0.03, samePerson: 0.35, sameMoment: 0.75 },
};

/** How much of the way from strangers to the subject's own photos makes 'nearly' and 'some'. */
const shares = { nearly: 0.75, some: 0.5 } as const;

/**
 * A cosine in words, against the range of the subject's own photos by the same engine. 'as-two-photos' begins where
 * nine of ten pairs of these photos lie, but not below what tells one person from two. Of the procedural
 * people's own pictures 94 % get that and 6 % 'nearly'; of 1920 strangers among them 1 %, 4 % 'nearly', 11 % 'some'.
 *
 * Photos of one moment do not tell how alike other photos of the person are, so only what holds wherever that lies is
 * said of them; null between.
 */
export function likenessLevel(
  cosine: number, { low, isOneMoment }: LikenessRange, engine: FaceEngineId = 'built-in',
): LikenessLevel | null {
  const { samePerson, sameMoment } = scales[engine];
  if (!isOneMoment) return levelAgainst(cosine, Math.max(samePerson, low), engine);
  const [mildest, strictest] = [samePerson, sameMoment].map((own) => levelAgainst(cosine, own, engine));
  return mildest === strictest ? mildest! : null;
}

/** In words where `own` is the cosine from which two photos of the subject are alike. */
function levelAgainst(cosine: number, own: number, engine: FaceEngineId): LikenessLevel {
  const { strangers: usual, strangersTimes } = scales[engine];
  if (cosine >= own) return 'as-two-photos';
  const strangers = strangersTimes === undefined ? usual : Math.max(usual, 1 - strangersTimes * (1 - own));
  const share = (cosine - strangers) / (own - strangers);
  if (share >= shares.nearly) return 'nearly';
  return share >= shares.some ? 'some' : 'none';
}

/** Photos that are compared at most; more would not move the percentiles. */
const maximumRangePhotos = 200;

/**
 * 10th percentile, median and 90th of the cosines between every two photos by one engine; null with fewer than two.
 */
export function likenessRange(
  embeddings: readonly ArrayLike<number>[], engine: FaceEngineId = 'built-in',
): LikenessRange | null {
  const every = Math.ceil(embeddings.length / maximumRangePhotos);
  const some = embeddings.filter((_, i) => i % every === 0);
  const cosines = some.flatMap((one, i) => some.slice(i + 1).map((other) => faceLikeness(one, other).cosine));
  if (cosines.length === 0) return null;
  cosines.sort((a, b) => a - b);
  const low = percentile(cosines, 0.1);
  const isOneMoment = low >= scales[engine].sameMoment;
  return { low, median: percentile(cosines, 0.5), high: percentile(cosines, 0.9), isOneMoment };
}

/** Of sorted numbers, between the two nearest in a line. */
function percentile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (place - below);
}

/**
 * Of each embedding the mean cosine to the others; empty with fewer than two. It is one product with the sum of all, so
 * that thousands take no longer than they must. The order is also that of nearness to the mean direction.
 */
export function meanCosines(embeddings: readonly Float32Array[]): number[] {
  if (embeddings.length < 2) return [];
  const units = embeddings.map(unitOf);
  const sum = new Float64Array(units[0]!.length);
  for (const unit of units) unit.forEach((value, i) => { sum[i]! += value; });
  return units.map((unit) => (dot(unit, sum) - dot(unit, unit)) / (units.length - 1));
}

function unitOf(embedding: Float32Array): Float64Array {
  const length = Math.sqrt(embedding.reduce((total, value) => total + value ** 2, 0));
  return Float64Array.from(embedding, (value) => (length === 0 ? 0 : value / length));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((total, value, i) => total + value * b[i]!, 0);
}
