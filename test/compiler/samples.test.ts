// Golden text: each folder of samples/ builds a graph, and its canonical print is the file beside it.
// UPDATE_SAMPLES=1 writes the files anew; a diff in them is to be explained like one in code.

import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { printGraph } from '../../src-main/compiler/print.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import { emitStyles } from './numbers.ts';

const folder = new URL('samples/', import.meta.url);
const entries = readdirSync(folder, { withFileTypes: true });
const samples = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);

async function buildSample(name: string): Promise<Graph> {
  const { build } = await import(fileURLToPath(new URL(`${name}/build.ts`, folder))) as { build: () => Graph };
  return build();
}

test('there are samples', () => {
  expect(samples.length).toBeGreaterThanOrEqual(3);
});

test.each(samples)('%s prints as it did', async (name) => {
  const graph = await buildSample(name);
  verify(graph);
  const file = new URL(`${name}/expected.graph`, folder);
  if (process.env['UPDATE_SAMPLES'] === '1') await writeFile(file, printGraph(graph));
  expect(printGraph(graph)).toBe(await readFile(file, 'utf8'));
});

test.each(samples)('%s: built twice, it is the same text and the same ONNX bytes', async (name) => {
  const [first, second] = [await buildSample(name), await buildSample(name)];
  expect(first.nodes[0]).not.toBe(second.nodes[0]);
  expect(printGraph(second)).toBe(printGraph(first));
  for (const style of emitStyles) {
    const bytes = emitOnnx(first, style);
    expect(bytes.length).toBeGreaterThan(500);
    expect(Buffer.compare(bytes, emitOnnx(first, style))).toBe(0);
    expect(Buffer.compare(bytes, emitOnnx(second, style))).toBe(0);
  }
});
