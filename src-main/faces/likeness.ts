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

/** What strangers' faces get from an engine's embeddings, in the mean. */
const strangersCosine: Readonly<Record<FaceEngineId, number>> = { 'built-in': 0.82, antelopev2: 0.05 };
/** Cosine from which on two pictures are taken for one person. */
const samePersonCosine: Readonly<Record<FaceEngineId, number>> = { 'built-in': 0.9, antelopev2: 0.4 };

/** A cosine in words, against the range of the subject's own photos by the same engine. */
export function likenessLevel(
  cosine: number, range: LikenessRange, engine: FaceEngineId = 'built-in',
): LikenessLevel {
  const strangers = strangersCosine[engine];
  const full = Math.max(range.low, samePersonCosine[engine]);
  if (cosine >= full) return 'as-two-photos';
  const share = (cosine - strangers) / (full - strangers);
  if (share >= 2 / 3) return 'nearly';
  return share >= 1 / 3 ? 'some' : 'none';
}

/** Photos that are compared at most; more would not move the percentiles. */
const maximumRangePhotos = 200;

/** 10th percentile, median and 90th of the cosines between every two photos; null with fewer than two. */
export function likenessRange(embeddings: readonly ArrayLike<number>[]): LikenessRange | null {
  const every = Math.ceil(embeddings.length / maximumRangePhotos);
  const some = embeddings.filter((_, i) => i % every === 0);
  const cosines = some.flatMap((one, i) => some.slice(i + 1).map((other) => faceLikeness(one, other).cosine));
  if (cosines.length === 0) return null;
  cosines.sort((a, b) => a - b);
  return { low: percentile(cosines, 0.1), median: percentile(cosines, 0.5), high: percentile(cosines, 0.9) };
}

/** Of sorted numbers, between the two nearest in a line. */
function percentile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (place - below);
}
