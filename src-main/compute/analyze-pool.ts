// Photos of one request on several threads: each takes the next photo as it is done with one, until none is left or one
// could not be read. Results come as they are done, in no order.

import { Worker } from 'node:worker_threads';
import type { AnalyzeRequest, AnalyzedPhoto } from '../contract/engine.ts';
import { reviveError } from '../contract/error-data.ts';
import type { WorkerAnswer, WorkerStart, WorkerTask } from './analyze-worker.ts';

// the bundled engine has the bundled thread beside it
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.mjs';
const workerFile = new URL(`./analyze-worker${extension}`, import.meta.url);

export interface PoolWork {
  readonly photos: AnalyzeRequest['photos'];
  readonly threads: number;
  readonly start: WorkerStart;
  readonly onReady: () => void;
  readonly onItem: (item: AnalyzedPhoto) => void;
}

/**
 * Looks at every photo. Rejects with the first error. Threads end by themselves: one that is ended in the middle of a
 * network's run takes the process with it.
 */
export async function analyzeOnThreads({ photos, threads, start, onReady, onItem }: PoolWork): Promise<void> {
  const waiting: WorkerTask[] = photos.map((photo, index) => ({ index, photo }));
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    waiting.length = 0;
  };
  await Promise.all(Array.from({ length: threads }, () => new Promise<void>((resolve) => {
    const worker = new Worker(workerFile, { workerData: start });
    worker.on('error', fail);
    worker.on('exit', (code) => {
      if (code !== 0) fail(new Error(`A thread that looks at photos ended with code ${code}.`));
      resolve();
    });
    worker.on('message', (answer: WorkerAnswer) => {
      if (answer.kind === 'failed') fail(reviveError(answer.error));
      else if (answer.kind === 'ready') onReady();
      else if (failures.length === 0) onItem(answer.item);
      worker.postMessage(waiting.shift() ?? null);
    });
  })));
  if (failures.length > 0) throw failures[0];
}
