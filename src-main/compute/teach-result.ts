// The file that a run leaves: of its best snapshot, a LoRA with kohya's names, an embedding, or a whole checkpoint.

import path from 'node:path';
import { writeEmbedding } from '../adapter/write-embedding.ts';
import { exportKohyaLora } from '../adapter/write-lora.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import { writeCheckpoint } from '../checkpoint/write-checkpoint.ts';
import type { TeachRequest, TeachResult } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  type LearnedParameters, learnedParameters, loraLayersOf, newRowsOf, withLearnedWeights,
} from '../training/learned.ts';
import { bestOf, type SnapshotFolder, type SnapshotRecord } from '../training/trainer-snapshots.ts';
import type { TrainingStep } from '../training/training-step.ts';
import type { LoadedPack } from './loaded-pack.ts';
import { describeLook } from './look-description.ts';
import type { TeachPlan } from './teach-plan.ts';

export interface ResultSources {
  readonly request: TeachRequest;
  readonly pack: LoadedPack;
  readonly plan: TeachPlan;
  readonly step: TrainingStep;
  readonly snapshots: SnapshotFolder;
}

/** The last losses are averaged: one alone says more of its timestep than of the training. */
const averagedLosses = 20;

/** Writes the best snapshot as a look. Refuses with jobs.nothing-to-keep where there is none. */
export async function writeResult(
  sources: ResultSources, records: readonly SnapshotRecord[], losses: readonly number[],
): Promise<TeachResult> {
  const best = bestOf(records);
  if (!best) throw nothingToKeep();
  const { request, plan } = sources;
  const adapterFile = path.join(request.outputFolder, 'look.safetensors');
  await writeLook(sources, best.step, adapterFile);
  const { metadata } = await readSafetensorsHeader(adapterFile);
  const last = losses.slice(-averagedLosses);
  return {
    kind: 'teach', adapterFile, rank: request.method === 'lora' ? request.settings.rank : 0,
    vectorCount: plan.learnedTokens[0]?.vectors ?? 0, trainingSteps: losses.length, bestStep: best.step,
    finalLoss: last.reduce((sum, loss) => sum + loss, 0) / last.length, metadata: Object.fromEntries(metadata),
  };
}

async function writeLook(sources: ResultSources, bestStep: number, file: string): Promise<void> {
  const { request, pack: { checkpoint }, plan, step, snapshots } = sources;
  const saved = await snapshots.parameters(bestStep);
  const { settings, title, triggerPhrase, images } = request;
  const description = describeLook(checkpoint, {
    settings, title, triggerPhrase, trainingSteps: bestStep, photoCount: images.length,
  });
  if (request.method === 'dreambooth') {
    const { unet, textEncoders } = withLearnedWeights(checkpoint, learnedParameters(step.layout.chunks, saved));
    await writeCheckpoint(file, checkpoint, {
      unet, textEncoders: textEncoders.map(({ weights }) => weights), resolutionPx: description.resolutionPx,
      title, triggerPhrase,
    });
    return;
  }
  const learned = await readLearned(step, saved);
  const word = plan.learnedTokens[0]?.word;
  const embeddings = word === undefined ? [] : [{ word, rows: newRowsOf(learned, checkpoint) }];
  if (request.method === 'textual-inversion') await writeEmbedding(file, embeddings[0]!, 'a1111', description);
  // as it was learned: what is written for other programs is rounded then
  else await exportKohyaLora(file, loraLayersOf(step.trainables, learned), 'float32', { ...description, embeddings });
}

async function readLearned(
  step: TrainingStep, saved: Awaited<ReturnType<SnapshotFolder['parameters']>>,
): Promise<LearnedParameters> {
  const tensors = new Map<string, Tensor>();
  for (const [name, reference] of saved) tensors.set(name, await readTensor(reference));
  return learnedParameters(step.layout.chunks, tensors);
}

function nothingToKeep(): UserError {
  return new UserError('training.nothing-to-keep', {
    what: 'This run has learned nothing yet that could be kept.',
    safe: 'Your photos and earlier looks are as they were.',
    todo: 'Let it go on until its first snapshot.',
  });
}
