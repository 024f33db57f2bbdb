// Philox4x32-10, a counter-based generator: random word number n of a key is a pure function of (n, key), so noise
// needs no state, order or saved position (Salmon, Moraes, Dror and Shaw 2011, "Parallel Random Numbers: As Easy as
// 1, 2, 3", section 3.3; constants from its table 2).

const multiplierA = 0xd2511f53;
const multiplierB = 0xcd9e8d57;
// Weyl sequence of the key: the golden ratio and sqrt(3) - 1, as fractions of 2^32.
const weylA = 0x9e3779b9;
const weylB = 0xbb67ae85;
const rounds = 10;

export type PhiloxCounter = readonly [number, number, number, number];
export type PhiloxKey = readonly [number, number];

/** Four random 32-bit words for a 128-bit counter and a 64-bit key (words low to high), written to `out`. */
export function philox4x32(counter: PhiloxCounter, key: PhiloxKey, out: Uint32Array): void {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < rounds; round++) {
    const highA = multiplyHigh(multiplierA, c0);
    const lowA = Math.imul(multiplierA, c0);
    const highB = multiplyHigh(multiplierB, c2);
    const lowB = Math.imul(multiplierB, c2);
    c0 = highB ^ c1 ^ k0;
    c1 = lowB;
    c2 = highA ^ c3 ^ k1;
    c3 = lowA;
    k0 = (k0 + weylA) | 0;
    k1 = (k1 + weylB) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

// High 32 bits of a 32 x 32 bit product, from 16-bit halves so that every partial product is exact.
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) | 0;
}
