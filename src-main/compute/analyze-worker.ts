// A thread that looks at photos, one after the other as they are sent, with face networks of its own: ONNX Runtime
// keeps the thread that calls it, and so does work on pixels.

import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { errorDataOf } from '../contract/error-data.ts';
import type { AnalyzeRequest, AnalyzedPhoto } from '../contract/engine.ts';
import type { ErrorData } from '../contract/nouns.ts';
import { openFaceEngine } from '../faces/face-engine.ts';
import { type AnalyzeSettings, analyzePhoto } from './analyze-photo.ts';

/** What a thread is started with. */
export interface WorkerStart extends AnalyzeSettings {
  readonly resourcesFolder: string;
  readonly faceNetworks: AnalyzeRequest['faceNetworks'];
}

/** A photo for it to look at, by its place in the request; null ends it. */
export interface WorkerTask {
  readonly index: number;
  readonly photo: AnalyzeRequest['photos'][number];
}

export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'item'; readonly item: AnalyzedPhoto }
  | { readonly kind: 'failed'; readonly error: ErrorData; readonly stack: string };

const start = workerData as WorkerStart;
const port = parentPort!;
const say = (answer: WorkerAnswer): void => port.postMessage(answer);

async function answering(work: () => Promise<WorkerAnswer>): Promise<void> {
  try {
    say(await work());
  } catch (error) {
    say({ kind: 'failed', error: errorDataOf(error), stack: error instanceof Error ? error.stack ?? '' : '' });
  }
}

const engine = openFaceEngine(
  start.faceNetworks, { weightsFolder: path.join(start.resourcesFolder, 'faces'), threads: 1 });
port.on('message', (task: WorkerTask | null) => void (task ? answering(() => look(task)) : end()));
await answering(async () => {
  await engine;
  return { kind: 'ready' };
});

async function look({ index, photo }: WorkerTask): Promise<WorkerAnswer> {
  return { kind: 'item', item: await analyzePhoto(await engine, start, photo, index) };
}

/** Nothing is left to look at, or to open where opening has failed. */
async function end(): Promise<void> {
  await engine.then((opened) => opened.release(), () => undefined);
  port.close();
}
