// Rounding as NumPy and OpenCV do it, where a reference's whole numbers must come out.

/** To the nearest whole number, halves to the even one; Math.round would put 937.5 at 938 and 812.5 at 813. */
export function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
