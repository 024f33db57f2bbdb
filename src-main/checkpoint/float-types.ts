// What numbers a network's weights may be.

import type { WeightTable } from '../tensor/weights.ts';
import { unsupportedDType } from './file-errors.ts';

/** Refuses with a UserError tables with other numbers: quantised editions keep the names and change the numbers. */
export function checkFloatTypes(file: string, weights: WeightTable): void {
  for (const [name, { dtype }] of weights) {
    const isFloat = dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
    if (!isFloat) throw unsupportedDType(file, name, dtype);
  }
}
