// Sums, means and maxima over axes, and softmax.

import { elementCount } from '../../tensor/tensor.ts';
import type { NumberArray, OpRule, OpTable } from './op-rule.ts';
import { broadcastStrides, flagAttribute, forEachOffset, numbersAttribute } from './shapes.ts';
import type { Attributes, Node } from '../1-build/graph.ts';

function keptShape(shape: readonly number[], axes: readonly number[]): number[] {
  return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
}

function inferReduced(shape: readonly number[], attributes: Attributes): number[] {
  const axes = numbersAttribute(attributes, 'axes');
  if (flagAttribute(attributes, 'keepDims')) return keptShape(shape, axes);
  return shape.filter((_, axis) => !axes.includes(axis));
}

function evaluateReduced(
  x: NumberArray, node: Node, start: number, f: (sum: number, x: number) => number,
): NumberArray {
  const kept = keptShape(x.shape, numbersAttribute(node.attributes, 'axes'));
  const values = new Float64Array(elementCount(kept)).fill(start);
  forEachOffset(x.shape, [broadcastStrides(kept, x.shape)], (i, [at]) => {
    values[at!] = f(values[at!]!, x.values[i]!);
  });
  return { shape: node.outputs[0]!.shape, values };
}

function reduction(
  evaluate: OpRule['evaluate'],
  gradient: Exclude<OpRule['gradient'], 'none'>,
): OpRule {
  return {
    infer: ([x], attributes) => [{ dtype: x!.dtype, shape: inferReduced(x!.shape, attributes) }],
    gradient,
    evaluate,
  };
}

function reducedCount(node: Node): number {
  return elementCount(node.inputs[0]!.shape) / elementCount(node.outputs[0]!.shape);
}

const reduceSum = reduction(
  ([x], node) => [evaluateReduced(x!, node, 0, (sum, value) => sum + value)],
  ({ g, node, gradient, input }) => {
    const kept = keptShape(input(0).shape, numbersAttribute(node.attributes, 'axes'));
    return [g.expand(g.reshape(gradient, kept), input(0).shape)];
  },
);

const reduceMean = reduction(
  ([x], node) => {
    const sum = evaluateReduced(x!, node, 0, (total, value) => total + value);
    const count = reducedCount(node);
    return [{ shape: sum.shape, values: sum.values.map((value) => value / count) }];
  },
  ({ g, node, gradient, input }) => {
    const kept = keptShape(input(0).shape, numbersAttribute(node.attributes, 'axes'));
    const share = g.mul(g.reshape(gradient, kept), g.scalar(1 / reducedCount(node)));
    return [g.expand(share, input(0).shape)];
  },
);

// Equal maxima share the gradient evenly, as torch's amax does.
const reduceMax = reduction(
  ([x], node) => [evaluateReduced(x!, node, -Infinity, Math.max)],
  ({ g, node, gradient, input, output }) => {
    const axes = numbersAttribute(node.attributes, 'axes');
    const kept = keptShape(input(0).shape, axes);
    const isMax = g.cast(g.equal(input(0), g.reshape(output, kept)), 'float32');
    const share = g.div(g.reshape(gradient, kept), g.reduceSum(isMax, axes));
    return [g.mul(isMax, share)];
  },
);

// Over the last axis. dx = y (dy - sum(y dy)).
const softmax: OpRule = {
  infer: ([x]) => [x!],
  gradient: ({ g, gradient, output }) => {
    const last = output.shape.length - 1;
    return [g.mul(output, g.sub(gradient, g.reduceSum(g.mul(output, gradient), [last])))];
  },
  evaluate: ([x]) => {
    const width = x!.shape.at(-1)!;
    const values = new Float64Array(x!.values.length);
    for (let row = 0; row < values.length; row += width) {
      let max = -Infinity;
      for (let i = row; i < row + width; i++) max = Math.max(max, x!.values[i]!);
      let sum = 0;
      for (let i = row; i < row + width; i++) sum += values[i] = Math.exp(x!.values[i]! - max);
      for (let i = row; i < row + width; i++) values[i]! /= sum;
    }
    return [{ shape: x!.shape, values }];
  },
};

export const reductionOps: OpTable = {
  ReduceSum: reduceSum, ReduceMean: reduceMean, ReduceMax: reduceMax, Softmax: softmax,
};
