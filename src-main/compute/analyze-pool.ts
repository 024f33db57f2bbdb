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

/** Looks at every photo. Rejects with the first error, when every thread has ended. */
export async function analyzeOnThreads({ photos, threads, start, onReady, onItem }: PoolWork): Promise<void> {
  const waiting: WorkerTask[] = photos.map((photo, index) => ({ index, photo }));
  const workers = Array.from({ length: threads }, () => new Worker(workerFile, { workerData: start }));
  try {
    await Promise.all(workers.map((worker) => new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`A thread that looks at photos ended with code ${code}.`)));
      worker.on('message', (answer: WorkerAnswer) => {
        if (answer.kind === 'failed') return reject(reviveError(answer.error));
        if (answer.kind === 'ready') onReady();
        else onItem(answer.item);
        const next = waiting.shift();
        if (next) worker.postMessage(next);
        else resolve();
      });
    })));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
