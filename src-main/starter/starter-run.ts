// What every stage of `npm run starter:train` is given, and the pictures that they share.

import type { Provider } from '../runtime/session.ts';
import type { StarterRecipe } from './recipe.ts';
import { renderDataset, type RenderedDataset } from './rendered-dataset.ts';
import type { StageProgress } from './stage-trainer.ts';

export interface StarterRun {
  readonly recipe: StarterRecipe;
  /** Snapshots, pictures and sheets; outside what is published. */
  readonly cache: string;
  /** Where the pack is written. */
  readonly out: string;
  readonly provider: Provider;
  readonly threads?: number;
  readonly photo?: string;
  readonly signal: AbortSignal;
}

export const report = (text: string) => process.stderr.write(`${text}\n`);

export const reportProgress = (stage: string, p: StageProgress) => report(
  `${stage} ${p.step}/${p.steps} loss ${p.loss.toFixed(4)} ` +
  `norm ${p.gradientNorm.toFixed(2)} ${p.msPerStep.toFixed(0)} ms`);

export async function renderedSets({ recipe, cache }: StarterRun): Promise<{
  portraits: RenderedDataset; textures: RenderedDataset }> {
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
