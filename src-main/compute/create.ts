// Draws portraits one by one: sampled, decoded, measured against the subject's photos, written with their settings.

import path from 'node:path';
import type { EngineResult } from '../contract/engine.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import { type PortraitSettings, writePortrait } from '../generation/portrait-file.ts';
import { type DrawnPicture, type StartPicture, drawPortraits } from '../generation/text-to-portrait.ts';
import { type Pipeline, openPipeline } from '../networks/pipeline.ts';
import { openPhoto } from '../photos/import-photo.ts';
import { type LookToApply, readLook } from './adapter-input.ts';
import type { EngineParts } from './engine-parts.ts';
import { type LikenessMeter, openLikenessMeter } from './likeness-meter.ts';
import { type LoadedPack, loadPack, promptsOf } from './loaded-pack.ts';
import { onProvider } from './provider-choice.ts';
import type { TriedProvider } from './provider-trial.ts';
import type { Reporter } from './reporter.ts';

type Item = CreateRequest['items'][number];

interface Drawing {
  readonly request: CreateRequest;
  readonly pack: LoadedPack;
  readonly look: LookToApply | undefined;
  readonly start: StartPicture | undefined;
  readonly provider: TriedProvider;
  readonly meter: LikenessMeter;
  readonly reporter: Reporter;
  /** Keys of the items that are finished. */
  readonly drawn: Set<string>;
}

export async function create(request: CreateRequest, reporter: Reporter, parts: EngineParts): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const pack = await loadPack(request.checkpointPath, parts);
  const look = request.adapter === null ? undefined : await readLook(request.adapter, pack.checkpoint);
  const start = request.start === null ? undefined
    : { picture: await openPhoto(request.start.file), strength: request.start.strength };
  const drawn = new Set<string>();
  await onProvider(parts.chooser, request.provider, reporter, async (provider) => {
    const base = openPipeline(pack.checkpoint, optionsOf(request, pack, provider, look));
    const meter = await openLikenessMeter(request, base, parts);
    try {
      await drawAll({ request, pack, look, start, provider, meter, reporter, drawn }, base);
    } finally {
      await meter.release();
      await base.release();
    }
  });
  return { kind: 'finished' };
}

function optionsOf(
  { settings }: CreateRequest, { favour }: LoadedPack, provider: TriedProvider, look: LookToApply | undefined,
) {
  return { provider, favour, adapter: look?.adapter?.form, skipLayers: settings.clipSkip };
}

const usesLook = ({ adapterStrength }: Item): boolean => adapterStrength > 0;

/** An adapter is one of the base pipeline's inputs; a checkpoint of its own is another pipeline, opened before it. */
async function drawAll(drawing: Drawing, base: Pipeline): Promise<void> {
  const { request, pack, look, provider, reporter } = drawing;
  const items = request.items.filter(({ key }) => !drawing.drawn.has(key));
  const isOther = look !== undefined && look.checkpoint !== pack.checkpoint;
  const apart = isOther ? items.filter(usesLook) : [];
  const { samplingSteps } = request.settings;
  reporter.phase('drawing', request.items.length * samplingSteps, drawing.drawn.size * samplingSteps);
  if (apart.length > 0) {
    const pipeline = openPipeline(look!.checkpoint, optionsOf(request, pack, provider, look));
    try {
      for (const item of apart) await drawItem(drawing, pipeline, item);
    } finally {
      await pipeline.release();
    }
  }
  for (const item of items) if (!apart.includes(item)) await drawItem(drawing, base, item);
}

async function drawItem(drawing: Drawing, pipeline: Pipeline, item: Item): Promise<void> {
  const { request: { settings, outputFolder }, reporter } = drawing;
  const drawn = await drawOne(drawing, pipeline, item);
  const likeness = await drawing.meter.measure(drawn);
  const file = path.join(outputFolder, `portrait-${drawing.drawn.size}.png`);
  await writePortrait(file, drawn.picture, portraitSettings(drawing, item));
  reporter.item({
    kind: 'portrait', key: item.key, file, widthPx: drawn.picture.width, heightPx: drawn.picture.height,
    samplingSteps: settings.samplingSteps, sampler: settings.sampler, guidanceScale: settings.guidanceScale, likeness,
  });
  drawing.drawn.add(item.key);
}

async function drawOne(drawing: Drawing, pipeline: Pipeline, item: Item): Promise<DrawnPicture> {
  const { request: { settings }, pack, look, start, reporter } = drawing;
  // without the look its word is a word like any other
  const adapter = usesLook(item) ? look?.adapter : undefined;
  const first = drawing.drawn.size * settings.samplingSteps;
  const batch = await drawPortraits(pipeline, promptsOf(pack, adapter?.learnedTokens), {
    prompt: item.prompt, negativePrompt: item.negativePrompt, seeds: [item.seed],
    widthPx: settings.widthPx, heightPx: settings.heightPx, samplingSteps: settings.samplingSteps,
    sampler: settings.sampler, guidanceScale: settings.guidanceScale,
    ...(adapter ? { adapter: { ...adapter.numbers, strength: item.adapterStrength } } : {}),
    ...(start ? { start } : {}),
  }, {
    onStep: ({ samplingStep }) => reporter.step(first + samplingStep),
  });
  return batch.portraits[0]!;
}

function portraitSettings({ request }: Drawing, item: Item): PortraitSettings {
  const { settings } = request;
  const isWithLora = request.adapter?.method === 'lora' && usesLook(item);
  return {
    prompt: item.prompt, negativePrompt: item.negativePrompt, seed: item.seed,
    samplingSteps: settings.samplingSteps, sampler: settings.sampler, guidanceScale: settings.guidanceScale,
    ...(request.start ? { startStrength: request.start.strength, startsFromPhoto: request.start.isPhoto } : {}),
    modelName: request.modelName, version: `Likeness ${request.version}`,
    // the look's own name may be a person's, so it stays out of the picture
    ...(isWithLora ? { lora: { name: 'look', strength: item.adapterStrength } } : {}),
  };
}
