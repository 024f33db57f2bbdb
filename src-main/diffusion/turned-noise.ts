// Noise near that of a seed, for portraits near one that is there: the seed's noise is turned towards that of another
// seed along the great circle through both (Shoemake 1985, "Animating rotation with quaternion curves": slerp),
//   n = sin((1 - t) W) / sin W a + sin(t W) / sin W b,   W the angle between a and b,
// which keeps its variance; a straight mean would lose some of it and draw blurred portraits.

import { normalNumbers } from './seeded-noise.ts';
import { portableCosSin } from './portable-functions.ts';

/** Towards the noise of `seed`: a `strength` of 0 is no turn, 1 takes that noise itself. */
export interface NoiseTurn {
  readonly seed: number;
  readonly strength: number;
}

/** Unit normal noise of a seed, turned towards that of other seeds one after the other. */
export function turnedNoise(seed: number, stream: number, count: number, turns: readonly NoiseTurn[]): Float32Array {
  return turns.reduce((noise, turn) => (
    slerp(noise, normalNumbers(turn.seed, stream, count), turn.strength)), normalNumbers(seed, stream, count));
}

/** The same on every machine, as the noise itself. `share` from 0, all `from`, to 1, all `to`. */
export function slerp(from: Float32Array, to: Float32Array, share: number): Float32Array {
  if (share <= 0) return from;
  if (share >= 1) return to;
  const angle = angleBetween(from, to);
  const sine = portableCosSin(angle).sin;
  // along one line, as two equal seeds are, there is no circle to turn on
  const [a, b] = sine < 1e-6 ? [1 - share, share]
    : [portableCosSin((1 - share) * angle).sin / sine, portableCosSin(share * angle).sin / sine];
  return from.map((value, i) => a * value + b * to[i]!);
}

/** In whole turns, from 0 to 1/2: halved down to where the cosine fits. */
function angleBetween(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  const cosine = dot / Math.sqrt(aa * bb);
  let [low, high] = [0, 0.5];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (portableCosSin(middle).cos > cosine) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
