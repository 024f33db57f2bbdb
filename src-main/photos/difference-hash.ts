// A short hash by which copies of a picture find each other though they were reduced, saved again or brightened.

import { type RgbPicture, luma, reduceByBlocks, resampleRegion } from './pixels.ts';

const columns = 8;
const rows = 8;
/** Means of whole blocks do first, as long as this many of them are left along the shorter edge. */
const blocks = 72;

/**
 * The 64-bit difference hash (dHash, Krawetz 2013) as 16 hexadecimal digits: the whole picture at 9 x 8 grey pixels,
 * one bit for each that is brighter than its neighbour to the left, row by row, the first bit highest.
 */
export function differenceHash(picture: RgbPicture): string {
  const small = reduceByBlocks(picture, Math.floor(Math.min(picture.width, picture.height) / blocks));
  const whole = { left: 0, top: 0, width: small.width, height: small.height };
  const grey = luma(resampleRegion(small, whole, columns + 1, rows, 'reflect'));
  let digits = '';
  for (let y = 0; y < rows; y++) {
    let byte = 0;
    for (let x = 0; x < columns; x++) {
      const at = y * (columns + 1) + x;
      byte = byte * 2 + Number(grey[at + 1]! > grey[at]!);
    }
    digits += byte.toString(16).padStart(2, '0');
  }
  return digits;
}

/** Two halves of a hash as 32-bit numbers, for many comparisons. */
export type HashHalves = readonly [number, number];

export function hashHalves(hash: string): HashHalves {
  return [Number.parseInt(hash.slice(0, 8), 16) | 0, Number.parseInt(hash.slice(8), 16) | 0];
}

/** In how many of their 64 bits two hashes differ. */
export function hashDistance([a, b]: HashHalves, [c, d]: HashHalves): number {
  return bitCount(a ^ c) + bitCount(b ^ d);
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
