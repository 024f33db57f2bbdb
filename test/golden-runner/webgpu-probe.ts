// Run as a child process: exit code 0 when a small graph really ran on the WebGPU provider.

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

try {
  const g = new GraphBuilder('webgpu_probe');
  const x = g.input('x', 'float32', [2]);
  g.output('y', g.mul(x, x));
  const session = await openSession(g.graph(), { provider: 'webgpu' });
  const { y } = await session.run({ x: float32Tensor([2], [2, 3]) });
  if (Array.from(y!.data as Float32Array).join() !== '4,9') throw new Error('2 x 2 came out wrong');
  await session.release();
} catch (error) {
  console.error(`reason: ${String((error as Error)?.message ?? error).split('\n')[0]}`);
  process.exitCode = 1;
}
