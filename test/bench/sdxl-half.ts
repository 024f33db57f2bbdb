// SDXL at its real size in float16 as one file with random weights: it opens, draws and learns within the memory of a
// common machine, is read in place, and keeps its bytes. Linux alone measures the memory.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { writeCheckpoint } from '../../src-main/checkpoint/write-checkpoint.ts';
import { measuredProcess, type PeakMemory } from './measured-process.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { measure, type RealSizeBenchOptions } from './real-size.ts';
import type { DrawingTiming } from './sdxl-half-worker.ts';

const allowedBytes = 20e9;

/** A line for each of what is promised; throws where one is not kept. */
export async function benchSdxlHalf(options: RealSizeBenchOptions): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-sdxl-half-'));
  try {
    const file = path.join(folder, 'sdxl.safetensors');
    const loose = await writeRandomCheckpoint(path.join(folder, 'loose'), 'sdxl', 'float16');
    await writeCheckpoint(file, await openCheckpoint(loose));
    await rm(loose, { recursive: true });
    const before = await hashOf(file);
    const edgePx = options.latentEdge * 8;
    const worker = fileURLToPath(new URL('sdxl-half-worker.ts', import.meta.url));
    const drawn = await measuredProcess<DrawingTiming>(worker, { file, edgePx, samplingSteps: 2 });
    const learned = await measure(file, 'lean-step', { ...options, repeats: 0 });
    if (await hashOf(file) !== before) throw new Error('The checkpoint has other bytes now.');
    const left = await readdir(folder);
    if (left.length !== 1) throw new Error(`Something was written beside the checkpoint: ${left.join(', ')}.`);
    return [
      `SDXL in float16, one file, ${edgePx}×${edgePx}, on the processor`,
      `opened in ${seconds(drawn.openMs)}`,
      `two steps with guidance and decoding in ${seconds(drawn.drawMs)}, ${peak(drawn)}`,
      `session of a LoRA step in ${seconds(learned.createMs)}`,
      `one step in ${seconds(learned.timesMs[0]!)}, ${peak(learned)}`,
      'the file has the bytes that it had, and nothing lies beside it',
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function peak({ anonymousBytes, mappedBytes }: PeakMemory): string {
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`;
  if (anonymousBytes + mappedBytes > allowedBytes) throw new Error('It took more than 20 GB.');
  return `peak ${gigabytes(anonymousBytes + mappedBytes)} (${gigabytes(anonymousBytes)} own)`;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(bytes as Uint8Array);
  return hash.digest('hex');
}
