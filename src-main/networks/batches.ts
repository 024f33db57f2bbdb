// Batches of float32 tensors, taken apart and put together along their first axis.

import { type Tensor, elementCount } from '../tensor/tensor.ts';

/** [B, …] → B tensors [1, …], each a copy. */
export function splitBatch(tensor: Tensor): Tensor[] {
  const [batch, ...rest] = tensor.shape as [number, ...number[]];
  const size = elementCount(rest);
  const data = tensor.data as Float32Array;
  return Array.from({ length: batch }, (_, i) => (
    { dtype: 'float32', shape: [1, ...rest], data: data.slice(i * size, (i + 1) * size) }));
}

/** Tensors [Bᵢ, …] that differ in Bᵢ only → [ΣBᵢ, …]. */
export function joinBatch(tensors: readonly Tensor[]): Tensor {
  const [, ...rest] = tensors[0]!.shape;
  const batch = tensors.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new Float32Array(batch * elementCount(rest));
  let offset = 0;
  for (const tensor of tensors) {
    if (tensor.shape.slice(1).join() !== rest.join()) {
      throw new Error(`[${tensor.shape.join(', ')}] does not join a batch of [${tensors[0]!.shape.join(', ')}].`);
    }
    data.set(tensor.data as Float32Array, offset);
    offset += tensor.data.length;
  }
  return { dtype: 'float32', shape: [batch, ...rest], data };
}
