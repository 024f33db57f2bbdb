// Renders the starter pack's training pictures once, on worker threads, into one raw file and one JSON of captions.
// A finished set is found again by its name; a half-written one is never taken for a finished one (rename at the end).

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

export interface DatasetRequest {
  readonly folder: string;
  readonly kind: 'portraits' | 'textures';
  readonly from: number;
  readonly count: number;
  readonly resolutionPx: number;
  readonly workers: number;
}

export interface RenderedDataset {
  /** count x resolution x resolution x 3, 8-bit RGB. */
  readonly pixels: Uint8Array;
  readonly captions: readonly string[];
  readonly resolutionPx: number;
  readonly count: number;
}

/** What a worker is given; it writes its pictures at their places in the file and answers with their captions. */
export interface RenderTask {
  readonly file: string;
  readonly kind: DatasetRequest['kind'];
  readonly from: number;
  readonly count: number;
  readonly firstIndex: number;
  readonly resolutionPx: number;
}

function runWorker(task: RenderTask): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./render-worker.ts', import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => code !== 0 && reject(new Error(`A rendering thread ended with code ${code}.`)));
  });
}

async function renderFiles(request: DatasetRequest, stem: string): Promise<void> {
  const { kind, from, count, resolutionPx, workers } = request;
  const partial = `${stem}.partial`;
  await (await open(partial, 'w')).close();
  const share = Math.ceil(count / workers);
  const tasks = Array.from({ length: workers }, (_, i) => ({
    file: partial, kind, from: from + i * share, count: Math.max(0, Math.min(share, count - i * share)),
    firstIndex: i * share, resolutionPx,
  }));
  const captions = (await Promise.all(tasks.map(runWorker))).flat();
  await writeFile(`${stem}.json.partial`, JSON.stringify(captions));
  await rename(`${stem}.json.partial`, `${stem}.json`);
  await rename(partial, `${stem}.rgb`);
}

/** The pictures of seeds from..from+count-1; rendered now unless they are in `folder` already. */
export async function renderDataset(request: DatasetRequest): Promise<RenderedDataset> {
  const { folder, kind, from, count, resolutionPx } = request;
  const stem = path.join(folder, `${kind}-${from}-${count}-${resolutionPx}px`);
  await mkdir(folder, { recursive: true });
  if (!existsSync(`${stem}.rgb`)) await renderFiles(request, stem);
  const pixels = new Uint8Array(await readFile(`${stem}.rgb`));
  const captions = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as string[];
  if (pixels.length !== count * resolutionPx * resolutionPx * 3 || captions.length !== count) {
    throw new Error(`The rendered pictures in ${stem}.rgb are not complete; delete the file and start again.`);
  }
  return { pixels, captions, resolutionPx, count };
}
