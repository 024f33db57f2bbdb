// Tensors that stay on the GPU from run to run; on the CPU the same sessions hand everything over.

import { expect, test, type TestContext } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { isOnDevice, openDeviceSession, openSession, type Provider } from '../../src-main/runtime/session.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { SkippedCase } from '../golden-runner/case.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';

/** next = state + step, and its sum. */
function counting(): Graph {
  const g = new GraphBuilder('counting');
  const next = g.add(g.input('state', 'float32', [3]), g.input('step', 'float32', [1]));
  g.output('next', next);
  g.output('sum', g.reduceSum(next, [0]));
  return g.graph();
}

function handingOut(): Graph {
  const g = new GraphBuilder('handing-out');
  g.output('numbers', g.input('state', 'float32', [3]));
  return g.graph();
}

async function webgpuOrSkip(context: TestContext): Promise<void> {
  try {
    await prepareWebgpu();
  } catch (error) {
    if (error instanceof SkippedCase) context.skip(error.message);
    throw error;
  }
}

/** Counts to 3 in steps, feeding each result back. */
async function count(provider: Provider): Promise<{ numbers: Tensor; stayed: boolean[] }> {
  const session = await openDeviceSession(counting(), { provider, threads: 1 }, (name) => name === 'next');
  const reader = await openSession(handingOut(), { provider, threads: 1 });
  const step = float32Tensor([1], [1]);
  let state: Parameters<typeof session.run>[0][string] = float32Tensor([3], [0, 10, 20]);
  const stayed: boolean[] = [];
  for (let i = 1; i <= 3; i++) {
    const { next, sum } = await session.run({ state, step });
    expect(isOnDevice(sum!)).toBe(false);
    expect((sum as Tensor).data[0]).toBe(30 + 3 * i);
    expect([next!.dtype, next!.shape]).toEqual(['float32', [3]]);
    stayed.push(isOnDevice(next!));
    if (isOnDevice(state)) state.release();
    state = next!;
  }
  const { numbers } = await reader.run({ state });
  if (isOnDevice(state)) {
    const released = state;
    released.release();
    await expect(reader.run({ state: released })).rejects.toThrow();
  }
  await session.release();
  await reader.release();
  return { numbers: numbers!, stayed };
}

test('on the CPU every output comes over', async () => {
  const { numbers, stayed } = await count('cpu');
  expect(stayed).toEqual([false, false, false]);
  expect(numbers).toEqual(float32Tensor([3], [3, 13, 23]));
});

test('on WebGPU chosen outputs stay, are fed back, and are read by another session', async (context) => {
  await webgpuOrSkip(context);
  const { numbers, stayed } = await count('webgpu');
  expect(stayed).toEqual([true, true, true]);
  expect(numbers).toEqual(float32Tensor([3], [3, 13, 23]));
});
