// The gradient of a batch, computed on as many threads as there are processor cores, each over its share of the batch
// alone. The networks are small: on a machine of many cores this is quicker than one session on many threads.

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Graph } from '../compiler/1-build/graph.ts';
import { elementCount, newTensorData, type Tensor } from '../tensor/tensor.ts';
import type { GradientRequest, GradientTask } from './gradient-worker.ts';
import type { Feeds } from './training-batches.ts';

export interface ParallelGradients {
  /** Loss and gradient [size], the means over the batch; the gradient is overwritten by the next call. */
  run(parameters: Float32Array, feeds: Feeds): Promise<{ loss: number; gradient: Float32Array }>;
  release(): Promise<void>;
}

/**
 * Opens a session over `graph` (batchGradientGraph() of batchSize / workers) on each of `workers` threads. `size` is
 * the number of parameters.
 */
export async function openParallelGradients(
  graph: Graph, size: number, batchSize: number, workers: number,
): Promise<ParallelGradients> {
  const vector = () => new SharedArrayBuffer(size * 4);
  const [parameters, sum] = [vector(), vector()];
  const gradients = Array.from({ length: workers }, vector);
  const threads = gradients.map((_, worker) => {
    const task: GradientTask = { graph, size, worker, parameters, gradients, sum };
    return new Worker(new URL('./gradient-worker.ts', import.meta.url), { workerData: task });
  });
  await Promise.all(threads.map(answer));
  const ask = (requests: readonly GradientRequest[]): Promise<unknown[]> => Promise.all(
    threads.map((thread, i) => {
      const answered = answer(thread);
      thread.postMessage(requests[i]!);
      return answered;
    }));
  return {
    async run(values, feeds) {
      new Float32Array(parameters).set(values);
      const shares = Array.from({ length: workers }, (_, i): GradientRequest => (
        { kind: 'gradient', feeds: shareOf(feeds, batchSize, i, workers) }));
      const losses = await ask(shares) as number[];
      await ask(shares.map(() => ({ kind: 'sum' })));
      return { loss: losses.reduce((total, loss) => total + loss, 0), gradient: new Float32Array(sum) };
    },
    async release() {
      await Promise.all(threads.map(async (thread) => {
        const ended = once(thread, 'exit');
        thread.postMessage({ kind: 'end' } satisfies GradientRequest);
        await ended;
      }));
    },
  };
}

/** The next message of a thread; its error, should it have one. */
async function answer(thread: Worker): Promise<unknown> {
  const [message] = await once(thread, 'message') as [unknown];
  return message;
}

/** Rows of each tensor that has one for every item of the batch; the others go to every thread. */
function shareOf(feeds: Feeds, batchSize: number, worker: number, workers: number): Feeds {
  const rows = batchSize / workers;
  return Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => (
    [name, tensor.shape[0] === batchSize ? rowsOf(tensor, worker * rows, rows) : tensor])));
}

function rowsOf({ dtype, shape, data }: Tensor, first: number, rows: number): Tensor {
  const [, ...rest] = shape;
  const each = elementCount(rest);
  const own = newTensorData(dtype, rows * each) as Float32Array;
  own.set((data as Float32Array).subarray(first * each, (first + rows) * each));
  return { dtype, shape: [rows, ...rest], data: own };
}
