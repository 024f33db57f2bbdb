// One small graph for every operator that our graphs are made of, so that a provider can be asked about each alone.
// Inputs are float32 whatever the precision; in float16 they are rounded first and the result is widened again, on the
// provider itself.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { zeroAfter } from '../compiler/1-build/barrier.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { normalNumbers } from '../diffusion/seeded-noise.ts';
import { toFloatDType } from '../tensor/half.ts';
import { type Shape, elementCount, float32Tensor } from '../tensor/tensor.ts';

export interface OperatorCase {
  /** As the compiler names it, with what is special about this case behind a comma. */
  readonly operator: string;
  readonly shapes: readonly Shape[];
  /** Numbers from 0.3 to 2 in place of normal ones. */
  readonly isPositive?: boolean;
  /** Only these precisions: for what exists in one of them. */
  readonly precisions?: readonly ('float32' | 'float16')[];
  /** In graphs for the processor alone. */
  readonly isForProcessor?: boolean;
  readonly build: (g: GraphBuilder, ...inputs: Value[]) => Value;
}

type Unary = 'neg' | 'exp' | 'sigmoid' | 'tanh' | 'erf' | 'abs' | 'relu' | 'floor' | 'quickGelu' | 'silu' | 'gelu';
const unaryNames: readonly (readonly [string, Unary])[] = [
  ['Neg', 'neg'], ['Exp', 'exp'], ['Sigmoid', 'sigmoid'], ['Tanh', 'tanh'], ['Erf', 'erf'], ['Abs', 'abs'],
  ['Relu', 'relu'], ['QuickGelu', 'quickGelu'], ['QuickGelu, SiLU', 'silu'], ['Gelu', 'gelu'],
];
const positiveNames: readonly (readonly [string, 'log' | 'sqrt' | 'reciprocal'])[] = [
  ['Log', 'log'], ['Sqrt', 'sqrt'], ['Reciprocal', 'reciprocal'],
];
const binaryNames: readonly (readonly [string, 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max'])[] = [
  ['Add', 'add'], ['Sub', 'sub'], ['Mul', 'mul'], ['Div', 'div'], ['Min', 'min'], ['Max', 'max'],
];
const reductionNames = [
  ['ReduceSum', 'reduceSum'], ['ReduceMean', 'reduceMean'], ['ReduceMax', 'reduceMax'],
] as const;

const elementwise: readonly OperatorCase[] = [
  ...unaryNames.map(([operator, method]): OperatorCase => (
    { operator, shapes: [[3, 40]], build: (g, x) => g[method](x) })),
  ...positiveNames.map(([operator, method]): OperatorCase => (
    { operator, shapes: [[3, 40]], isPositive: true, build: (g, x) => g[method](x) })),
  ...binaryNames.flatMap(([operator, method]): OperatorCase[] => [
    { operator, shapes: [[2, 8, 5], [2, 8, 5]], isPositive: true, build: (g, a, b) => g[method](a!, b!) },
    { operator: `${operator}, along channels`, shapes: [[2, 8, 5], [8, 1]], isPositive: true,
      build: (g, a, b) => g[method](a!, b!) },
  ]),
  { operator: 'Clip', shapes: [[3, 40]], build: (g, x) => g.clip(x!, -0.5, 1) },
  { operator: 'Pow', shapes: [[3, 8]], isPositive: true, build: (g, x) => g.pow(x!, g.scalar(1.5, floatOf(x!))) },
  { operator: 'Greater and Where', shapes: [[3, 8], [3, 8]], build: (g, a, b) => g.where(g.greater(a!, b!), a!, b!) },
  { operator: 'Sin', shapes: [[3, 8]], precisions: ['float32'], build: (g, x) => g.sin(x!) },
  { operator: 'Cos', shapes: [[3, 8]], precisions: ['float32'], build: (g, x) => g.cos(x!) },
];

const picture: Shape = [2, 8, 9, 7];
const padded = { pads: [1, 1, 1, 1] } as const;

const products: readonly OperatorCase[] = [
  { operator: 'MatMul', shapes: [[2, 3, 5, 16], [2, 3, 16, 6]], build: (g, a, b) => g.matmul(a!, b!) },
  { operator: 'MatMul, turned', shapes: [[2, 5, 16], [2, 6, 16]],
    build: (g, a, b) => g.matmul(a!, b!, { transposeB: true, alpha: 0.25 }) },
  { operator: 'MatMul, a gradient', shapes: [[16, 5], [16, 6]],
    build: (g, a, b) => g.matmul(a!, b!, { transposeA: true }) },
  { operator: 'Gemm', shapes: [[5, 16], [6, 16], [6]],
    build: (g, x, w, b) => g.node('Gemm', [x!, w!, b!], { transposeA: false, transposeB: true, alpha: 1 })[0]! },
  { operator: 'Conv, 3×3', shapes: [picture, [12, 8, 3, 3], [12]], build: (g, x, w, b) => g.conv(x!, w!, b, padded) },
  { operator: 'Conv, 1×1', shapes: [picture, [12, 8, 1, 1], [12]], build: (g, x, w, b) => g.conv(x!, w!, b) },
  { operator: 'Conv, stride 2', shapes: [picture, [12, 8, 3, 3]],
    build: (g, x, w) => g.conv(x!, w!, undefined, { ...padded, strides: [2, 2] }) },
  { operator: 'ConvTranspose', shapes: [picture, [8, 4, 3, 3]],
    build: (g, x, w) => g.convTranspose(x!, w!, undefined, { ...padded, strides: [1, 1] }) },
  { operator: 'ConvTranspose, stride 2', shapes: [picture, [8, 4, 3, 3]],
    build: (g, x, w) => g.convTranspose(x!, w!, undefined, { ...padded, strides: [2, 2], outputPadding: [1, 1] }) },
  { operator: 'Attention', shapes: [[1, 2, 24, 8], [1, 2, 20, 8], [1, 2, 20, 8]],
    build: (g, q, k, v) => g.attention(q!, k!, v!) },
];

const normalization: readonly OperatorCase[] = [
  { operator: 'Softmax', shapes: [[2, 3, 33]], build: (g, x) => g.softmax(x!) },
  { operator: 'LayerNorm', shapes: [[2, 5, 24], [24], [24]], build: (g, x, s, b) => g.layerNorm(x!, s!, b!, 1e-5) },
  // never in float16: its statistics stay in float32
  { operator: 'GroupNorm', shapes: [picture, [8], [8]], precisions: ['float32'],
    build: (g, x, s, b) => g.groupNorm(x!, s!, b!, 4, 1e-5) },
  { operator: 'GroupNorm, small epsilon', shapes: [picture, [8], [8]], precisions: ['float32'],
    build: (g, x, s, b) => g.groupNorm(x!, s!, b!, 4, 1e-6) },
  ...reductionNames.map(([operator, method]): OperatorCase => (
    { operator, shapes: [[2, 6, 20]], build: (g, x) => g[method](x!, [0, 2]) })),
];

const structure: readonly OperatorCase[] = [
  { operator: 'Reshape and Transpose', shapes: [[2, 6, 20]],
    build: (g, x) => g.transpose(g.reshape(x!, [2, 3, 2, 20]), [0, 2, 1, 3]) },
  { operator: 'Slice', shapes: [[2, 9, 8]], build: (g, x) => g.slice(x!, 1, 1, 8, 3) },
  { operator: 'Slice and Concat', shapes: [[2, 9, 8]],
    build: (g, x) => g.concat([...g.split(x!, 1, [4, 5])].reverse(), 1) },
  { operator: 'Split', shapes: [[2, 9, 8]], build: (g, x) => (
    g.concat([...g.node('Split', [x!], { axis: 1, sizes: [4, 5] })].reverse(), 1)) },
  { operator: 'Expand', shapes: [[3, 1, 5]], build: (g, x) => g.expand(x!, [2, 3, 4, 5]) },
  { operator: 'Pad', shapes: [[2, 3, 5]], build: (g, x) => g.pad(x!, [0, 1, 2], [0, 0, 1]) },
  { operator: 'ResizeNearest', shapes: [[1, 4, 5, 6]], build: (g, x) => g.resizeNearest(x!, 10, 12) },
  { operator: 'Gather', shapes: [[7, 6]], build: (g, x) => (
    g.gather(x!, g.constant({ dtype: 'int64', shape: [4], data: BigInt64Array.of(3n, 0n, 6n, 3n) }))) },
  { operator: 'Cast', shapes: [[3, 40]], precisions: ['float16'], build: (g, x) => (
    g.cast(g.cast(x!, 'float32'), 'float16')) },
  { operator: 'LateCast', shapes: [[3, 2]], precisions: ['float32'], isForProcessor: true, build: (g, x) => {
    const half = toFloatDType(float32Tensor([2, 5], normalNumbers(3, 1, 10)), 'float16');
    return g.node('LateCast', [g.constant(half), zeroAfter(g, x!)])[0]!;
  } },
];

/** In the order in which they are tried: what a driver rarely gets wrong first. */
export const operatorCases: readonly OperatorCase[] = [...elementwise, ...structure, ...normalization, ...products];

/** Numbers of an input: the same for everybody. */
export function operatorInput({ isPositive }: OperatorCase, shape: Shape, index: number): Float32Array {
  const numbers = normalNumbers(17, index, elementCount(shape));
  return isPositive ? numbers.map((value) => 0.3 + Math.min(Math.abs(value), 1.7)) : numbers;
}

function floatOf({ dtype }: Value): 'float32' | 'float16' {
  return dtype === 'float16' ? 'float16' : 'float32';
}
