// The self-test of providers: the CPU passes, a provider with one wrong operator does not, WebGPU is tried where it is.

import { expect, test } from 'vitest';

import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { selfTestError, selfTestTolerance } from '../../src-main/runtime/self-test.ts';
import { type Session, openSession } from '../../src-main/runtime/session.ts';
import { SkippedCase } from '../golden-runner/case.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';

const openCpu = (graph: Graph): Promise<Session> => openSession(graph, { provider: 'cpu', threads: 1 });

test('the CPU computes right, far within the tolerance', async () => {
  expect(await selfTestError(openCpu)).toBeLessThan(selfTestTolerance / 50);
});

/** The self-test's graph with every `op` replaced by another of the same shape, as a broken driver would have it. */
function withWrong(op: string, instead: string): (graph: Graph) => Promise<Session> {
  return async (graph) => {
    const right = graph.nodes.filter((node) => node.op === op);
    expect(right.length).toBeGreaterThan(0);
    for (const node of right) (node as { op: string }).op = instead;
    try {
      return await openCpu(graph);
    } finally {
      for (const node of right) (node as { op: string }).op = op;
    }
  };
}

test.each([
  ['Gelu', 'Relu'], ['QuickGelu', 'Sigmoid'], ['Sub', 'Add'], ['ReduceMean', 'ReduceMax'],
])('a provider whose %s is wrong is found out', async (op, instead) => {
  expect(await selfTestError(withWrong(op, instead))).toBeGreaterThan(10 * selfTestTolerance);
});

test('numbers that are none are an infinite error', async () => {
  const open = async (graph: Graph): Promise<Session> => {
    const session = await openCpu(graph);
    return { ...session, run: async (feeds) => {
      const out = await session.run(feeds);
      (out['y']!.data as Float32Array)[0] = NaN;
      return out;
    } };
  };
  expect(await selfTestError(open)).toBe(Infinity);
});

test('WebGPU computes right where it can be had', async (context) => {
  try {
    await prepareWebgpu();
  } catch (error) {
    if (error instanceof SkippedCase) return context.skip(error.message);
    throw error;
  }
  const open = (graph: Graph): Promise<Session> => openSession(graph, { provider: 'webgpu', noFallback: true });
  expect(await selfTestError(open)).toBeLessThan(selfTestTolerance);
});
