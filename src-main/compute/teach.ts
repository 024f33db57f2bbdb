// Teaches a LoRA on the crops it is given and writes it, kohya-named, for the studio to keep.

import path from 'node:path';
import { layersFromFlat } from '../adapter/lora-layers.ts';
import { exportKohyaLora } from '../adapter/write-lora.ts';
import { readSafetensorsHeader } from '../checkpoint/safetensors.ts';
import type { TeachRequest, TeachResult } from '../contract/engine.ts';
import { type Pipeline, openPipeline } from '../networks/pipeline.ts';
import { type TrainedLora, type TrainingCache, cacheTrainingImages, trainLora } from '../training/lora-trainer.ts';
import type { EngineParts } from './engine-parts.ts';
import { type LoadedPack, loadPack, promptsOf } from './loaded-pack.ts';
import { readPixels } from './pictures.ts';
import { onProvider } from './provider-choice.ts';
import type { TriedProvider } from './provider-trial.ts';
import type { Reporter } from './reporter.ts';

/** The last losses are averaged: one alone says more of its timestep than of the training. */
const averagedLosses = 20;

export async function teach(request: TeachRequest, reporter: Reporter, parts: EngineParts): Promise<TeachResult> {
  reporter.phase('starting', 0);
  const pack = await loadPack(request.checkpointPath, parts);
  const trained = await onProvider(parts.chooser, request.provider, reporter, async (provider) => {
    const cache = await cacheImages(request, pack, provider, reporter);
    return await train(request, pack, provider, cache, reporter);
  });
  reporter.phase('saving', 0);
  return await writeTrained(request, pack, trained);
}

async function cacheImages(
  { images, settings }: TeachRequest, pack: LoadedPack, provider: TriedProvider, reporter: Reporter,
): Promise<TrainingCache> {
  const { checkpoint, favour } = pack;
  reporter.phase('preparing', images.length);
  const pipeline: Pipeline = openPipeline(checkpoint, { provider, favour, skipLayers: settings.clipSkip });
  const prompts = promptsOf(pack);
  try {
    const inputs = [];
    for (const [index, { file, caption }] of images.entries()) {
      inputs.push({
        pixels: await readPixels(file, settings.resolutionPx), captionIds: prompts.encode(caption),
      });
      reporter.step(index + 1);
    }
    return await cacheTrainingImages(pipeline, inputs);
  } finally {
    await pipeline.release();
  }
}

async function train(
  { settings }: TeachRequest, { checkpoint, favour }: LoadedPack, provider: TriedProvider, cache: TrainingCache,
  reporter: Reporter,
): Promise<TrainedLora> {
  reporter.phase('teaching', settings.trainingSteps);
  return await trainLora({
    checkpoint, cache, provider, favour,
    settings: { ...settings, learningRateSchedule: 'cosine', maxGradientNorm: 1, optimizer: undefined },
    onProgress: ({ trainingStep, loss }) => reporter.step(trainingStep, loss),
  });
}

async function writeTrained(
  { settings, title, triggerPhrase, outputFolder }: TeachRequest, { checkpoint }: LoadedPack, trained: TrainedLora,
): Promise<TeachResult> {
  const adapterFile = path.join(outputFolder, 'look.safetensors');
  const layers = layersFromFlat('unet', trained.modules, trained.parameters);
  await exportKohyaLora(adapterFile, layers, 'float16', {
    unetConfig: checkpoint.unetConfig, schedulerConfig: checkpoint.schedulerConfig,
    resolutionPx: settings.resolutionPx, title, triggerPhrase,
    trainingSteps: trained.losses.length, learningRate: settings.learningRate,
  });
  const { metadata } = await readSafetensorsHeader(adapterFile);
  const last = trained.losses.slice(-averagedLosses);
  return {
    kind: 'teach', adapterFile, rank: settings.rank, vectorCount: 0, trainingSteps: trained.losses.length,
    bestStep: trained.losses.length,
    finalLoss: last.reduce((sum, loss) => sum + loss, 0) / last.length, metadata: Object.fromEntries(metadata),
  };
}
