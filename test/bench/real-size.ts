// A model at its real size with random weights: session creation, forward, LoRA step with and without recomputation,
// peak memory. Each measurement is a process of its own; the kinds take turns.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Precision } from '../../src-main/networks/precision.ts';
import type { Provider } from '../../src-main/runtime/session.ts';
import type { BenchMode } from './bench-modes.ts';
import { type PeakMemory, measuredProcess } from './measured-process.ts';
import { type WeightDType, writeRandomCheckpoint } from './random-checkpoint.ts';
import { type RealModel, realModels } from './real-size-configs.ts';
import type { Timing, WorkerSettings } from './real-size-worker.ts';

export interface RealSizeBenchOptions {
  readonly model: RealModel;
  readonly modes: readonly BenchMode[];
  /** Runs of a session that count; the first one allocates and does not. */
  readonly repeats: number;
  /** Processes of each kind. */
  readonly rounds: number;
  /** Latent height and width: 64 is 512 pixels. */
  readonly latentEdge: number;
  readonly favour: 'speed' | 'memory';
  readonly dtype: WeightDType;
  readonly provider: Provider;
  readonly precision: Precision;
  /** glibc asks the system for huge pages (Linux). */
  readonly hugePages: boolean;
  /** A diffusers folder to use instead of a random one. */
  readonly checkpoint?: string;
}

export type Measurement = Timing & PeakMemory;
type Results = ReadonlyMap<BenchMode, readonly Measurement[]>;

/** Measures and returns lines to print. */
export async function benchRealSize(options: RealSizeBenchOptions): Promise<string[]> {
  return withCheckpoint(options, async (folder) => {
    const results = new Map<BenchMode, Measurement[]>(options.modes.map((mode) => [mode, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const mode of options.modes) results.get(mode)!.push(await measure(folder, mode, options));
    }
    return reportLines(results, options);
  });
}

/** With the checkpoint that the options name, or a random one that is removed again. */
export async function withCheckpoint<T>(
  { checkpoint, model, dtype }: RealSizeBenchOptions, work: (folder: string) => Promise<T>,
): Promise<T> {
  const temporary = checkpoint ? undefined : await mkdtemp(path.join(os.tmpdir(), 'likeness-bench-'));
  try {
    return await work(checkpoint ?? await writeRandomCheckpoint(temporary!, model, dtype));
  } finally {
    if (temporary) await rm(temporary, { recursive: true, force: true });
  }
}

export function measure(folder: string, mode: BenchMode, options: RealSizeBenchOptions): Promise<Measurement> {
  const worker = fileURLToPath(new URL('real-size-worker.ts', import.meta.url));
  const { repeats, latentEdge, favour, provider, precision } = options;
  const settings: WorkerSettings = { folder, mode, repeats, latentEdge, favour, provider, precision };
  const environment = options.hugePages ? { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } : undefined;
  return measuredProcess<Timing>(worker, settings, environment);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

/** Runs that count, of all processes together. */
export function counted<Run>(runs: readonly Run[], pick: (run: Run) => readonly number[]): number {
  return median(runs.flatMap((run) => pick(run).slice(1)));
}

function reportLines(results: Results, options: RealSizeBenchOptions): string[] {
  const { model, latentEdge, dtype, favour, hugePages, provider, precision } = options;
  const px = latentEdge * 8;
  const pages = hugePages ? ', huge pages' : '';
  return [
    `${realModels[model].title}, ${px}×${px}, ${dtype} weights, ${precision} on ${provider}, LoRA rank 8 on the `
      + `attention projections, favouring ${favour}${pages}`,
    ...[...results].map(([mode, runs]) => modeLine(mode, runs)),
    ...ratioLines(results),
  ];
}

function modeLine(mode: BenchMode, runs: readonly Measurement[]): string {
  const gigabytes = (pick: (run: Measurement) => number): string => (Math.max(...runs.map(pick)) / 1e9).toFixed(2);
  const seconds = (pick: (run: Measurement) => number): string => (median(runs.map(pick)) / 1000).toFixed(2);
  return `${mode.padEnd(9)} ${runs[0]!.nodes} nodes, checkpoint opened in ${seconds((run) => run.openMs)} s, `
    + `graph built in ${seconds((run) => run.buildMs)} s, session created in ${seconds((run) => run.createMs)} s `
    + `(processor ${seconds((run) => run.createProcessorMs)} s), `
    + `run ${(counted(runs, (run) => run.timesMs) / 1000).toFixed(2)} s `
    + `(processor ${(counted(runs, (run) => run.processorMs) / 1000).toFixed(2)} s), `
    + `peak ${gigabytes((run) => run.anonymousBytes + run.mappedBytes)} GB `
    + `(${gigabytes((run) => run.anonymousBytes)} own, ${gigabytes((run) => run.mappedBytes)} mapped weights)`;
}

/** Each kind against the first one. */
function ratioLines(results: Results): string[] {
  const [[first, base] = [], ...others] = [...results];
  if (!first || !base) return [];
  return others.map(([mode, runs]) => {
    const ratio = (pick: (run: Measurement) => readonly number[]): string => (
      (counted(runs, pick) / counted(base, pick)).toFixed(2));
    const peak = (each: readonly Measurement[]): number => (
      Math.max(...each.map((run) => run.anonymousBytes + run.mappedBytes)));
    return `${mode} / ${first} = ${ratio((run) => run.timesMs)} in time, `
      + `${ratio((run) => run.processorMs)} in processor time, ${(peak(runs) / peak(base)).toFixed(2)} in peak memory`;
  });
}
