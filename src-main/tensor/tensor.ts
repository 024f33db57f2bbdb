// Numbers with a dtype and a shape: what goes into and comes out of graphs and checkpoint files.
// dtype names are ONNX Runtime's JavaScript spelling (F32 and BF16 are the files' own words, in checkpoint/ only).

export type DType =
  | 'float64' | 'float32' | 'float16' | 'bfloat16'
  | 'int64' | 'int32' | 'int16' | 'int8'
  | 'uint64' | 'uint32' | 'uint16' | 'uint8' | 'bool';

/** Sizes along each axis, outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** float16 and bfloat16 are held as their bit patterns in a Uint16Array, bool as 0/1 in a Uint8Array. */
export type TensorData =
  | Float64Array | Float32Array | Uint16Array | BigInt64Array | BigUint64Array
  | Int32Array | Uint32Array | Int16Array | Int8Array | Uint8Array;

export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TensorData;
}

export const bytesPerElement: Readonly<Record<DType, number>> = {
  float64: 8, float32: 4, float16: 2, bfloat16: 2,
  int64: 8, int32: 4, int16: 2, int8: 1,
  uint64: 8, uint32: 4, uint16: 2, uint8: 1, bool: 1,
};

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}

export function float32Tensor(shape: Shape, data: Float32Array | readonly number[]): Tensor {
  const values = data instanceof Float32Array ? data : Float32Array.from(data);
  if (values.length !== elementCount(shape)) {
    throw new Error(`A tensor of shape [${shape.join(', ')}] cannot hold ${values.length} numbers.`);
  }
  return { dtype: 'float32', shape, data: values };
}

export function int64Tensor(shape: Shape, values: Iterable<number | bigint>): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from([...values].map((value) => BigInt(value))) };
}

/** An empty typed array of the right kind for `count` elements of a dtype. */
export function newTensorData(dtype: DType, count: number): TensorData {
  switch (dtype) {
    case 'float64': return new Float64Array(count);
    case 'float32': return new Float32Array(count);
    case 'float16': case 'bfloat16': case 'uint16': return new Uint16Array(count);
    case 'int64': return new BigInt64Array(count);
    case 'uint64': return new BigUint64Array(count);
    case 'int32': return new Int32Array(count);
    case 'uint32': return new Uint32Array(count);
    case 'int16': return new Int16Array(count);
    case 'int8': return new Int8Array(count);
    case 'uint8': case 'bool': return new Uint8Array(count);
  }
}

/** Reads raw little-endian bytes as a tensor; copies when the bytes are not aligned for the dtype. */
export function tensorFromBytes(dtype: DType, shape: Shape, bytes: Uint8Array): Tensor {
  const count = elementCount(shape);
  if (bytes.byteLength !== count * bytesPerElement[dtype]) {
    throw new Error(`A ${dtype} tensor of shape [${shape.join(', ')}] does not take ${bytes.byteLength} bytes.`);
  }
  const data = newTensorData(dtype, count);
  new Uint8Array(data.buffer).set(bytes);
  return { dtype, shape, data };
}

/** The raw little-endian bytes of a tensor, without a copy. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
