// Where a network's weights are: tensors that still lie in their file, named as diffusers and Transformers name them.
// Networks see only these names; key-names.ts translates whatever naming the file has.

import type { DType, Shape, Tensor } from './tensor.ts';

/** A tensor that stays in its file: `lengthBytes` bytes from `offsetBytes` (counted from the start of the file). */
export interface TensorReference {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Absolute path. */
  readonly file: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export type WeightSource = TensorReference | Tensor;

/** Weights of one network by name, e.g. 'down_blocks.0.resnets.0.conv1.weight'. */
export type WeightTable = ReadonlyMap<string, WeightSource>;

export function isTensorReference(source: WeightSource): source is TensorReference {
  return 'file' in source;
}
