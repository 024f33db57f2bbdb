// A thread that cuts heads out of pictures in a raw file: its share, at their places in another file.

import { open } from 'node:fs/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import type { FacePoints } from '../faces/face.ts';
import { headCrop } from '../faces/head-crop.ts';
import { trainedHeadEdgePx } from '../models/face-encoder.ts';
import { rgbPicture } from '../photos/pixels.ts';
import { storedCropPx } from './people-dataset.ts';

interface CropTask {
  readonly from: string;
  readonly to: string;
  readonly resolutionPx: number;
  readonly first: number;
  /** Of each picture from `first` on. */
  readonly points: readonly FacePoints[];
}

async function cropShare({ from, to, resolutionPx, first, points }: CropTask): Promise<void> {
  const [bytes, cropBytes] = [resolutionPx ** 2 * 3, storedCropPx ** 2 * 3];
  const source = await open(from, 'r');
  const target = await open(to, 'r+');
  try {
    for (const [i, own] of points.entries()) {
      const rgb = new Uint8Array(bytes);
      await source.read(rgb, 0, bytes, (first + i) * bytes);
      const crop = headCrop(rgbPicture(resolutionPx, resolutionPx, rgb), own, storedCropPx,
        storedCropPx / trainedHeadEdgePx);
      await target.write(Uint8Array.from(crop, (value) => Math.round(value)), 0, cropBytes, (first + i) * cropBytes);
    }
  } finally {
    await source.close();
    await target.close();
  }
}

/** Cuts the heads of all pictures in a raw file, on as many threads. */
export async function cropAll(
  from: string, to: string, resolutionPx: number, points: readonly FacePoints[], workers: number,
): Promise<void> {
  await (await open(to, 'w')).close();
  const share = Math.ceil(points.length / workers);
  await Promise.all(Array.from({ length: workers }, (_, i) => new Promise<void>((resolve, reject) => {
    const own = points.slice(i * share, (i + 1) * share);
    const task: CropTask = { from, to, resolutionPx, first: i * share, points: own };
    const worker = new Worker(new URL(import.meta.url), { workerData: { cropTask: task } });
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`A thread ended with code ${code}.`))));
  })));
}

const given = workerData as { cropTask?: CropTask } | null;
if (parentPort && given?.cropTask) await cropShare(given.cropTask);
