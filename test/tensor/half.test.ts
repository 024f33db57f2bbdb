// float16 and bfloat16: every bit pattern, and rounding to nearest even at its borders.

import { expect, test } from 'vitest';

import {
  bfloat16BitsToFloat32, float16BitsToFloat32, float32ToBfloat16Bits, toFloat32, toFloatDType,
} from '../../src-main/tensor/half.ts';
import {
  bytesPerElement, type DType, float32Tensor, tensorBytes, tensorFromBytes,
} from '../../src-main/tensor/tensor.ts';

const float32ToFloat16Bits = (value: number): number =>
  Number(toFloatDType(float32Tensor([1], [value]), 'float16').data[0]);

test.each([
  ['float16', float16BitsToFloat32, float32ToFloat16Bits], ['bfloat16', bfloat16BitsToFloat32, float32ToBfloat16Bits],
] as const)('every %s goes to float32 and back to its own bits', (_, widen, narrow) => {
  const changed = [];
  for (let bits = 0; bits < 65536; bits++) {
    const value = widen(bits);
    const back = narrow(value);
    if (Number.isNaN(value) ? !Number.isNaN(widen(back)) : back !== bits) changed.push(bits);
  }
  expect(changed).toEqual([]);
});

// Reference values by IEEE 754-2019, section 4.3.1: ties go to the even neighbour
test.each([
  [1, 0x3c00], [-2, 0xc000], [65504, 0x7bff], [65519.996, 0x7bff], [65520, 0x7c00], [1e9, 0x7c00], [-Infinity, 0xfc00],
  [1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [1 + 2 ** -11 + 2 ** -20, 0x3c01],
  [2047 / 2048 + 2 ** -12, 0x3c00],
  [2 ** -24, 1], [2 ** -25, 0], [2 ** -25 * 1.0001, 1], [2 ** -24 * 1.5, 2], [2 ** -14 - 2 ** -25, 0x400], [-0, 0x8000],
])('%d rounds to float16 bits %d', (value, bits) => {
  expect(float32ToFloat16Bits(value)).toBe(bits);
});

test.each([
  [1, 0x3f80], [1 + 2 ** -8, 0x3f80], [1 + 3 * 2 ** -8, 0x3f82], [3.4e38, 0x7f80], [-0, 0x8000], [2 ** -149, 0],
])('%d rounds to bfloat16 bits %d', (value, bits) => {
  expect(float32ToBfloat16Bits(value)).toBe(bits);
});

test('NaN stays NaN', () => {
  expect(float16BitsToFloat32(float32ToFloat16Bits(NaN))).toBeNaN();
  expect(bfloat16BitsToFloat32(float32ToBfloat16Bits(NaN))).toBeNaN();
});

test('tensors change their dtype and keep their shape', () => {
  const tensor = float32Tensor([2, 2], [0.5, -1.25, 65504, 0]);
  const half = toFloatDType(tensor, 'float16');
  expect(half).toMatchObject({ dtype: 'float16', shape: [2, 2] });
  expect(toFloat32(half)).toEqual(tensor);
  expect(toFloatDType(half, 'float16')).toBe(half);
});

test.each(Object.entries(bytesPerElement) as [DType, number][])('%s tensors are made of their bytes', (dtype, size) => {
  const bytes = Uint8Array.from({ length: 6 * size }, (_, i) => (dtype === 'bool' ? i & 1 : i));
  // an odd offset into a larger buffer, as in a file
  const inside = new Uint8Array(bytes.length + 1);
  inside.set(bytes, 1);
  const tensor = tensorFromBytes(dtype, [2, 3], inside.subarray(1));
  expect(tensor.data.length).toBe(6);
  expect(tensorBytes(tensor)).toEqual(bytes);
  expect(() => tensorFromBytes(dtype, [7], bytes)).toThrow();
});
