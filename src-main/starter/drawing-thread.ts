// Runs a task on a thread of its own that draws pictures, and waits for what it answers.

import { Worker } from 'node:worker_threads';

/**
 * Gives `task` to the module `script` as its workerData; resolves with its first message.
 * @throws What the thread threw, or an Error with its exit code.
 */
export function runDrawingThread<Answer>(script: URL, task: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => code !== 0 && reject(new Error(`A rendering thread ended with code ${code}.`)));
  });
}
