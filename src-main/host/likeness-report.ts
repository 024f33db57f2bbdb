// Likeness in a report: portraits with the look beside those without it, on the same prompts and seeds.

import type { Portrait } from '../contract/nouns.ts';

/** A portrait's likeness in one row of numbers; null where there was nothing to measure against. */
export interface MeasuredLikeness {
  /** Cosine of face embeddings; measured at the place where a portrait has its face when none was found. */
  readonly faceCosine: number | null;
  /** Euclidean distance of the same embeddings; only where a face was found. */
  readonly faceDistance: number | null;
  /** Root mean square difference to the nearest photo in the VAE's latent space. */
  readonly latentDistance: number | null;
}

export function measuredOf(
  { likeness }: Pick<Portrait, 'likeness'>,
): MeasuredLikeness & { readonly isFaceFound: boolean } {
  return {
    faceCosine: likeness.cosine ?? likeness.placeCosine ?? null,
    isFaceFound: likeness.cosine !== null,
    faceDistance: likeness.distance,
    latentDistance: likeness.latentDistance,
  };
}

/** Means over portraits; null where none had the number. */
export function meanOf(portraits: readonly Portrait[]): MeasuredLikeness & { readonly facesFound: number } {
  const all = portraits.map(measuredOf);
  const mean = (key: keyof MeasuredLikeness): number | null => {
    const values = all.flatMap((measured) => measured[key] ?? []);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    faceCosine: mean('faceCosine'), facesFound: all.filter(({ isFaceFound }) => isFaceFound).length,
    faceDistance: mean('faceDistance'), latentDistance: mean('latentDistance'),
  };
}

export interface Pair {
  readonly seed: number;
  readonly prompt: string;
  readonly withLook: Portrait;
  readonly withoutLook: Portrait;
}

/** Portraits of one job, each with look or face beside its twin by the base model alone, by seed. */
export function pairsOf(portraits: readonly Portrait[]): Pair[] {
  const pairs = portraits.flatMap((withLook) => {
    if (isAlone(withLook)) return [];
    const withoutLook = portraits.find((other) =>
      isAlone(other) && other.seed === withLook.seed && other.prompt === withLook.prompt);
    return withoutLook ? [{ seed: withLook.seed, prompt: withLook.prompt, withLook, withoutLook }] : [];
  });
  return pairs.sort((a, b) => a.seed - b.seed);
}

function isAlone({ adapterId, instantly }: Portrait): boolean {
  return adapterId === null && instantly === null;
}

type NearerCounts = Readonly<Record<keyof MeasuredLikeness, { readonly nearer: number; readonly of: number }>>;

/** In how many pairs the portrait with the look is nearer, by each measure that both of a pair have. */
export function nearerCounts(pairs: readonly Pair[]): NearerCounts {
  const count = (key: keyof MeasuredLikeness, isNearer: (a: number, b: number) => boolean) => {
    const both = pairs.flatMap(({ withLook, withoutLook }) => {
      const [a, b] = [measuredOf(withLook)[key], measuredOf(withoutLook)[key]];
      return a === null || b === null ? [] : [isNearer(a, b)];
    });
    return { nearer: both.filter(Boolean).length, of: both.length };
  };
  return {
    faceCosine: count('faceCosine', (a, b) => a > b),
    faceDistance: count('faceDistance', (a, b) => a < b),
    latentDistance: count('latentDistance', (a, b) => a < b),
  };
}
