// The autoencoder's stages of `npm run starter:train`: trained, then refined while the denoiser learns.

import path from 'node:path';
import sharp from 'sharp';
import { initialParameters } from './flat-parameters.ts';
import { refineBatch, refinedPlaces, refineStepGraph } from './refine-stage.ts';
import type { RenderedDataset } from './rendered-dataset.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from './snapshot.ts';
import { trainStage } from './stage-trainer.ts';
import { starterNetworks } from './starter-networks.ts';
import { paceOf, pictureAt, renderedSets, report, reportProgress, splitOf, type StarterRun } from './starter-run.ts';
import { vaeBatch } from './training-batches.ts';
import { vaeLayout, vaeStepGraph, writeReconstructions } from './vae-stage.ts';

export const vaeSnapshotFile = ({ cache }: StarterRun) => path.join(cache, 'vae.snapshot.safetensors');

export async function trainedVae(run: StarterRun): Promise<TrainingState> {
  const state = await readSnapshot(vaeSnapshotFile(run), vaeLayout(starterNetworks(run.recipe).vae).size);
  if (!state) throw new Error('The autoencoder has no snapshot yet; run the vae stage first.');
  return state;
}

const refinedSnapshotFile = ({ cache }: StarterRun) => path.join(cache, 'refine.snapshot.safetensors');

/** The autoencoder as far as it has been refined; before that, as it was trained. */
export async function refinedVae(run: StarterRun): Promise<TrainingState> {
  const refined = await readSnapshot(refinedSnapshotFile(run), vaeLayout(starterNetworks(run.recipe).vae).size);
  return refined ?? await trainedVae(run);
}

export async function refineVae(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const { average } = await trainedVae(run);
  const file = refinedSnapshotFile(run);
  const state = (await readSnapshot(file, average.length)) ?? newTrainingState(average.slice());
  if (state.step >= recipe.refine.steps) return;
  const { portraits, textures } = await renderedSets(run);
  const pictures = await lookedAt(run, portraits, textures);
  const places = refinedPlaces(recipe, portraits);
  const stepOf = (batchSize: number) => (
    refineStepGraph({ ...recipe, refine: { ...recipe.refine, batchSize } }, average));
  await trainStage(state, {
    step: stepOf(recipe.refine.batchSize), split: splitOf(run, recipe.refine.batchSize, stepOf, 4),
    plan: recipe.refine,
    emaDecay: 0.995, ...paceOf(run),
    batch: (step) => refineBatch(recipe, portraits, textures, places, step),
    onProgress: (p) => reportProgress('refine', p),
    onSnapshot: async (saved) => {
      await writeSnapshot(file, saved);
      await reportQuality(run, 'refine', saved.step, saved.average, pictures);
    },
  });
}

/** Held-out portraits and, last, the photo that is only looked at. */
async function lookedAt(run: StarterRun, portraits: RenderedDataset, textures: RenderedDataset): Promise<Uint8Array[]> {
  const { resolutionPx } = run.recipe;
  const looked = Array.from({ length: 15 }, (_, i) => pictureAt(portraits, portraits.count - 1 - i));
  const photo = run.photo && await sharp(run.photo).resize(resolutionPx, resolutionPx).removeAlpha().raw().toBuffer();
  return [...looked, photo ? new Uint8Array(photo) : pictureAt(textures, 0)];
}

async function reportQuality(
  run: StarterRun, stage: string, step: number, parameters: Float32Array, pictures: readonly Uint8Array[],
): Promise<void> {
  const sheet = path.join(run.cache, 'sheets', `${stage}-${String(step).padStart(6, '0')}.png`);
  const quality = await writeReconstructions(sheet, run.recipe, parameters, pictures, run);
  const mean = quality.slice(0, -1).reduce((sum, q) => sum + q, 0) / (quality.length - 1);
  report(`${stage} ${step} portraits ${mean.toFixed(2)} dB, last ${quality.at(-1)!.toFixed(2)} dB`);
}

export async function trainVae(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const layout = vaeLayout(starterNetworks(recipe).vae);
  const file = vaeSnapshotFile(run);
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed));
  if (state.step >= recipe.vae.steps) return;
  const { portraits, textures } = await renderedSets(run);
  const pictures = await lookedAt(run, portraits, textures);
  const stepOf = (batchSize: number) => vaeStepGraph({ ...recipe, vae: { ...recipe.vae, batchSize } });
  await trainStage(state, {
    step: stepOf(recipe.vae.batchSize), split: splitOf(run, recipe.vae.batchSize, stepOf),
    plan: recipe.vae, emaDecay: 0.995,
    ...paceOf(run), batch: (step) => vaeBatch(recipe, portraits, textures, step),
    onProgress: (p) => reportProgress('vae', p),
    onSnapshot: async (saved) => {
      await writeSnapshot(file, saved);
      await reportQuality(run, 'vae', saved.step, saved.average, pictures);
    },
  });
}
