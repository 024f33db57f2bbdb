// Training steps as JSON for a card: every value is made before it is read, and frozen numbers are found again.

import { expect, test } from 'vitest';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { flatStep } from '../../src-main/starter/flat-step.ts';
import { graphJson } from '../bench/starter-cuda/graph-json.ts';

const plan = {
  steps: 1, batchSize: 1, learningRate: 1, warmUpSteps: 0, constantShare: 1, finalShare: 1, beta1: 0.9, beta2: 0.99,
  weightDecay: 0, clipNorm: 1, optimizer: 'muon',
} as const;

test('every node reads what was made before it, and the outputs are among what is made', () => {
  const { graph } = flatStep({
    name: 'step', plan, parameters: [{ name: 'a.weight', shape: [4, 3] }, { name: 'a.bias', shape: [4] }],
    build: (g, parameter) => {
      const y = g.silu(g.linear(g.input('x', 'float32', [2, 3]), parameter('a.weight'), parameter('a.bias')));
      return { loss: g.reduceMean(g.mul(y, y), [0, 1], false) };
    },
  });
  const json = graphJson(graph(), []);
  const made = new Set([...json.inputs, ...json.constants].map(({ id }) => id));
  for (const { in: inputs, out } of json.nodes) {
    for (const id of inputs) if (id !== null) expect(made.has(id)).toBe(true);
    for (const id of out) made.add(id);
  }
  expect(Object.keys(json.outputs).sort()).toEqual([
    'gradientNorm', 'loss', 'next.firstMoment.starter', 'next.parameters.starter', 'next.secondMoment.starter']);
  for (const id of Object.values(json.outputs)) expect(made.has(id)).toBe(true);
});

test('frozen numbers lie in the blob one behind the other, or are named as entries of a vector', () => {
  const g = new GraphBuilder('frozen');
  const x = g.input('x', 'float32', [2]);
  const kept = g.weight('unet.scale', float32Tensor([2], [3, 4]));
  const own = g.weight('own', float32Tensor([2], [5, 6]));
  g.output('y', g.add(g.mul(x, kept), own));
  const blob = [Uint8Array.of(1, 2, 3, 4)];
  const { constants } = graphJson(g.graph(), blob, (name) => (name.startsWith('unet.') ? name : undefined));
  expect(constants).toMatchObject([{ entry: 'unet.scale', shape: [2] }, { offset: 4, dtype: 'float32', shape: [2] }]);
  const bytes = Buffer.concat(blob);
  expect([bytes.readFloatLE(4), bytes.readFloatLE(8)]).toEqual([5, 6]);
});
