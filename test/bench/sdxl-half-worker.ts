// Draws a portrait with a checkpoint as the product does, in a process of its own. The argument is DrawingSettings as
// JSON; prints one DrawingTiming as JSON.

import { loadPack, promptsOf } from '../../src-main/compute/loaded-pack.ts';
import type { EngineParts } from '../../src-main/compute/engine-parts.ts';
import { drawPortraits } from '../../src-main/generation/text-to-portrait.ts';
import { openPipeline } from '../../src-main/networks/pipeline.ts';

export interface DrawingSettings {
  readonly file: string;
  readonly edgePx: number;
  readonly samplingSteps: number;
}

export interface DrawingTiming {
  readonly openMs: number;
  readonly drawMs: number;
}

process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as DrawingSettings)));

async function work({ file, edgePx, samplingSteps }: DrawingSettings): Promise<DrawingTiming> {
  const start = performance.now();
  const pack = await loadPack({ checkpointPath: file, vaeFile: null }, { resourcesFolder: 'resources' } as EngineParts);
  const openMs = performance.now() - start;
  const pipeline = openPipeline(pack.checkpoint, { provider: 'cpu', favour: pack.favour });
  const { portraits: [drawn] } = await drawPortraits(pipeline, promptsOf(pack), {
    prompt: 'a portrait', negativePrompt: '', seeds: [1], widthPx: edgePx, heightPx: edgePx, samplingSteps,
    sampler: 'euler', guidanceScale: 5,
  });
  const { picture: { width, height } } = drawn!;
  if (width !== edgePx || height !== edgePx) throw new Error('The picture has another size.');
  const drawMs = performance.now() - start - openMs;
  await pipeline.release();
  return { openMs, drawMs };
}
