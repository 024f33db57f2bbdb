// The float64 reference: runs a graph node by node with the rules' own evaluations. Slow, exact, no device. Values
// whose type is float16 are rounded to it as they are made, so that what overflows or vanishes there does so here.

import { type DType, type Tensor, elementCount, newTensorData } from '../tensor/tensor.ts';
import { toFloat32, toFloatDType } from '../tensor/half.ts';
import type { Graph, Value } from './1-build/graph.ts';
import type { NumberArray } from './ops/op-rule.ts';
import { ruleOf } from './ops/op-table.ts';
import { sameShape, shapeText } from './ops/shapes.ts';

/**
 * Values of the graph's outputs in float64. Initializers must be in memory (a TensorReference is refused: this
 * folder touches no file).
 */
export function evaluate(graph: Graph, feeds: Readonly<Record<string, Tensor>>): Record<string, NumberArray> {
  const values = new Map<Value, NumberArray>();
  for (const input of graph.inputs) {
    const tensor = feeds[input.name];
    if (!tensor) throw new Error(`${graph.name} needs ${input.name}.`);
    if (!sameShape(tensor.shape, input.shape)) {
      throw new Error(`${input.name} is ${shapeText(tensor.shape)}, not ${shapeText(input.shape)}.`);
    }
    values.set(input, numbersOf(tensor));
  }
  for (const [value, source] of graph.initializers) {
    if ('file' in source) throw new Error(`${value.name} lies in a file; read it before evaluating.`);
    values.set(value, numbersOf(source));
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => value && values.get(value));
    ruleOf(node.op).evaluate(inputs, node).forEach((array, index) => {
      const output = node.outputs[index]!;
      values.set(output, output.dtype === 'float16' ? rounded(array) : array);
    });
  }
  return Object.fromEntries([...graph.outputs].map(([name, value]) => [name, values.get(value)!]));
}

function rounded({ shape, values }: NumberArray): NumberArray {
  return { shape, values: Float64Array.from(Float16Array.from(values)) };
}

export function numbersOf(tensor: Tensor): NumberArray {
  const { data } = tensor.dtype === 'float16' || tensor.dtype === 'bfloat16' ? toFloat32(tensor) : tensor;
  return { shape: tensor.shape, values: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

/** Rounds evaluated numbers to a tensor of a dtype. */
export function tensorOf(array: NumberArray, dtype: DType): Tensor {
  if (dtype === 'float16' || dtype === 'bfloat16') return toFloatDType(tensorOf(array, 'float32'), dtype);
  const data = newTensorData(dtype, elementCount(array.shape));
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  for (let i = 0; i < array.values.length; i++) {
    (data as Float32Array)[i] = (isBig ? BigInt(array.values[i]!) : array.values[i]!) as number;
  }
  return { dtype, shape: array.shape, data };
}
