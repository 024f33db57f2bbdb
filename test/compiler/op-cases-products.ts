// Cases of the ops that multiply and add: matrix products, convolutions, resizing, attention.

import type { MatMulOptions } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Shape } from '../../src-main/tensor/tensor.ts';
import type { OpCase } from './op-cases.ts';
import { randomTensor } from './numbers.ts';

const products: readonly [string, Shape, Shape, MatMulOptions][] = [
  ['plain', [3, 4], [4, 2], {}],
  ['left turned', [4, 3], [4, 2], { transposeA: true }],
  ['right turned', [3, 4], [2, 4], { transposeB: true }],
  ['both turned, times a number', [4, 3], [2, 4], { transposeA: true, transposeB: true, alpha: 0.3 }],
  ['a batch', [2, 3, 4], [2, 4, 5], {}],
  ['a batch, left turned', [2, 4, 3], [2, 4, 5], { transposeA: true, alpha: -2 }],
  ['a batch, both turned', [2, 4, 3], [2, 5, 4], { transposeA: true, transposeB: true }],
  ['one matrix for a batch', [2, 3, 4], [4, 5], {}],
  ['one turned matrix for a batch', [2, 2, 3, 4], [5, 4], { transposeB: true, alpha: 0.5 }],
  ['one matrix for a turned batch', [2, 4, 3], [4, 5], { transposeA: true }],
  ['a matrix before a batch', [3, 4], [2, 4, 5], {}],
  ['batches repeated on both sides', [2, 1, 3, 4], [5, 4, 2], {}],
];

const matmulCases: readonly OpCase[] = products.map(([about, a, b, options]) => ({
  op: 'MatMul', about, inputs: [a, b], build: (g, x, y) => g.matmul(x, y, options),
}));

const gemmCases: readonly OpCase[] = ([
  ['a row', [5], {}], ['a matrix', [3, 5], { transposeA: true }], ['a number', [], { transposeB: true, alpha: -0.5 }],
  ['a column', [3, 1], { transposeA: true, transposeB: true }],
] as const).map(([about, c, options]) => ({
  op: 'Gemm', about: `adds ${about}`, wanted: [],
  inputs: ['transposeA' in options ? [4, 3] : [3, 4], 'transposeB' in options ? [5, 4] : [4, 5], c],
  build: (g, a, b, added) => g.node('Gemm', [a, b, added], {
    transposeA: false, transposeB: false, alpha: 1, ...options,
  })[0]!,
}));

