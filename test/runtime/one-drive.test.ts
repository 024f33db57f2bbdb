// Weights of one graph on two drives, for which two folders stand: what ONNX Runtime may not read in place is fed, and
// the numbers are those of one drive. Links and letters of drives are told apart as Windows does.

import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { readSafetensorsHeader } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { onOneDrive } from '../../src-main/runtime/one-drive.ts';
import { type SessionOptions, openSession } from '../../src-main/runtime/session.ts';
import { toFloatDType } from '../../src-main/tensor/half.ts';
import { randomTensor, relativeError } from '../compiler/numbers.ts';

let folder: string;
/** The drive of a file is the first folder below the test's own. */
const rootOf = (file: string): string => (
  `${path.join(folder, path.relative(folder, file).split(path.sep)[0]!)}${path.sep}`);

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'likeness-drives-')));
  for (const drive of ['c', 'd']) await mkdir(path.join(folder, drive, 'models'), { recursive: true });
  await writeSafetensors(place('c'), new Map([
    ['kernel', randomTensor([8, 4, 3, 3], 1)], ['wide', randomTensor([8, 64], 2)]]));
  await writeSafetensors(place('d'), new Map([['half', toFloatDType(randomTensor([64, 5], 3), 'float16')]]));
  await symlink(place('d'), path.join(folder, 'c', 'link.safetensors'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const place = (drive: string): string => path.join(folder, drive, 'models', 'w.safetensors');
const x = randomTensor([1, 4, 6, 6], 7);

/** A convolution and two products; the last matrix is half-precision and lies in `halfFile`. */
async function graphOver(halfFile: string): Promise<Graph> {
  const [c, d] = await Promise.all([place('c'), halfFile].map((file) => readSafetensorsHeader(file)));
  const g = new GraphBuilder('drives');
  const image = g.input('x', 'float32', [1, 4, 6, 6]);
  const features = g.conv(image, g.weight('kernel', c!.tensors.get('kernel')!), undefined, { pads: [1, 1, 1, 1] });
  const mean = g.reduceMean(g.reshape(features, [1, 8, 36]), [2], false);
  const wide = g.matmul(mean, g.weight('wide', c!.tensors.get('wide')!));
  g.output('y', g.matmul(wide, g.cast(g.weight('half', d!.tensors.get('half')!), 'float32')));
  return g.graph();
}

async function run(graph: Graph, options: Partial<SessionOptions>) {
  const session = await openSession(graph, { provider: 'cpu', threads: 1, ...options });
  const inputNames = [...session.inputNames];
  const [first, second] = [await session.run({ x }), await session.run({ x })];
  await session.release();
  expect(second['y']!.data).toEqual(first['y']!.data);
  return { inputNames, y: first['y']! };
}

test.each(['speed', 'memory'] as const)('for %s: two drives compute what one does', async (favour) => {
  const graph = await graphOver(place('d'));
  const one = await run(graph, { favour });
  const two = await run(graph, { favour, rootOf });
  expect([one.inputNames, two.inputNames]).toEqual([['x'], ['x']]);
  // what is no constant is multiplied in another order
  expect(relativeError(two.y.data as Float32Array, one.y.data as Float32Array)).toBeLessThan(1e-6);
});

test('the drive with most of it is read in place; a link to another drive is told by where it leads', async () => {
  for (const file of [place('d'), path.join(folder, 'c', 'link.safetensors')]) {
    const { root, fed, graph } = onOneDrive(await graphOver(file), rootOf);
    expect(root).toBe(path.join(folder, 'c') + path.sep);
    expect([...fed].map(([name, source]) => [name, source.file])).toEqual([['half', place('d')]]);
    expect(graph.inputs.map(({ name }) => name)).toEqual(['x', 'half']);
  }
  const { y } = await run(await graphOver(path.join(folder, 'c', 'link.safetensors')), { rootOf });
  expect(y).toEqual((await run(await graphOver(place('d')), { rootOf })).y);
});

test('letters of drives are the same in either case', async () => {
  const graph = await graphOver(place('d'));
  const letters = onOneDrive(graph, (file) => (file === place('c') ? 'C:\\' : 'c:\\'));
  expect([letters.fed.size, letters.root]).toEqual([0, 'C:\\']);
  expect([...letters.graph.initializers.values()].every((source) => 'file' in source && source.file.startsWith('C:\\')))
    .toBe(true);
});
