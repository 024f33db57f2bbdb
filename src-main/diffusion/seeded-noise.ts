// Random numbers of the whole product: made on the host from (seed, stream, index) alone, so that a seed draws the
// same picture on every platform, provider and batch size. Philox gives the words, Box and Muller 1958 the normals.

import { elementCount, float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';
import { philox4x32 } from './philox.ts';
import { portableCosSin, portableLog } from './portable-functions.ts';

const twoTo32 = 2 ** 32;

/**
 * Unit normal float32 noise. Streams of one seed are independent: a run takes stream 0 for its first latent and
 * 1, 2, … for its steps. Element i does not depend on the shape. Seed and stream are whole, 0 to 2^53 - 1.
 */
export function normalNoise(seed: number, stream: number, shape: Shape): Tensor {
  return float32Tensor(shape, normalNumbers(seed, stream, elementCount(shape)));
}

/** The same numbers without a shape. */
export function normalNumbers(seed: number, stream: number, count: number): Float32Array {
  const normals = new Float32Array(count);
  eachBlock(seed, stream, count, (words, first) => {
    for (let pair = 0; pair < 4; pair += 2) {
      // half a unit up, so that the logarithm never meets 0
      const radius = Math.sqrt(-2 * portableLog((words[pair]! + 0.5) / twoTo32));
      const { cos, sin } = portableCosSin(words[pair + 1]! / twoTo32);
      if (first + pair < count) normals[first + pair] = radius * cos;
      if (first + pair + 1 < count) normals[first + pair + 1] = radius * sin;
    }
  });
  return normals;
}

/** Uniform numbers in [0, 1), multiples of 2^-32. */
export function uniformNumbers(seed: number, stream: number, count: number): Float64Array {
  const numbers = new Float64Array(count);
  eachBlock(seed, stream, count, (words, first) => {
    for (let k = 0; k < 4 && first + k < count; k++) numbers[first + k] = words[k]! / twoTo32;
  });
  return numbers;
}

// Key: the seed. Counter: block number below, stream above, so no two (stream, block) share a counter.
function eachBlock(
  seed: number, stream: number, count: number, use: (words: Uint32Array, first: number) => void,
): void {
  const key = [lowWord(seed, 'seed'), highWord(seed)] as const;
  const [streamLow, streamHigh] = [lowWord(stream, 'stream'), highWord(stream)];
  const words = new Uint32Array(4);
  for (let first = 0; first < count; first += 4) {
    const block = first / 4;
    philox4x32([block >>> 0, highWord(block), streamLow, streamHigh], key, words);
    use(words, first);
  }
}

function lowWord(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`A ${name} is a whole number from 0, not ${value}.`);
  return value % twoTo32;
}

function highWord(value: number): number {
  return Math.floor(value / twoTo32);
}
