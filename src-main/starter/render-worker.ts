// A rendering thread: draws the pictures of its task, writes them at their places and answers with the captions.

import { open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { renderPortrait } from './portrait-renderer.ts';
import type { RenderTask } from './rendered-dataset.ts';
import { renderTexture } from './textures.ts';

const batchSize = 128;

async function render(task: RenderTask): Promise<string[]> {
  sharp.concurrency(1);
  sharp.cache(false);
  const bytesEach = task.resolutionPx * task.resolutionPx * 3;
  const captions: string[] = [];
  const handle = await open(task.file, 'r+');
  try {
    for (let start = 0; start < task.count; start += batchSize) {
      const count = Math.min(batchSize, task.count - start);
      const block = new Uint8Array(count * bytesEach);
      for (let i = 0; i < count; i++) {
        const seed = task.from + start + i;
        if (task.kind === 'textures') {
          block.set(renderTexture(seed, task.resolutionPx), i * bytesEach);
          captions.push('');
          continue;
        }
        const { rgb, caption } = await renderPortrait(seed, { resolutionPx: task.resolutionPx });
        block.set(rgb, i * bytesEach);
        captions.push(caption);
      }
      await handle.write(block, 0, block.length, (task.firstIndex + start) * bytesEach);
    }
  } finally {
    await handle.close();
  }
  return captions;
}

parentPort!.postMessage(await render(workerData as RenderTask));
