// From a view of a storage to weights: in place where the elements lie one after the other as the shape says, otherwise
// (transposed, strided, big-endian) read and laid out anew, as much as a file of its size can honestly need.

import {
  bytesPerElement, elementCount, newTensorData, type Shape, type Tensor, tensorFromBytes,
} from '../../tensor/tensor.ts';
import type { TensorReference, WeightSource } from '../../tensor/weights.ts';
import { readFileBytes } from '../read-bytes.ts';
import type { TorchTensor } from './pickle-values.ts';
import type { TorchContents } from './torch-contents.ts';
import { scatteredWeights } from './torch-errors.ts';

/** A few views of one storage are usual in small files; of a large one at most one copy fits into memory. */
const smallBytes = 16_000_000;
const mostBytes = 1_500_000_000;

export class TensorLayout {
  readonly #file: string;
  readonly #contents: TorchContents;
  readonly #known = new Map<TorchTensor, Promise<WeightSource>>();
  #bytesLeft: number;

  constructor(file: string, sizeBytes: number, contents: TorchContents) {
    this.#file = file;
    this.#contents = contents;
    this.#bytesLeft = Math.min(mostBytes, smallBytes + 2 * sizeBytes);
  }

  locate(tensor: TorchTensor): Promise<WeightSource> {
    let source = this.#known.get(tensor);
    if (!source) {
      source = this.#make(tensor);
      this.#known.set(tensor, source);
    }
    return source;
  }

  async #make(tensor: TorchTensor): Promise<WeightSource> {
    const { dtype, shape, storage, storageOffset, strides } = tensor;
    const itemBytes = bytesPerElement[dtype];
    const offsetBytes = this.#contents.offsets.get(storage.key)! + storageOffset * itemBytes;
    const lengthBytes = elementCount(shape) * itemBytes;
    const swaps = this.#contents.isBigEndian && itemBytes > 1;
    const reference: TensorReference = { dtype, shape, file: this.#file, offsetBytes, lengthBytes };
    if (isInOrder(shape, strides) && !swaps) return reference;
    const spanBytes = spanOf(shape, strides) * itemBytes;
    this.#bytesLeft -= lengthBytes + spanBytes;
    if (this.#bytesLeft < 0) throw scatteredWeights(this.#file);
    const bytes = await readFileBytes(this.#file, offsetBytes, spanBytes);
    if (swaps) swapBytes(bytes, itemBytes);
    return gather(tensorFromBytes(dtype, [spanBytes / itemBytes], bytes), shape, strides);
  }
}

/** Row-major without gaps. Axes of one element, and tensors without elements, may have any stride. */
function isInOrder(shape: Shape, strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

/** Elements from the first to the last. */
function spanOf(shape: Shape, strides: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 1);
}

function gather({ dtype, data: source }: Tensor, shape: Shape, strides: readonly number[]): Tensor {
  const count = elementCount(shape);
  const data = newTensorData(dtype, count);
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < count; i++) {
    data[i] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype, shape, data };
}

function swapBytes(bytes: Uint8Array, itemBytes: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (itemBytes === 2) buffer.swap16();
  if (itemBytes === 4) buffer.swap32();
  if (itemBytes === 8) buffer.swap64();
}
