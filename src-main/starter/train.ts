// npm run starter:train: makes resources/starter from nothing, stage by stage, going on from the last snapshot.
// Stages: vae, latents, unet, export. Options: --stage NAME, --provider cpu|webgpu, --threads N, --photo FILE (looked at only).

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { Provider } from '../runtime/session.ts';
import { initialParameters } from './flat-parameters.ts';
import { recipeSchema, type StarterRecipe, starterRecipe } from './recipe.ts';
import { renderDataset, type RenderedDataset } from './rendered-dataset.ts';
import { newTrainingState, readSnapshot, writeSnapshot } from './snapshot.ts';
import { optimizerOf, trainStage } from './stage-trainer.ts';
import { starterNetworks } from './starter-networks.ts';
import { vaeBatch } from './training-batches.ts';
import { vaeLayout, vaeStepGraph, writeReconstructions } from './vae-stage.ts';

export interface StarterRun {
  readonly recipe: StarterRecipe;
  /** Snapshots, pictures and sheets; outside what is published. */
  readonly cache: string;
  readonly provider: Provider;
  readonly threads?: number;
  readonly photo?: string;
}

export const report = (text: string) => process.stderr.write(`${text}\n`);

export async function renderedSets({ recipe, cache }: StarterRun): Promise<{ portraits: RenderedDataset; textures: RenderedDataset }> {
  const common = { folder: cache, from: 0, resolutionPx: recipe.resolutionPx, workers: 2 } as const;
  return {
    portraits: await renderDataset({ ...common, kind: 'portraits', count: recipe.portraits }),
    textures: await renderDataset({ ...common, kind: 'textures', count: recipe.textures }),
  };
}

export const pictureAt = (set: RenderedDataset, index: number) => {
  const bytes = set.resolutionPx ** 2 * 3;
  return set.pixels.subarray(index * bytes, (index + 1) * bytes);
};

async function trainVae(run: StarterRun): Promise<void> {
  const { recipe, cache } = run;
  const layout = vaeLayout(starterNetworks(recipe).vae);
  const file = path.join(cache, 'vae.snapshot.safetensors');
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed));
  if (state.step >= recipe.vae.steps) return;
  const { portraits, textures } = await renderedSets(run);
  const looked = Array.from({ length: 15 }, (_, i) => pictureAt(portraits, portraits.count - 1 - i));
  const photo = run.photo && await sharp(run.photo).resize(recipe.resolutionPx, recipe.resolutionPx).removeAlpha().raw().toBuffer();
  const pictures = [...looked, photo ? new Uint8Array(photo) : pictureAt(textures, 0)];
  await trainStage(state, {
    step: vaeStepGraph(recipe), optimizer: optimizerOf(recipe.vae), plan: recipe.vae, emaDecay: 0.995,
    provider: run.provider, threads: run.threads, batch: (step) => vaeBatch(recipe, portraits, textures, step),
    onProgress: (p) => report(`vae ${p.step}/${p.steps} loss ${p.loss.toFixed(4)} norm ${p.gradientNorm.toFixed(2)} ` +
      `${p.msPerStep.toFixed(0)} ms`),
    onSnapshot: async (saved) => {
      await writeSnapshot(file, saved);
      const sheet = path.join(cache, 'sheets', `vae-${String(saved.step).padStart(6, '0')}.png`);
      const quality = await writeReconstructions(sheet, recipe, saved.average, pictures, run);
      const mean = quality.slice(0, -1).reduce((sum, q) => sum + q, 0) / (quality.length - 1);
      report(`vae ${saved.step} portraits ${mean.toFixed(2)} dB, last ${quality.at(-1)!.toFixed(2)} dB`);
    },
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stage: { type: 'string', default: 'all' }, provider: { type: 'string', default: 'cpu' }, threads: { type: 'string' },
      photo: { type: 'string' }, recipe: { type: 'string' }, cache: { type: 'string', default: '.cache/starter' },
    },
  });
  const recipe = values.recipe ? recipeSchema.parse(JSON.parse(await readFile(values.recipe, 'utf8'))) : starterRecipe;
  const run: StarterRun = {
    recipe, cache: path.resolve(values.cache), provider: values.provider as Provider,
    ...(values.threads ? { threads: Number(values.threads) } : {}), ...(values.photo ? { photo: values.photo } : {}),
  };
  const stages: Readonly<Record<string, (run: StarterRun) => Promise<void>>> = { vae: trainVae };
  const wanted = values.stage === 'all' ? Object.keys(stages) : [values.stage];
  for (const stage of wanted) {
    const train = stages[stage];
    if (!train) throw new Error(`There is no stage ${stage}; the stages are ${Object.keys(stages).join(', ')}.`);
    report(`stage ${stage}`);
    await train(run);
  }
}

await main();
