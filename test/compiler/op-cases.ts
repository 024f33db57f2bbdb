// One list of cases for every op of the compiler, used three times: against ONNX Runtime, against central differences,
// and to see that no op is without a case. A case's inputs are drawn from its own seed.

import type { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { zeroAfter } from '../../src-main/compiler/1-build/barrier.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import type { Shape, Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor } from './numbers.ts';
import { productCases } from './op-cases-products.ts';

export interface OpCase {
  readonly op: string;
  readonly about: string;
  /** Shapes of float32 inputs drawn from -1..1, or tensors. Integers and booleans are not differentiated towards. */
  readonly inputs: readonly (Shape | Tensor)[];
  readonly build: (g: GraphBuilder, ...inputs: Value[]) => Value;
  /** Inputs to differentiate towards where not all floats; [] for an op without a derivative. */
  readonly wanted?: readonly number[];
}

export const positive = (shape: Shape): Tensor => randomTensor(shape, 11, 0.4, 2);
export const wide = (shape: Shape): Tensor => randomTensor(shape, 12, -4, 4);

export function ints(shape: Shape, values: readonly number[]): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

export function bools(shape: Shape, values: readonly number[]): Tensor {
  return { dtype: 'bool', shape, data: Uint8Array.from(values) };
}

function floats(shape: Shape, values: readonly number[]): Tensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

type Unary = (g: GraphBuilder, x: Value) => Value;
type Binary = (g: GraphBuilder, a: Value, b: Value) => Value;

const unaryCases: readonly OpCase[] = ([
  ['Neg', (g, x) => g.neg(x)], ['Exp', (g, x) => g.exp(x)], ['Sigmoid', (g, x) => g.sigmoid(x)],
  ['Tanh', (g, x) => g.tanh(x)], ['Erf', (g, x) => g.erf(x)], ['Sin', (g, x) => g.sin(x)], ['Cos', (g, x) => g.cos(x)],
  ['Atan', (g, x) => g.atan(x)], ['Abs', (g, x) => g.abs(x)], ['Relu', (g, x) => g.relu(x)],
  ['Clip', (g, x) => g.clip(x, -1.5, 2)], ['QuickGelu', (g, x) => g.quickGelu(x)], ['QuickGelu', (g, x) => g.silu(x)],
  ['Gelu', (g, x) => g.gelu(x)], ['Tanh', (g, x) => g.geluTanh(x)],
] as [string, Unary][]).map(([op, build]) => ({ op, about: 'numbers from -4 to 4', inputs: [wide([3, 7])], build }));

const positiveCases: readonly OpCase[] = ([
  ['Log', (g, x) => g.log(x)], ['Sqrt', (g, x) => g.sqrt(x)], ['Reciprocal', (g, x) => g.reciprocal(x)],
] as [string, Unary][]).map(([op, build]) => ({ op, about: 'positive numbers', inputs: [positive([2, 5])], build }));

const arithmetic: readonly [string, Binary][] = [
  ['Add', (g, a, b) => g.add(a, b)], ['Sub', (g, a, b) => g.sub(a, b)], ['Mul', (g, a, b) => g.mul(a, b)],
  ['Div', (g, a, b) => g.div(a, b)], ['Min', (g, a, b) => g.min(a, b)], ['Max', (g, a, b) => g.max(a, b)],
  ['Pow', (g, a, b) => g.pow(a, b)],
];

const broadcasts: readonly [string, Shape, Shape][] = [
  ['same shape', [2, 3, 4], [2, 3, 4]], ['right side repeated along two axes', [2, 3, 4], [3, 1]],
  ['left side repeated', [3], [2, 1, 3]], ['both sides repeated', [2, 1, 3], [4, 1]], ['a number', [], [2, 3]],
];

const binaryCases: readonly OpCase[] = arithmetic.flatMap(([op, build]) => broadcasts.map(([about, a, b]) => (
  // a lone number lies amid the others, so that Min and Max take from both sides
  { op, about, inputs: [a.length === 0 ? floats(a, [1.2]) : positive(a), randomTensor(b, 13, 0.5, 1.9)], build }
)));

const whole = floats([2, 3], [1, 2, 2, -1, 0, 3]);
const comparisonCases: readonly OpCase[] = ([
  ['Greater', (g, a, b) => g.greater(a, b)], ['Less', (g, a, b) => g.less(a, b)], ['Equal', (g, a, b) => g.equal(a, b)],
] as [string, Binary][]).map(([op, build]) => (
  { op, about: 'smaller, equal and larger', inputs: [whole, floats([3], [1, 2, 0])], build, wanted: [] }));

const choiceCases: readonly OpCase[] = [
  { op: 'Pow', about: 'a negative base to a fixed power', inputs: [wide([4])], build: (g, x) => g.pow(x, g.scalar(3)) },
  { op: 'Floor', about: 'both signs', inputs: [wide([9])], build: (g, x) => g.floor(x), wanted: [] },
  { op: 'Where', about: 'all three repeated', inputs: [bools([2, 1], [1, 0]), [3], [2, 1]],
    build: (g, c, a, b) => g.where(c, a, b) },
  { op: 'Where', about: 'a number instead', inputs: [bools([4], [1, 0, 0, 1]), [4]],
    build: (g, c, a) => g.where(c, a, g.scalar(2)) },
  { op: 'Cast', about: 'bool to float32', inputs: [bools([3], [1, 0, 1])], build: (g, x) => g.cast(x, 'float32') },
  { op: 'Cast', about: 'float32 to int64 cuts towards zero', inputs: [wide([6])], build: (g, x) => g.cast(x, 'int64'),
    wanted: [] },
  { op: 'LateCast', about: 'half-precision numbers once another is known', wanted: [],
    inputs: [[3, 2]], build: (g, other) => {
      const half = g.constant(toFloatDType(wide([2, 5]), 'float16'));
      return g.node('LateCast', [half, zeroAfter(g, other)])[0]!;
    } },
  { op: 'Cast', about: 'there and back', inputs: [[5]], build: (g, x) => g.cast(g.cast(x, 'float64'), 'float32') },
];

const structureCases: readonly OpCase[] = [
  { op: 'Reshape', about: 'one size open', inputs: [[2, 3, 4]], build: (g, x) => g.reshape(x, [4, -1]) },
  { op: 'Transpose', about: 'four axes', inputs: [[2, 3, 1, 4]], build: (g, x) => g.transpose(x, [2, 0, 3, 1]) },
  { op: 'Slice', about: 'from the end', inputs: [[2, 5]], build: (g, x) => g.slice(x, -1, -3, -1) },
  { op: 'Slice', about: 'every second of an odd size', inputs: [[5, 2]], build: (g, x) => g.slice(x, 0, 0, 5, 2) },
  { op: 'Slice', about: 'every third from the second', inputs: [[2, 8]], build: (g, x) => g.slice(x, 1, 1, 7, 3) },
  { op: 'Slice', about: 'an end beyond the size', inputs: [[4]], build: (g, x) => g.slice(x, 0, 2, 99) },
  { op: 'Slice', about: 'unequal parts, put together differently', inputs: [[2, 6]], build: (g, x) => {
    const [a, b, c] = g.split(x, 1, [1, 2, 3]);
    return g.concat([c!, a!, b!], 1);
  } },
  { op: 'Split', about: 'three parts of the middle axis', inputs: [[2, 6, 2]], wanted: [], build: (g, x) => {
    const [a, b, c] = g.node('Split', [x], { axis: 1, sizes: [1, 3, 2] });
    return g.concat([c!, a!, b!], 1);
  } },
  { op: 'Concat', about: 'a value twice beside another', inputs: [[2, 3], [2, 1]],
    build: (g, a, b) => g.concat([a, b, a], -1) },
  { op: 'Expand', about: 'new axes and repeated ones', inputs: [[3, 1]], build: (g, x) => g.expand(x, [2, 3, 4]) },
  { op: 'Expand', about: 'whole copies', inputs: [[2, 3]], build: (g, x) => g.tile(x, [2, 3]) },
  { op: 'Pad', about: 'one side of each axis, not with zeros', inputs: [[2, 3]],
    build: (g, x) => g.pad(x, [1, 0], [0, 2], 0.5) },
  { op: 'Gather', about: 'rows, repeated and from the end', inputs: [[4, 3], ints([2, 2], [1, -1, 1, 0])],
    build: (g, x, at) => g.gather(x, at) },
  { op: 'Gather', about: 'the middle axis', inputs: [[2, 3, 2], ints([4], [2, 0, 0, 1])],
    build: (g, x, at) => g.gather(x, at, 1) },
];

const reductionCases: readonly OpCase[] = ([
  ['ReduceSum', 'reduceSum'], ['ReduceMean', 'reduceMean'], ['ReduceMax', 'reduceMax'],
] as const).flatMap(([op, method]) => [
  { op, about: 'two axes kept', inputs: [[2, 3, 4]], build: (g: GraphBuilder, x: Value) => g[method](x, [2, 0]) },
  { op, about: 'last axis dropped', inputs: [[2, 3]], build: (g: GraphBuilder, x: Value) => g[method](x, [-1], false) },
  { op, about: 'all axes', inputs: [[2, 3]], build: (g: GraphBuilder, x: Value) => g[method](x, [0, 1], false) },
]);

const normalizationCases: readonly OpCase[] = [
  { op: 'Softmax', about: 'three axes', inputs: [[2, 3, 5]], build: (g, x) => g.softmax(x) },
  { op: 'Softmax', about: 'numbers that overflow exp in float32', inputs: [randomTensor([2, 4], 14, 95, 98)],
    build: (g, x) => g.softmax(x) },
  { op: 'LayerNorm', about: 'rows of five', inputs: [[2, 3, 5], [5], [5]],
    build: (g, x, scale, bias) => g.layerNorm(x, scale, bias, 1e-5) },
  { op: 'GroupNorm', about: 'pictures', inputs: [[2, 6, 3, 2], [6], [6]],
    build: (g, x, scale, bias) => g.groupNorm(x, scale, bias, 2, 1e-6) },
  { op: 'GroupNorm', about: 'rows, a group a channel', inputs: [[2, 3, 5], [3], [3]],
    build: (g, x, scale, bias) => g.groupNorm(x, scale, bias, 3, 1e-2) },
];

export const opCases: readonly OpCase[] = [
  ...unaryCases, ...positiveCases, ...binaryCases, ...comparisonCases, ...choiceCases, ...structureCases,
  ...reductionCases, ...normalizationCases, ...productCases,
];
