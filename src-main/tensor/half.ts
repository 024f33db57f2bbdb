// float16 (IEEE 754 binary16) and bfloat16 bit patterns to and from float32.
// Rounding is to nearest, ties to even, as IEEE 754-2019 section 4.3.1 and every public implementation do.

import { type DType, type Tensor, elementCount } from './tensor.ts';

const float32View = new Float32Array(1);
const bitsView = new Uint32Array(float32View.buffer);

export function float16BitsToFloat32(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa ? NaN : sign * Infinity;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

export function float32ToBfloat16Bits(value: number): number {
  float32View[0] = value;
  const bits = bitsView[0]!;
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  const rounded = bits + 0x7fff + ((bits >>> 16) & 1);
  return (rounded >>> 16) & 0xffff;
}

export function bfloat16BitsToFloat32(bits: number): number {
  bitsView[0] = bits << 16;
  return float32View[0]!;
}

let float16Table: Float32Array | undefined;

function float16Values(): Float32Array {
  float16Table ??= Float32Array.from({ length: 65536 }, (_, bits) => float16BitsToFloat32(bits));
  return float16Table;
}

/** A float32 copy of any numeric tensor (int64 and uint64 lose precision beyond 2^53). */
export function toFloat32(tensor: Tensor): Tensor {
  const count = elementCount(tensor.shape);
  const out = new Float32Array(count);
  const { data, dtype } = tensor;
  if (dtype === 'float16') {
    const table = float16Values();
    const bits = data as Uint16Array;
    for (let i = 0; i < count; i++) out[i] = table[bits[i]!]!;
  } else if (dtype === 'bfloat16') {
    const bits = data as Uint16Array;
    for (let i = 0; i < count; i++) out[i] = bfloat16BitsToFloat32(bits[i]!);
  } else {
    for (let i = 0; i < count; i++) out[i] = Number(data[i]!);
  }
  return { dtype: 'float32', shape: tensor.shape, data: out };
}

/** Rounds a tensor to float16 or bfloat16, or copies it to float32. */
export function toFloatDType(tensor: Tensor, dtype: Extract<DType, 'float32' | 'float16' | 'bfloat16'>): Tensor {
  if (tensor.dtype === dtype) return tensor;
  const source = toFloat32(tensor);
  if (dtype === 'float32') return source;
  const values = source.data as Float32Array;
  return { dtype, shape: tensor.shape, data: dtype === 'float16' ? float16Bits(values) : bfloat16Bits(values) };
}

function float16Bits(values: Float32Array): Uint16Array {
  return new Uint16Array(new Float16Array(values).buffer);
}

function bfloat16Bits(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = float32ToBfloat16Bits(values[i]!);
  return bits;
}
