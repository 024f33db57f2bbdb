// Likeness in a report: portraits with the look beside those without it, on the same prompts and seeds.

import type { Likeness, Portrait } from '../contract/nouns.ts';

/** Means over portraits; null where none had the number. */
export function meanOf(portraits: readonly Portrait[]): Likeness {
  const mean = (key: keyof Likeness): number | null => {
    const values = portraits.flatMap((portrait) => portrait.likeness[key] ?? []);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    cosine: mean('cosine'), distance: mean('distance'), latentDistance: mean('latentDistance'),
    placeCosine: mean('placeCosine'),
  };
}

export interface Pair {
  readonly seed: number;
  readonly prompt: string;
  readonly withLook: Portrait;
  readonly withoutLook: Portrait;
}

/** Portraits of one job, each with look beside its twin without. */
export function pairsOf(portraits: readonly Portrait[]): Pair[] {
  return portraits.flatMap((withLook) => {
    if (withLook.adapterId === null) return [];
    const withoutLook = portraits.find((other) =>
      other.adapterId === null && other.seed === withLook.seed && other.prompt === withLook.prompt);
    return withoutLook ? [{ seed: withLook.seed, prompt: withLook.prompt, withLook, withoutLook }] : [];
  });
}

type Measure = 'cosine' | 'distance' | 'latentDistance';

/** In how many pairs the look is nearer, by each measure that both of a pair have. */
export function nearerCounts(pairs: readonly Pair[]): Record<Measure, { nearer: number; of: number }> {
  const count = (key: Measure, isNearer: (a: number, b: number) => boolean) => {
    const both = pairs.flatMap(({ withLook, withoutLook }) => {
      const [a, b] = [withLook.likeness[key], withoutLook.likeness[key]];
      return a === null || b === null ? [] : [isNearer(a, b)];
    });
    return { nearer: both.filter(Boolean).length, of: both.length };
  };
  return {
    cosine: count('cosine', (a, b) => a > b),
    distance: count('distance', (a, b) => a < b),
    latentDistance: count('latentDistance', (a, b) => a < b),
  };
}
