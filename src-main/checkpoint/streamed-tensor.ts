// Tensors that are computed while they are written, a few megabytes at a time: converted, stacked, transposed or merged
// ones. A checkpoint of 7 GB is written through them with little memory.

import { open } from 'node:fs/promises';

import { toFloat32, toFloatDType } from '../tensor/half.ts';
import {
  bytesPerElement, type DType, elementCount, float32Tensor, type Shape, type Tensor, tensorFromBytes,
} from '../tensor/tensor.ts';
import { isTensorReference, type TensorReference, type WeightSource } from '../tensor/weights.ts';
import { unreadableFile } from './file-errors.ts';
import { readBytes } from './read-bytes.ts';
import { readTensor } from './safetensors.ts';
import { transposed } from './weight-views.ts';

/** A tensor whose numbers come in blocks, in the order of its memory; each call of `blocks` computes them anew. */
export interface StreamedTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Blocks have the tensor's dtype and consist of whole rows of the first axis. */
  readonly blocks: () => AsyncIterable<Tensor>;
}

/** What a file can be written from. */
export type WritableTensor = WeightSource | StreamedTensor;

export type WritableTable = ReadonlyMap<string, WritableTensor>;

export type FloatDType = 'float32' | 'float16' | 'bfloat16';

const blockBytes = 4 << 20;

export function isStreamed(source: WritableTensor): source is StreamedTensor {
  return 'blocks' in source;
}

/** The tensor's numbers in blocks of whole rows, at most 4 MB each unless one row is larger. */
export async function* blocksOf(source: WritableTensor): AsyncIterable<Tensor> {
  if (isStreamed(source)) yield* source.blocks();
  else if (isTensorReference(source)) yield* blocksOfReference(source);
  else yield source;
}

async function* blocksOfReference(source: TensorReference): AsyncIterable<Tensor> {
  const { dtype, shape, file, offsetBytes } = source;
  const [rows = 1, ...row] = shape;
  const rowBytes = elementCount(row) * bytesPerElement[dtype];
  const rowsAtOnce = Math.max(1, Math.floor(blockBytes / Math.max(1, rowBytes)));
  const handle = await open(file, 'r').catch((cause: unknown) => { throw unreadableFile(file, cause); });
  try {
    for (let first = 0; first < rows && rowBytes > 0; first += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, rows - first);
      const bytes = await readBytes(handle, file, offsetBytes + first * rowBytes, count * rowBytes);
      yield tensorFromBytes(dtype, shape.length === 0 ? [] : [count, ...row], bytes);
    }
  } finally {
    await handle.close();
  }
}

/** The whole tensor in memory. */
export async function readWhole(source: WritableTensor): Promise<Tensor> {
  if (!isStreamed(source)) return await readTensor(source);
  const { dtype, shape } = source;
  const bytes = new Uint8Array(elementCount(shape) * bytesPerElement[dtype]);
  let done = 0;
  for await (const { data } of source.blocks()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), done);
    done += data.byteLength;
  }
  if (done !== bytes.length) throw new Error(`A streamed tensor gave ${done} bytes in place of ${bytes.length}.`);
  return tensorFromBytes(dtype, shape, bytes);
}

/** The same numbers rounded to another float type; integers stay. */
export function converted(source: WritableTensor, dtype: FloatDType): WritableTensor {
  if (source.dtype === dtype || !isFloat(source.dtype)) return source;
  return {
    dtype, shape: source.shape,
    async *blocks() {
      for await (const block of blocksOf(source)) yield toFloatDType(block, dtype);
    },
  };
}

export function isFloat(dtype: DType): boolean {
  return dtype === 'float64' || dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}

/** Tensors of equal rows and type, one below the other. */
export function stacked(sources: readonly WritableTensor[]): WritableTensor {
  const [first, ...others] = sources;
  if (!first) throw new Error('Nothing to stack.');
  if (others.length === 0) return first;
  const [, ...row] = first.shape;
  if (others.some(({ dtype, shape }) => dtype !== first.dtype || shape.slice(1).join() !== row.join())) {
    throw new Error('Tensors of different rows cannot be stacked.');
  }
  const rows = sources.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return {
    dtype: first.dtype, shape: [rows, ...row],
    async *blocks() {
      for (const source of sources) yield* blocksOf(source);
    },
  };
}

/** A matrix whose row i is the mean of the rows `rows[i]` of another; that is held in memory while it is written. */
export function meanRowsStream(source: WritableTensor, rows: readonly (readonly number[])[]): StreamedTensor {
  const [count, width] = source.shape as [number, number];
  if (rows.some((each) => each.length === 0 || each.some((row) => !(row >= 0 && row < count)))) {
    throw new Error(`Rows were asked for that a table of ${count} rows does not have.`);
  }
  return {
    dtype: 'float32', shape: [rows.length, width],
    async *blocks() {
      const table = toFloat32(await readWhole(source)).data as Float32Array;
      const rowsAtOnce = Math.max(1, Math.floor(blockBytes / (4 * width)));
      for (let first = 0; first < rows.length; first += rowsAtOnce) {
        const part = rows.slice(first, first + rowsAtOnce);
        yield float32Tensor([part.length, width], meanRows(table, part, width));
      }
    },
  };
}

function meanRows(table: Float32Array, rows: readonly (readonly number[])[], width: number): Float32Array {
  const means = new Float32Array(rows.length * width);
  rows.forEach((sources, target) => {
    for (const row of sources) {
      for (let i = 0; i < width; i++) means[target * width + i]! += table[row * width + i]! / sources.length;
    }
  });
  return means;
}

/** Rows and columns of a matrix swapped; it is held in memory as a whole while it is written. */
export function transposedStream(source: WritableTensor): StreamedTensor {
  const [rows, columns] = source.shape;
  return {
    dtype: source.dtype, shape: [columns!, rows!],
    async *blocks() {
      yield await transposed(await readWhole(source));
    },
  };
}
