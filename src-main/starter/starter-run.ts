// What every stage of `npm run starter:train` is given, and the pictures that they share.

import os from 'node:os';
import type { Provider } from '../runtime/session.ts';
import type { FlatStep } from './flat-step.ts';
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
  /** What each training stage may take; until its last step unless told. */
  readonly minutes?: number;
  /** Folder of the pack that InstantID is trained beside. */
  readonly base: string;
  /** Folder of CLIP's merges, for captions and for packs that have no tokenizer of their own. */
  readonly tokenizer: string;
  /** Where the judge is written. */
  readonly judge: string;
  /** Pictures that go through the pack's autoencoder at once. */
  readonly passBatch: number;
}

/** Threads that draw pictures: one for each core. */
export const workersOf = (run: StarterRun): number => run.threads ?? os.availableParallelism();

/**
 * Shares of a batch on the CPU, one a thread, each a multiple of `least` items; undefined where there is one thread or
 * a GPU. `stepOf` gives the step for so many items.
 */
export function splitOf(run: StarterRun, batchSize: number, stepOf: (batchSize: number) => FlatStep, least = 1) {
  if (run.provider !== 'cpu') return undefined;
  let workers = Math.min(batchSize / least, workersOf(run));
  while (batchSize % (workers * least) !== 0) workers--;
  return workers < 2 ? undefined : { share: stepOf(batchSize / workers), batchSize, workers };
}

/** Where and how long a stage runs. A machine that is rented for minutes may go at any time: snapshots come often. */
export const paceOf = ({ provider, threads, signal, minutes }: StarterRun) => ({
  provider, threads, signal, ...(minutes === undefined ? {} : { minutes, snapshotEveryMs: 25_000 }),
});

export const report = (text: string) => process.stderr.write(`${text}\n`);

export const reportProgress = (stage: string, p: StageProgress) => report(
  `${stage} ${p.step}/${p.steps} loss ${p.loss.toFixed(4)} ` +
  `norm ${p.gradientNorm.toFixed(2)} ${p.msPerStep.toFixed(0)} ms`);

const rendered = (run: StarterRun, kind: 'portraits' | 'textures'): Promise<RenderedDataset> => renderDataset({
  folder: run.cache, from: 0, resolutionPx: run.recipe.resolutionPx, workers: workersOf(run), kind,
  count: run.recipe[kind],
});

export const renderedPortraits = (run: StarterRun): Promise<RenderedDataset> => rendered(run, 'portraits');

export async function renderedSets(run: StarterRun): Promise<{
  portraits: RenderedDataset; textures: RenderedDataset }> {
  return { portraits: await renderedPortraits(run), textures: await rendered(run, 'textures') };
}

export const pictureAt = (set: RenderedDataset, index: number) => {
  const bytes = set.resolutionPx ** 2 * 3;
  return set.pixels.subarray(index * bytes, (index + 1) * bytes);
};
