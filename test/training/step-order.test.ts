// However many vectors what learns is spread over, each gradient is computed while what it is made of is there, and not
// after the whole backward pass: in the order in which ONNX Runtime really runs, and by the peak of its values.

import { expect, test } from 'vitest';

import type { Graph, Node } from '../../src-main/compiler/1-build/graph.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { peakBytes } from '../../src-main/compiler/peak-memory.ts';
import { float32Tensor, elementCount, type Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import {
  gradientGraph, type TrainingStepDescription, trainingStepGraph,
} from '../../src-main/training/optimizer-graph.ts';
import { flatChunk } from '../../src-main/training/parameter-chunks.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { profiledNodes } from '../compiler/profile.ts';

const blocks = 12;
const width = 8;
const rows = 512;

type Build = (description: TrainingStepDescription) => Graph;

/** Blocks one after the other whose matrices lie in so many vectors. */
function chain(build: Build, vectors: number, isLossScaled: boolean): { graph: Graph; feeds: Record<string, Tensor> } {
  const names = Array.from({ length: blocks }, (_, i) => `w${i}`);
  const each = blocks / vectors;
  const chunks = Array.from({ length: vectors }, (_, i) => {
    const own = names.slice(i * each, (i + 1) * each);
    return flatChunk(`group/${i + 1}`, own.map((name) => ({ name, shape: [width, width] })), 'group');
  });
  const graph = build({
    name: 'chain', chunks, optimizer: defaultAdamW, recompute: 'blocks', isLossScaled,
    build: (g, parameter) => {
      let x = g.input('x', 'float32', [rows, width]);
      names.forEach((name, i) => {
        x = g.scope(`blocks.${i}`, () => g.add(x, g.silu(g.tanh(g.sigmoid(g.matmul(x, parameter(name)))))));
      });
      return { loss: g.reduceSum(g.mul(x, x), [0, 1], false) };
    },
  });
  // twice: what is simple already keeps its names when a session simplifies it again
  const simple = simplify(simplify(graph));
  const feeds = Object.fromEntries(simple.inputs.map(({ name, shape }, i) => (
    [name, name === 'lossScale' ? float32Tensor([1], [2]) : positive(randomTensor(shape, i))])));
  return { graph: simple, feeds };
}

/** Second moments have no negative numbers. */
function positive({ shape, data }: Tensor): Tensor {
  return float32Tensor(shape, Array.from({ length: elementCount(shape) }, (_, i) => Math.abs(Number(data[i]))));
}

const blockOf = ({ scope }: Node): number => Number(/blocks\.(\d+)/.exec(scope)?.[1] ?? -1);

/** The gradient of a matrix: a product with as many numbers as it has. */
const isMatrixGradient = ({ op, scope, outputs: [value] }: Node): boolean => (
  /MatMul|Gemm/.test(op) && scope.startsWith('gradient/') && elementCount(value!.shape) === width * width);

const graphs = { 'a step': trainingStepGraph, 'a part of a step': gradientGraph };

test.each([
  ['a step', 3, false], ['a step', 6, true], ['a part of a step', 3, true],
] as const)('%s, %i vectors, loss scaled: %s', async (name, vectors, isLossScaled) => {
  const build = graphs[name];
  const { graph, feeds } = chain(build, vectors, isLossScaled);
  const ran = await profiledNodes(graph, feeds);
  const gradients = ran.filter(isMatrixGradient).map(blockOf);
  expect(gradients).toEqual(Array.from({ length: blocks }, (_, i) => blocks - 1 - i));
  for (let block = 2; block < blocks; block++) {
    const own = ran.findIndex((node) => isMatrixGradient(node) && blockOf(node) === block);
    const isLaterBlock = (node: Node): boolean => (
      /^(again|gradient)\//.test(node.scope) && blockOf(node) === block - 2);
    expect(own).toBeLessThan(ran.findIndex(isLaterBlock));
  }
  const whole = chain(build, 1, isLossScaled).graph;
  expect(peakBytes(graph)).toBeLessThan(1.05 * peakBytes(whole));
});
