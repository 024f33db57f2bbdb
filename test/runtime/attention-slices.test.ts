// Attention in smaller slices, as a session is opened for where memory is short: more products, forward and backward,
// less memory, and the same numbers.

import { expect, test } from 'vitest';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { providerOptions } from '../../src-main/compiler/3-simplify/provider-options.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { peakBytes } from '../../src-main/compiler/peak-memory.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

const shape = [1, 2, 1600, 4];
const names = ['q', 'k', 'v'];

/** Attention and its gradients; a head's scores take 10 MB. */
function attention(): Graph {
  const g = new GraphBuilder('attention');
  const [q, k, v] = names.map((name) => g.input(name, 'float32', shape)) as [Value, Value, Value];
  const o = g.attention(q, k, v);
  differentiate(g, g.reduceSum(g.mul(o, o), [0, 1, 2, 3], false), [q, k, v])
    .forEach((gradient, i) => g.output(`d${names[i]}`, gradient));
  g.output('o', o);
  return g.graph();
}

async function run(isSliced: boolean): Promise<Record<string, Tensor>> {
  const session = await openSession(attention(), { provider: 'cpu', threads: 1, favour: 'memory', isSliced });
  try {
    return await session.run(Object.fromEntries(names.map((name, i) => [name, randomTensor(shape, i)])));
  } finally {
    await session.release();
  }
}

test('the numbers are the same', async () => {
  const [usual, sliced] = [await run(false), await run(true)];
  expect(Object.keys(sliced)).toEqual(['dq', 'dk', 'dv', 'o']);
  for (const [name, { data }] of Object.entries(usual)) {
    expect(relativeError(sliced[name]!.data, data as Float32Array)).toBeLessThan(1e-5);
  }
});

test.each(['cpu', 'webgpu'])('on %s it takes more products and less memory', (provider) => {
  const [usual, sliced] = [false, true].map((isSliced) => (
    simplify(attention(), providerOptions({ provider, favour: 'memory', isSliced, machineBytes: 8e9 }))));
  const products = ({ nodes }: Graph): number => nodes.filter(({ op }) => /MatMul|Gemm/.test(op)).length;
  expect(products(sliced!)).toBeGreaterThan(products(usual!));
  expect(peakBytes(sliced!)).toBeLessThan(0.6 * peakBytes(usual!));
});