const convolutionCases: readonly OpCase[] = [
  { op: 'Conv', about: '1×1 with a bias', inputs: [[2, 3, 2, 3], [4, 3, 1, 1], [4]],
    build: (g, x, w, b) => g.conv(x, w, b) },
  { op: 'Conv', about: '3×3, odd sizes, narrow', inputs: [[2, 2, 5, 3], [3, 2, 3, 3], [3]],
    build: (g, x, w, b) => g.conv(x, w, b, { pads: [1, 1, 1, 1] }) },
  { op: 'Conv', about: '3×3, wide enough for shifted rows', inputs: [[2, 2, 3, 9], [2, 2, 3, 3]],
    build: (g, x, w) => g.conv(x, w, undefined, { pads: [1, 1, 1, 1] }) },
  { op: 'Conv', about: 'one-sided pads, wide', inputs: [[1, 2, 4, 9], [2, 2, 2, 3]],
    build: (g, x, w) => g.conv(x, w, undefined, { pads: [0, 1, 2, 0] }) },
  { op: 'Conv', about: 'stride 2 with one-sided pads, even sizes', inputs: [[2, 2, 4, 6], [2, 2, 3, 3], [2]],
    build: (g, x, w, b) => g.conv(x, w, b, { strides: [2, 2], pads: [0, 0, 1, 1] }) },
  { op: 'Conv', about: 'stride 2, pixels left over', inputs: [[1, 2, 6, 5], [2, 2, 3, 3]],
    build: (g, x, w) => g.conv(x, w, undefined, { strides: [2, 2], pads: [1, 1, 1, 1] }) },
  { op: 'Conv', about: 'stride 3 by 2, dilation 2', inputs: [[1, 2, 8, 7], [2, 2, 2, 3]],
    build: (g, x, w) => g.conv(x, w, undefined, { strides: [3, 2], dilations: [2, 2], pads: [1, 0, 0, 2] }) },
  { op: 'Conv', about: 'two groups, towards picture and bias', inputs: [[1, 4, 4, 3], [6, 2, 3, 3], [6]],
    wanted: [0, 2], build: (g, x, w, b) => g.conv(x, w, b, { group: 2, pads: [1, 1, 1, 1] }) },
  { op: 'ConvTranspose', about: 'stride 2 with output padding', inputs: [[2, 2, 3, 2], [2, 3, 3, 3], [3]],
    build: (g, x, w, b) => g.convTranspose(x, w, b, { strides: [2, 2], pads: [1, 1, 1, 1], outputPadding: [1, 1] }) },
  { op: 'ConvTranspose', about: 'one-sided pads and dilation', inputs: [[1, 2, 3, 4], [2, 2, 2, 3]],
    build: (g, x, w) => g.convTranspose(x, w, undefined, { dilations: [2, 1], pads: [0, 1, 1, 0] }) },
  { op: 'ConvTranspose', about: 'dense and wide', inputs: [[2, 2, 3, 9], [2, 2, 3, 3]],
    build: (g, x, w) => g.convTranspose(x, w, undefined, { pads: [1, 1, 1, 1] }) },
  { op: 'ConvTranspose', about: 'two groups, towards the picture', inputs: [[1, 4, 3, 3], [4, 1, 2, 2]], wanted: [0],
    build: (g, x, w) => g.convTranspose(x, w, undefined, { group: 2, strides: [2, 2] }) },
  { op: 'Conv', about: 'a picture added to the result', inputs: [[1, 2, 3, 4], [2, 2, 3, 3], [2], [1, 2, 3, 4]],
    build: (g, x, w, b, added) => g.add(g.conv(x, w, b, { pads: [1, 1, 1, 1] }), added) },
  { op: 'TurnKernels', about: 'kernels of several taps', inputs: [[3, 2, 2, 4]], wanted: [],
    build: (g, w) => g.node('TurnKernels', [w])[0]! },
  { op: 'TurnKernels', about: 'one tap', inputs: [[3, 2, 1, 1]], wanted: [],
    build: (g, w) => g.node('TurnKernels', [w])[0]! },
  { op: 'ResizeNearest', about: 'twice as large', inputs: [[2, 1, 2, 3]], build: (g, x) => g.resizeNearest(x, 4, 6) },
  { op: 'ResizeNearest', about: 'by no whole number', inputs: [[1, 2, 3, 2]],
    build: (g, x) => g.resizeNearest(x, 5, 7) },
  { op: 'ResizeNearest', about: 'smaller', inputs: [[1, 2, 6, 4]], build: (g, x) => g.resizeNearest(x, 4, 2) },
];

const q: Shape = [2, 3, 4, 5];
const k: Shape = [2, 3, 6, 5];
const v: Shape = [2, 3, 6, 2];
const masks: readonly [string, Shape][] = [
  ['queries by keys', [4, 6]], ['a mask a head', [3, 4, 6]], ['a mask a picture', [2, 1, 4, 6]],
  ['one row', [1, 3, 1, 6]],
];

const attentionCases: readonly OpCase[] = [
  { op: 'Attention', about: 'own scale, other keys than queries', inputs: [q, k, v],
    build: (g, x, y, z) => g.attention(x, y, z, { scale: 0.7 }) },
  ...masks.map(([about, shape]): OpCase => ({
    op: 'Attention', about: `mask: ${about}`, inputs: [q, k, v, randomTensor(shape, 15, -3, 3)], wanted: [0, 1, 2],
    build: (g, x, y, z, mask) => g.attention(x, y, z, { mask }),
  })),
];

export const productCases: readonly OpCase[] = [...matmulCases, ...gemmCases, ...convolutionCases, ...attentionCases];
