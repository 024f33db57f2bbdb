// Input gradients of convolutions as convolutions with turned weights: the same numbers, within the memory allowed,
// and only where the weights are frozen and the picture is large.

import { expect, test } from 'vitest';

import { type ConvolutionWindow, GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import type { Shape, Tensor } from '../../src-main/tensor/tensor.ts';
import { emitStyles, randomTensor, relativeError, runOnnx } from './numbers.ts';

const manyBytes = 1e9;

/** dLoss/dx of a convolution of a picture, with the weight frozen or an input. */
function gradientGraph(
  weightShape: Shape, window: ConvolutionWindow, options: { size?: number; isFrozen?: boolean; half?: boolean } = {},
): { graph: Graph; feeds: Record<string, Tensor> } {
  const { size = 32, isFrozen = true, half = false } = options;
  const g = new GraphBuilder('convolution');
  const feeds: Record<string, Tensor> = { x: randomTensor([2, weightShape[1]!, size, size + 1], 1) };
  const numbers = randomTensor(weightShape, 2);
  const x = g.input('x', 'float32', feeds['x']!.shape);
  let weight: Value;
  if (isFrozen) {
    weight = g.weight('w', half ? toFloatDType(numbers, 'bfloat16') : numbers);
  } else {
    weight = g.input('w', 'float32', weightShape);
    feeds['w'] = numbers;
  }
  const y = g.conv(x, weight, undefined, window);
  const loss = g.reduceSum(g.mul(y, g.sin(y)), [0, 1, 2, 3], false);
  g.output('dx', differentiate(g, loss, [x])[0]!);
  return { graph: g.graph(), feeds };
}

const countOf = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;

const cases: readonly [string, Shape, ConvolutionWindow][] = [
  ['3×3, same size', [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  ['1×1', [3, 2, 1, 1], {}],
  ['a wide kernel, other pads on each side', [2, 3, 2, 4], { pads: [0, 1, 1, 3] }],
  ['no pads', [2, 2, 3, 3], {}],
];

test.each(cases)('%s: the same gradient', async (_name, shape, window) => {
  const { graph, feeds } = gradientGraph(shape, window);
  const turned = simplify(graph, { turnedWeightBytes: manyBytes });
  verify(turned);
  expect([countOf(turned, 'ConvTranspose'), countOf(turned, 'Conv')]).toEqual([0, 2]);
  const expected = evaluate(graph, feeds)['dx']!.values;
  expect(relativeError(evaluate(turned, feeds)['dx']!.values, expected)).toBeLessThan(1e-12);
  expect(relativeError((await runOnnx(turned, feeds))['dx']!.data, expected)).toBeLessThan(1e-5);
});

test('half-precision weights are turned too', async () => {
  const { graph, feeds } = gradientGraph([3, 2, 3, 3], { pads: [1, 1, 1, 1] }, { half: true });
  const turned = simplify(graph, { turnedWeightBytes: manyBytes });
  expect(countOf(turned, 'ConvTranspose')).toBe(0);
  const expected = evaluate(graph, feeds)['dx']!.values;
  expect(relativeError((await runOnnx(turned, feeds))['dx']!.data, expected)).toBeLessThan(1e-5);
});

test.each([
  ['weights that learn', [3, 2, 3, 3], { pads: [1, 1, 1, 1] }, { isFrozen: false }],
  ['a small picture', [3, 2, 3, 3], { pads: [1, 1, 1, 1] }, { size: 16 }],
  ['a stride', [3, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, { size: 65 }],
  ['a dilation', [3, 2, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }, {}],
  ['pads wider than the kernel reaches', [3, 2, 1, 1], { pads: [1, 1, 1, 1] }, {}],
] as const)('%s: left as it is', (_name, shape, window, options) => {
  const simple = simplify(gradientGraph(shape, window, options).graph, { turnedWeightBytes: manyBytes });
  expect(countOf(simple, 'ConvTranspose')).toBe(1);
});

test('the largest pictures come first, as far as the memory reaches', () => {
  const g = new GraphBuilder('levels');
  const x = g.input('x', 'float32', [1, 2, 128, 128]);
  let h = x;
  const weight = (name: string): Value => g.weight(name, randomTensor([2, 2, 3, 3], 3));
  const kernelBytes = 4 * 2 * 2 * 9;
  for (const level of ['large', 'middle', 'small']) {
    h = g.conv(h, weight(level), undefined, { pads: [1, 1, 1, 1] });
    h = g.conv(h, weight(`${level}-half`), undefined, { strides: [2, 2], pads: [1, 1, 1, 1] });
  }
  g.output('dx', differentiate(g, g.reduceSum(g.mul(h, h), [0, 1, 2, 3], false), [x])[0]!);
  const leftOf = (bytes: number): string[] => simplify(g.graph(), { turnedWeightBytes: bytes }).nodes
    .filter(({ op }) => op === 'ConvTranspose').map(({ inputs }) => inputs[1]!.name)
    .filter((name) => !name.endsWith('half')).sort();
  expect(leftOf(kernelBytes - 1)).toEqual(['large', 'middle', 'small']);
  expect(leftOf(kernelBytes)).toEqual(['middle', 'small']);
  expect(leftOf(2.5 * kernelBytes)).toEqual(['small']);
  expect(leftOf(3 * kernelBytes)).toEqual([]);
});

test('the same graph gives the same bytes', () => {
  const bytes = (): Uint8Array => {
    const { graph } = gradientGraph([3, 2, 3, 3], { pads: [1, 1, 1, 1] });
    return emitOnnx(simplify(graph, { turnedWeightBytes: manyBytes }), emitStyles[0]!);
  };
  expect(Buffer.compare(bytes(), bytes())).toBe(0);
});

test.each([
  ['3×3', [3, 2, 3, 3], [1, 1, 1, 1]], ['other pads on each side', [2, 3, 2, 4], [0, 1, 1, 2]],
] as const)('%s behind a doubling: a quarter of the products, the same gradient', async (_name, shape, pads) => {
  const g = new GraphBuilder('doubled');
  const feeds = { x: randomTensor([2, shape[1], 16, 17], 1) };
  const x = g.input('x', 'float32', feeds.x.shape);
  const y = g.conv(g.resizeNearest(x, 32, 34), g.weight('w', randomTensor(shape, 2)), undefined, { pads });
  g.output('dx', differentiate(g, g.reduceSum(g.mul(y, g.sin(y)), [0, 1, 2, 3], false), [x])[0]!);
  const graph = g.graph();
  const turned = simplify(graph, { turnedWeightBytes: manyBytes });
  verify(turned);
  const last = turned.nodes.filter(({ op }) => op === 'Conv').at(-1)!;
  expect([last.outputs[0]!.shape, countOf(turned, 'ReduceSum')]).toEqual([feeds.x.shape, 0]);
  const expected = evaluate(graph, feeds)['dx']!.values;
  expect(relativeError(evaluate(turned, feeds)['dx']!.values, expected)).toBeLessThan(1e-12);
  expect(relativeError((await runOnnx(turned, feeds))['dx']!.data, expected)).toBeLessThan(1e-5);
});

test('a whole gradient behind a doubling that something else reads too is left as it is', () => {
  const g = new GraphBuilder('doubled');
  const x = g.input('x', 'float32', [1, 2, 16, 16]);
  const doubled = g.resizeNearest(x, 32, 32);
  const y = g.conv(doubled, g.weight('w', randomTensor([3, 2, 3, 3], 2)), undefined, { pads: [1, 1, 1, 1] });
  const loss = g.reduceSum(g.mul(y, y), [0, 1, 2, 3], false);
  differentiate(g, loss, [x, doubled]).forEach((gradient, i) => g.output(`d${i}`, gradient));
  const turned = simplify(g.graph(), { turnedWeightBytes: manyBytes });
  expect(turned.nodes.some(({ attributes }) => String(attributes['strides']) === '2,2')).toBe(false);
});
