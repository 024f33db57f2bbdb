// A rendering thread: draws the pictures of its task, writes them at their places and answers with what they show.

import { open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { FacePoints } from '../faces/face.ts';
import { labelIndices } from './labels.ts';
import { renderPortrait } from './portrait-renderer.ts';
import type { RenderAnswer, RenderTask } from './rendered-dataset.ts';
import { renderTexture } from './textures.ts';
import { trainingAttributes } from './varied-portraits.ts';

const batchSize = 128;

async function render(task: RenderTask): Promise<RenderAnswer> {
  const bytesEach = task.resolutionPx * task.resolutionPx * 3;
  const answer = { captions: [] as string[], labels: [] as number[][], points: [] as FacePoints[] };
  const handle = await open(task.file, 'r+');
  try {
    for (let start = 0; start < task.count; start += batchSize) {
      const count = Math.min(batchSize, task.count - start);
      const block = new Uint8Array(count * bytesEach);
      for (let i = 0; i < count; i++) {
        const seed = task.from + start + i;
        if (task.kind === 'textures') {
          block.set(renderTexture(seed, task.resolutionPx), i * bytesEach);
          answer.captions.push('');
          continue;
        }
        const { rgb, caption, labels, points } = await renderPortrait(
          seed, { resolutionPx: task.resolutionPx, attributes: trainingAttributes(seed) });
        block.set(rgb, i * bytesEach);
        answer.captions.push(caption);
        answer.labels.push(labelIndices(labels));
        answer.points.push(points);
      }
      await handle.write(block, 0, block.length, (task.firstIndex + start) * bytesEach);
    }
  } finally {
    await handle.close();
  }
  return answer;
}

parentPort!.postMessage(await render(workerData as RenderTask));
