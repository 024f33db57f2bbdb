// Renders the starter pack's training pictures once, on worker threads, into one raw file and one JSON of captions.
// A finished set is found again by its name; a half-written one is never taken for a finished one (rename at the end).

import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FacePoints } from '../faces/face.ts';
import { runDrawingThread } from './drawing-thread.ts';

/** Counts up when the same seed is to give another picture, so that no cached set is taken for a new one. */
export const rendererVersion = 5;

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
  /** Of each portrait, in the order of labelNames: the place of the value, -1 where it is not to be seen. */
  readonly labels: readonly (readonly number[])[];
  /** Of each portrait's face, in pixels, centres at .5. */
  readonly points: readonly FacePoints[];
  readonly resolutionPx: number;
  readonly count: number;
}

/** What is known of the pictures beside their pixels; textures have empty captions, and neither labels nor points. */
export type RenderAnswer = Pick<RenderedDataset, 'captions' | 'labels' | 'points'>;

/** What a worker is given; it writes its pictures at their places in the file and answers with what they show. */
export interface RenderTask {
  readonly file: string;
  readonly kind: DatasetRequest['kind'];
  readonly from: number;
  readonly count: number;
  readonly firstIndex: number;
  readonly resolutionPx: number;
}

const runWorker = (task: RenderTask): Promise<RenderAnswer> => (
  runDrawingThread(new URL('./render-worker.ts', import.meta.url), task));

async function renderFiles(request: DatasetRequest, stem: string): Promise<void> {
  const { kind, from, count, resolutionPx, workers } = request;
  const partial = `${stem}.partial`;
  await (await open(partial, 'w')).close();
  const share = Math.ceil(count / workers);
  const tasks = Array.from({ length: workers }, (_, i) => ({
    file: partial, kind, from: from + i * share, count: Math.max(0, Math.min(share, count - i * share)),
    firstIndex: i * share, resolutionPx,
  }));
  const answers = await Promise.all(tasks.map(runWorker));
  const all: RenderAnswer = {
    captions: answers.flatMap((a) => a.captions), labels: answers.flatMap((a) => a.labels),
    points: answers.flatMap((a) => a.points),
  };
  await writeFile(`${stem}.json.partial`, JSON.stringify(all));
  await rename(`${stem}.json.partial`, `${stem}.json`);
  await rename(partial, `${stem}.rgb`);
}

/** What a set's files are called before their endings; pictures of another renderer have other names. */
export const datasetStem = ({ folder, kind, from, count, resolutionPx }: Omit<DatasetRequest, 'workers'>): string => (
  path.join(folder, `${kind}-r${rendererVersion}-${from}-${count}-${resolutionPx}px`));

/** readFile() refuses files of more than 2 GiB, which 44,000 pictures are. */
async function readWhole(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 2 ** 30), at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read.`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** The pictures of seeds from..from+count-1; rendered now unless they are in `folder` already. */
export async function renderDataset(request: DatasetRequest): Promise<RenderedDataset> {
  const { folder, count, resolutionPx } = request;
  const stem = datasetStem(request);
  await mkdir(folder, { recursive: true });
  if (!existsSync(`${stem}.rgb`)) await renderFiles(request, stem);
  const pixels = await readWhole(`${stem}.rgb`);
  const answer = JSON.parse(await readFile(`${stem}.json`, 'utf8')) as RenderAnswer;
  if (pixels.length !== count * resolutionPx * resolutionPx * 3 || answer.captions.length !== count) {
    throw new Error(`The rendered pictures in ${stem}.rgb are not complete; delete the file and start again.`);
  }
  return { pixels, ...answer, resolutionPx, count };
}
