// Sessions on the CPU: what they compute, and what they say when they cannot.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { type Provider, openSession } from '../../src-main/runtime/session.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

const cpu = { provider: 'cpu', threads: 1 } as const;

function doubling(): Graph {
  const g = new GraphBuilder('doubling');
  const x = g.input('x', 'float32', [2, 2]);
  g.output('y', g.add(x, x));
  return g.graph();
}

const x = float32Tensor([2, 2], [1, 2, 3, 4]);

test('a session runs as often as it is asked, and not after its release', async () => {
  const session = await openSession(doubling(), cpu);
  expect([session.inputNames, session.outputNames, session.provider]).toEqual([['x'], ['y'], 'cpu']);
  for (let run = 0; run < 3; run++) {
    const { y } = await session.run({ x });
    expect(y).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(2, 4, 6, 8) });
  }
  await session.release();
  await expect(session.run({ x })).rejects.toThrow(/disposed/);
});

test('numbers of every kind go in and come out', async () => {
  const g = new GraphBuilder('kinds');
  const ids = g.input('ids', 'int64', [3]);
  const keep = g.input('keep', 'bool', [3]);
  const rows = g.gather(g.weight('table', float32Tensor([3, 1], [10, 20, 30])), ids);
  g.output('chosen', g.where(keep, g.reshape(rows, [3]), g.scalar(-1)));
  g.output('large', g.greater(g.reshape(rows, [3]), g.scalar(15)));
  g.output('whole', g.cast(g.reshape(rows, [3]), 'int64'));
  const session = await openSession(g.graph(), cpu);
  const out = await session.run({
    ids: { dtype: 'int64', shape: [3], data: BigInt64Array.of(2n, 0n, 1n) },
    keep: { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 1, 0) },
  });
  await session.release();
  expect(out['chosen']!.data).toEqual(Float32Array.of(30, 10, -1));
  expect(out['large']).toEqual({ dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) });
  expect(out['whole']).toEqual({ dtype: 'int64', shape: [3], data: BigInt64Array.of(30n, 10n, 20n) });
});

test('float16 goes in and comes out as its bits', async () => {
  const g = new GraphBuilder('halves');
  const halves = g.input('halves', 'float16', [3]);
  g.output('same', g.reshape(halves, [3, 1]));
  g.output('wide', g.cast(halves, 'float32'));
  const session = await openSession(g.graph(), cpu);
  // 1, -2 and 0.5
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x3800);
  const { same, wide } = await session.run({ halves: { dtype: 'float16', shape: [3], data: bits } });
  await session.release();
  expect(same).toEqual({ dtype: 'float16', shape: [3, 1], data: bits });
  expect(wide!.data).toEqual(Float32Array.of(1, -2, 0.5));
});

const wrongFeeds: readonly [string, RegExp, Record<string, Tensor>][] = [
  ['an input is missing', /'x' is missing/, {}],
  ['an input has a wrong name', /has no input named z/, { x, z: x }],
  ['an input has a wrong shape', /invalid dimensions for input: x/, { x: randomTensor([2, 3], 1) }],
  ['an input has a wrong dtype', /Unexpected input data type/,
    { x: { dtype: 'int64', shape: [2, 2], data: new BigInt64Array(4) } }],
];

test.each(wrongFeeds)('%s: refused with words, and the session goes on', async (_name, words, feeds) => {
  const session = await openSession(doubling(), cpu);
  await expect(session.run(feeds)).rejects.toThrow(words);
  expect((await session.run({ x }))['y']!.data).toEqual(Float32Array.of(2, 4, 6, 8));
  await session.release();
});

// DirectML is Windows' own, CoreML Apple's
const absent: Provider = process.platform === 'win32' ? 'coreml' : 'dml';

test('a provider that this machine cannot have is refused by its name', async () => {
  const words = new RegExp(`cannot use ${absent}: .+`);
  await expect(openSession(doubling(), { provider: absent })).rejects.toThrow(words);
});

test('a missing weights file is refused by its name', async () => {
  const g = new GraphBuilder('lost');
  const lost = g.weight('w', {
    dtype: 'float32', shape: [2, 2], file: '/nowhere/lost.safetensors', offsetBytes: 9, lengthBytes: 16,
  });
  g.output('y', g.matmul(g.input('x', 'float32', [2, 2]), lost));
  await expect(openSession(g.graph(), cpu)).rejects.toThrow(/lost\.safetensors/);
});

test('favouring memory or speed gives the same numbers', async () => {
  const g = new GraphBuilder('block');
  const input = g.input('x', 'float32', [1, 16, 12, 12]);
  const [scale, bias] = [g.weight('s', randomTensor([16], 1)), g.weight('b', randomTensor([16], 2))];
  const normed = g.groupNorm(input, scale, bias, 4, 1e-5);
  const kernel = g.weight('w', randomTensor([16, 16, 3, 3], 3));
  const h = g.conv(g.silu(normed), kernel, undefined, { pads: [1, 1, 1, 1] });
  const rows = g.reshape(h, [16, 144]);
  g.output('y', g.softmax(g.linear(rows, g.weight('l', randomTensor([24, 144], 4, -0.1, 0.1)), undefined)));
  const feeds = { x: randomTensor([1, 16, 12, 12], 5) };
  const expected = evaluate(g.graph(), feeds)['y']!.values;
  for (const favour of ['speed', 'memory'] as const) {
    const session = await openSession(g.graph(), { ...cpu, favour });
    const { y } = await session.run(feeds);
    await session.release();
    expect(relativeError(y!.data, expected)).toBeLessThan(1e-5);
  }
});
