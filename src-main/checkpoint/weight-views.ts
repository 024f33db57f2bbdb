// Parts and rearrangements of weights: in place in their file where the bytes stay in order, otherwise in memory.

import { bytesPerElement, elementCount, newTensorData, type Shape, type Tensor } from '../tensor/tensor.ts';
import { isTensorReference, type WeightSource } from '../tensor/weights.ts';
import { readTensor } from './safetensors.ts';

/** The same numbers under another shape. */
export function reshaped<T extends WeightSource>(source: T, shape: Shape): T {
  return elementCount(source.shape) === elementCount(shape) ? { ...source, shape } : source;
}

/** A tensor's first axis cut into equal blocks; undefined where it does not divide. */
export function rowBlocks(source: WeightSource, blocks: number): WeightSource[] | undefined {
  const [rows = 0, ...others] = source.shape;
  const each = rows / blocks;
  if (!Number.isInteger(each)) return undefined;
  const shape = [each, ...others];
  const count = elementCount(shape);
  return Array.from({ length: blocks }, (_, i): WeightSource => {
    if (!isTensorReference(source)) {
      return { dtype: source.dtype, shape, data: source.data.subarray(i * count, (i + 1) * count) };
    }
    const lengthBytes = count * bytesPerElement[source.dtype];
    return { ...source, shape, offsetBytes: source.offsetBytes + i * lengthBytes, lengthBytes };
  });
}

/** A matrix [A, B] read into memory as [B, A]. */
export async function transposed(source: WeightSource): Promise<Tensor> {
  const { dtype, shape, data } = await readTensor(source);
  const [rows, columns] = shape as [number, number];
  const turned = newTensorData(dtype, rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = data[row * columns + column]!;
  }
  return { dtype, shape: [columns, rows], data: turned };
}
