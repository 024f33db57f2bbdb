// A thread that computes the gradient of its share of every batch, and takes the mean of its part of all threads'
// gradients.

import { parentPort, workerData } from 'node:worker_threads';
import type { Graph } from '../compiler/1-build/graph.ts';
import { openSession } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { Feeds } from './training-batches.ts';

export interface GradientTask {
  readonly graph: Graph;
  readonly size: number;
  readonly worker: number;
  /** One flat vector each, on memory that all threads see. */
  readonly parameters: SharedArrayBuffer;
  readonly gradients: readonly SharedArrayBuffer[];
  readonly sum: SharedArrayBuffer;
}

export type GradientRequest = { readonly kind: 'gradient'; readonly feeds: Feeds } | { readonly kind: 'sum' }
  | { readonly kind: 'end' };

const task = workerData as GradientTask;
const count = task.gradients.length;
const [own, sum, parameters] = [task.gradients[task.worker]!, task.sum, task.parameters].map((buffer) => (
  new Float32Array(buffer))) as [Float32Array, Float32Array, Float32Array];
const all = task.gradients.map((buffer) => new Float32Array(buffer));
const session = await openSession(task.graph, { provider: 'cpu', threads: 1 });

async function gradient(feeds: Feeds): Promise<number> {
  const results = await session.run({
    ...feeds, 'parameters.starter': float32Tensor([task.size], parameters.slice()),
  });
  own.set(results['gradient.starter']!.data as Float32Array);
  return Number(results['loss']!.data[0]) / count;
}

/** This thread's stretch of the vector, the mean over all threads. */
function addUp(): void {
  const share = Math.ceil(task.size / count);
  const [first, end] = [task.worker * share, Math.min(task.size, (task.worker + 1) * share)];
  for (let i = first; i < end; i++) {
    let total = 0;
    for (const vector of all) total += vector[i]!;
    sum[i] = total / count;
  }
}

parentPort!.on('message', async (request: GradientRequest) => {
  if (request.kind === 'end') {
    await session.release();
    parentPort!.close();
    return;
  }
  if (request.kind === 'sum') addUp();
  parentPort!.postMessage(request.kind === 'gradient' ? await gradient(request.feeds) : 0);
});
parentPort!.postMessage('ready');
