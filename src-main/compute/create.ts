// Draws portraits one by one: sampled, decoded, measured against the subject's photos, written with their settings.

import path from 'node:path';
import type { CreateRequest, EngineResult } from '../contract/engine.ts';
import { type PortraitSettings, writePortrait } from '../generation/portrait-file.ts';
import { type DrawnPicture, drawPortraits } from '../generation/text-to-portrait.ts';
import { type Pipeline, openPipeline } from '../networks/pipeline.ts';
import { type AdapterToApply, readAdapter } from './adapter-input.ts';
import type { EngineParts } from './engine-parts.ts';
import { type LikenessMeter, openLikenessMeter } from './likeness-meter.ts';
import { type LoadedPack, loadPack, promptsOf } from './loaded-pack.ts';
import { onProvider } from './provider-choice.ts';
import type { Reporter } from './reporter.ts';

interface Drawing {
  readonly request: CreateRequest;
  readonly pack: LoadedPack;
  readonly pipeline: Pipeline;
  readonly adapter: AdapterToApply | undefined;
  readonly meter: LikenessMeter;
  readonly reporter: Reporter;
  /** Keys of the items that are finished. */
  readonly drawn: Set<string>;
}

export async function create(request: CreateRequest, reporter: Reporter, parts: EngineParts): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const pack = await loadPack(request.checkpointPath, parts);
  const adapter = request.adapter === null ? undefined : await readAdapter(request.adapter.file, pack.checkpoint);
  const drawn = new Set<string>();
  await onProvider(parts.chooser, request.provider, reporter, async (provider) => {
    const pipeline = openPipeline(pack.checkpoint, {
      provider, favour: pack.favour, adapter: adapter?.form, skipLayers: request.settings.clipSkip,
    });
    const meter = await openLikenessMeter(request, pipeline, parts);
    try {
      await drawAll({ request, pack, pipeline, adapter, meter, reporter, drawn });
    } finally {
      await meter.release();
      await pipeline.release();
    }
  });
  return { kind: 'finished' };
}

async function drawAll(drawing: Drawing): Promise<void> {
  const { request, reporter } = drawing;
  const { settings } = request;
  reporter.phase('drawing', request.items.length * settings.samplingSteps);
  for (const [index, item] of request.items.entries()) {
    if (drawing.drawn.has(item.key)) continue;
    const drawn = await drawOne(drawing, item, index);
    const likeness = await drawing.meter.measure(drawn);
    const file = path.join(request.outputFolder, `portrait-${index}.png`);
    await writePortrait(file, drawn.picture, portraitSettings(drawing, item));
    reporter.item({
      kind: 'portrait', key: item.key, file, widthPx: drawn.picture.width, heightPx: drawn.picture.height,
      samplingSteps: settings.samplingSteps, sampler: settings.sampler, guidanceScale: settings.guidanceScale, likeness,
    });
    drawing.drawn.add(item.key);
  }
}

async function drawOne(
  drawing: Drawing, item: CreateRequest['items'][number], index: number,
): Promise<DrawnPicture> {
  const { request: { settings }, pack, pipeline, adapter, reporter } = drawing;
  const batch = await drawPortraits(pipeline, promptsOf(pack, adapter?.learnedTokens), {
    prompt: item.prompt, negativePrompt: item.negativePrompt, seeds: [item.seed],
    widthPx: settings.widthPx, heightPx: settings.heightPx, samplingSteps: settings.samplingSteps,
    sampler: settings.sampler, guidanceScale: settings.guidanceScale,
    ...(adapter ? { adapter: { ...adapter.numbers, strength: item.adapterStrength } } : {}),
  }, {
    onStep: ({ samplingStep }) => reporter.step(index * settings.samplingSteps + samplingStep),
  });
  return batch.portraits[0]!;
}

function portraitSettings({ request, adapter }: Drawing, item: CreateRequest['items'][number]): PortraitSettings {
  const { settings } = request;
  const isWithAdapter = adapter !== undefined && item.adapterStrength > 0;
  return {
    prompt: item.prompt, negativePrompt: item.negativePrompt, seed: item.seed,
    samplingSteps: settings.samplingSteps, sampler: settings.sampler, guidanceScale: settings.guidanceScale,
    modelName: request.modelName, version: `Likeness ${request.version}`,
    // the look's own name may be a person's, so it stays out of the picture
    ...(isWithAdapter ? { lora: { name: 'look', strength: item.adapterStrength } } : {}),
  };
}
