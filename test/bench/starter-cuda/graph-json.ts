// A graph in JSON, with its frozen numbers in one blob: what onnx_free.py runs on CUDA.

import { simplify } from '../../../src-main/compiler/3-simplify/simplify.ts';
import type { Graph, Value } from '../../../src-main/compiler/1-build/graph.ts';
import { toFloat32 } from '../../../src-main/tensor/half.ts';
import { type Tensor, tensorBytes } from '../../../src-main/tensor/tensor.ts';

export interface GraphJson {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly id: number; readonly dtype: string;
    readonly shape: readonly number[] }[];
  /** Frozen numbers: at bytes `offset` of the blob, or, with `entry`, that entry of the input vector `base`. */
  readonly constants: readonly { readonly id: number; readonly dtype: string; readonly shape: readonly number[];
    readonly offset?: number; readonly entry?: string }[];
  readonly nodes: readonly { readonly op: string; readonly in: readonly (number | null)[];
    readonly out: readonly number[]; readonly shape: readonly number[]; readonly at: object }[];
  readonly outputs: Readonly<Record<string, number>>;
}

/** No attention in slices: the card has the memory. */
const attention = { maxBufferBytes: 1e13, recomputeBytes: 1e13 };

/** `entryOf`: the entry of `base` that a frozen tensor's numbers are taken from. */
export function graphJson(
  graph: Graph, blob: Uint8Array[], entryOf: (name: string) => string | undefined = () => undefined,
): GraphJson {
  const simple = simplify(graph, { attention, splitsWidely: true });
  const ids = new Map<Value, number>();
  const idOf = (value: Value): number => {
    if (!ids.has(value)) ids.set(value, ids.size);
    return ids.get(value)!;
  };
  const described = (value: Value) => ({ id: idOf(value), dtype: value.dtype, shape: value.shape });
  let offset = blob.reduce((sum, bytes) => sum + bytes.length, 0);
  return {
    name: simple.name, inputs: simple.inputs.map((value) => ({ name: value.name, ...described(value) })),
    constants: [...simple.initializers].map(([value, source]) => {
      const entry = entryOf(value.name);
      if (entry !== undefined) return { ...described(value), entry };
      const tensor = source as Tensor;
      const bytes = tensorBytes(tensor.dtype === 'float16' ? toFloat32(tensor) : tensor);
      blob.push(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      offset += bytes.byteLength;
      return { ...described(value), offset: offset - bytes.byteLength };
    }),
    nodes: simple.nodes.map((node) => ({
      op: node.op, in: node.inputs.map((value) => (value ? idOf(value) : null)), out: node.outputs.map(idOf),
      shape: node.outputs[0]!.shape, at: node.attributes,
    })),
    outputs: Object.fromEntries([...simple.outputs].map(([name, value]) => [name, idOf(value)])),
  };
}
