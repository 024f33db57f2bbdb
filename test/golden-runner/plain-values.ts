// A tensor's numbers as the expected.json files write them.

import { bfloat16BitsToFloat32, float16BitsToFloat32 } from '../../src-main/tensor/half.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';

/** Row-major; 'nan', 'inf' and '-inf' as texts, integers beyond 2^53 as digits, half floats as the exact float32. */
export function plainValues({ dtype, data }: Tensor): unknown[] {
  return Array.from(data as ArrayLike<number | bigint>, (value) => plain(dtype, value));
}

function plain(dtype: Tensor['dtype'], value: number | bigint): unknown {
  if (dtype === 'bool') return value === 1;
  if (typeof value === 'bigint') {
    return value > -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value.toString();
  }
  const number = dtype === 'float16' ? float16BitsToFloat32(value)
    : dtype === 'bfloat16' ? bfloat16BitsToFloat32(value) : value;
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number > 0 ? 'inf' : '-inf';
  return number;
}
