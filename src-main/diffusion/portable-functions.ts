// Logarithm, sine and cosine from nothing but +, -, * and /, which IEEE 754 fixes to the last bit. ECMAScript lets
// Math.log and Math.sin differ between engines and builds, and noise must not.

const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm of a positive, normal number; within 2e-16 relative of the true value. */
export function portableLog(value: number): number {
  bits.setFloat64(0, value);
  const high = bits.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  // the mantissa in 1 to 2, then moved to sqrt(1/2) to sqrt(2)
  bits.setUint32(0, (high & 0xfffff) | (1023 << 20));
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // log m = 2 artanh s, s = (m - 1) / (m + 1); s^2 <= 0.0295, so 12 terms reach double precision
  const s = (mantissa - 1) / (mantissa + 1);
  const s2 = s * s;
  let series = 0;
  for (let n = 25; n >= 3; n -= 2) series = s2 * (1 / n + series);
  return exponent * Math.LN2 + (2 * s + 2 * s * series);
}

/** Cosine and sine of 2 pi u for u in [0, 1); within 3e-16 absolute. */
export function portableCosSin(u: number): { cos: number; sin: number } {
  const quarter = Math.floor(4 * u + 0.5);
  // exact: at most an eighth of a turn is left
  const x = 2 * Math.PI * (u - quarter / 4);
  const x2 = x * x;
  let c = 1;
  let s = 1;
  for (let n = 18; n >= 2; n -= 2) {
    c = 1 - (c * x2) / (n * (n - 1));
    s = 1 - (s * x2) / (n * (n + 1));
  }
  s *= x;
  switch (quarter & 3) {
    case 0: return { cos: c, sin: s };
    case 1: return { cos: -s, sin: c };
    case 2: return { cos: -c, sin: -s };
    default: return { cos: s, sin: -c };
  }
}
