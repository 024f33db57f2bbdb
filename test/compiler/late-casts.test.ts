// Half-precision weights beyond a limit are converted where they are used: same numbers, one copy at a time.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { peakBytes } from '../../src-main/compiler/peak-memory.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { openModel } from '../../src-main/runtime/session.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { emitStyles, randomTensor, relativeError, root } from './numbers.ts';
import { ints } from './op-cases.ts';

const layers = 6;
const width = 96;
const weightBytes = 4 * width * width;

/** Rows of a table through linear layers, and the gradient towards what is added to the rows. */
function chain(dtype: 'float16' | 'bfloat16'): Graph {
  const g = new GraphBuilder('chain');
  const half = (name: string, shape: readonly number[], seed: number) => (
    g.weight(name, toFloatDType(randomTensor(shape, seed, -0.2, 0.2), dtype)));
  const table = half('table', [200, width], 50);
  const added = g.input('added', 'float32', [3, width]);
  let x = g.add(g.gather(table, g.input('ids', 'int64', [3])), added);
  for (let i = 0; i < layers; i++) {
    x = g.tanh(g.linear(x, half(`layer${i}.weight`, [width, width], i + 1), half(`layer${i}.bias`, [width], i + 20)));
  }
  const loss = g.reduceSum(g.mul(x, x), [0, 1], false);
  g.output('loss', loss);
  g.output('gradient', differentiate(g, loss, [added])[0]!);
  return g.graph();
}

const feeds = { ids: ints([3], [7, 199, 0]), added: randomTensor([3, width], 3) };
const count = (graph: Graph, op: string): number => graph.nodes.filter((node) => node.op === op).length;

test.each(['float16', 'bfloat16'] as const)('%s: the numbers stay, forward and backward', async (dtype) => {
  const graph = chain(dtype);
  const expected = evaluate(graph, feeds);
  const late = simplify(graph, { copiedWeightBytes: 0 });
  verify(late);
  expect(evaluate(late, feeds)).toEqual(expected);
  for (const style of emitStyles) {
    const session = await openModel(emitOnnx(late, style), { provider: 'cpu', threads: 1 }, root);
    const actual = await session.run(feeds);
    for (const [name, { values }] of Object.entries(expected)) {
      expect(relativeError(actual[name]!.data, values)).toBeLessThan(1e-5);
    }
    await session.release();
  }
});

test('every use has a copy of its own, made when the use can begin; a table gives its rows alone', () => {
  const late = simplify(chain('float16'), { copiedWeightBytes: 0 });
  // each layer forward and backward; biases are small and stay as they were
  expect(count(late, 'LateCast')).toBe(2 * layers);
  const casts = late.nodes.filter((node) => node.op === 'Cast' && node.inputs[0]!.dtype === 'float16');
  const biases = Array.from({ length: layers }, () => [width]);
  expect(casts.map(({ outputs }) => outputs[0]!.shape)).toEqual([[3, width], ...biases]);
  expect(peakBytes(late)).toBeLessThan(2 * weightBytes);
  expect(peakBytes(simplify(chain('float16')))).toBeGreaterThan(layers * weightBytes);
});

test('copies are made once as long as the limit has room, and without one always', () => {
  const graph = chain('float16');
  const tableBytes = 4 * 200 * width;
  const some = simplify(graph, { copiedWeightBytes: tableBytes + 2 * weightBytes });
  expect(count(some, 'LateCast')).toBe(2 * (layers - 2));
  expect(count(simplify(graph, { copiedWeightBytes: 1e9 }), 'LateCast')).toBe(0);
  expect(count(simplify(graph), 'LateCast')).toBe(0);
});
