// The whole step of InstantID at its real size with random weights: Resampler, IdentityNet and UNet under guidance,
// against the same step without a face. Each measurement is a process of its own; the kinds take turns.

import { mkdtemp, rm, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { bytesOf, type InstantIdModel, instantIdModel, writeInstantIdModel } from './instant-id-files.ts';
import type { InstantMode, InstantTiming, InstantWorkerSettings } from './instant-id-worker.ts';
import { measuredProcess, type PeakMemory } from './measured-process.ts';
import type { WeightDType } from './random-checkpoint.ts';

export const instantModes: readonly InstantMode[] = [
  'plain-two-calls', 'instantid-two-calls', 'plain-one-batch', 'instantid-one-batch',
];

export interface InstantIdBenchOptions {
  readonly modes: readonly InstantMode[];
  /** A miniature in place of SDXL, to see that the bench runs. */
  readonly isTiny: boolean;
  /** Steps of a session that count; the first one allocates and does not. */
  readonly repeats: number;
  /** Processes of each kind. */
  readonly rounds: number;
  /** Latent height and width: 64 is 512 pixels. */
  readonly latentEdge: number;
  readonly favour: 'speed' | 'memory';
  readonly provider: 'cpu' | 'webgpu';
  readonly dtype: WeightDType;
}

type Measurement = InstantTiming & PeakMemory;
type Results = ReadonlyMap<InstantMode, readonly Measurement[]>;

/** Measures and returns lines to print. Refuses (Error) a disk that has no room for the weights. */
export async function benchInstantId(options: InstantIdBenchOptions): Promise<string[]> {
  const model = instantIdModel(options.isTiny);
  await checkRoom(os.tmpdir(), bytesOf(model, options.dtype));
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-bench-'));
  try {
    const files = await writeInstantIdModel(folder, model, options.dtype);
    const worker = fileURLToPath(new URL('instant-id-worker.ts', import.meta.url));
    const results = new Map<InstantMode, Measurement[]>(options.modes.map((mode) => [mode, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const mode of options.modes) {
        const { repeats, latentEdge, favour, provider } = options;
        const settings: InstantWorkerSettings = { files, mode, repeats, latentEdge, favour, provider };
        results.get(mode)!.push(await measuredProcess<InstantTiming>(worker, settings));
      }
    }
    return reportLines(model, results, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is to be left free beside the weights. */
const spareBytes = 4e9;

async function checkRoom(folder: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= neededBytes + spareBytes) return;
  const [free, needed] = [bavail * bsize, neededBytes + spareBytes].map((bytes) => (bytes / 1e9).toFixed(1));
  throw new Error(`${folder} has ${free!} GB free, and this bench writes and spares ${needed!} GB.`);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

const stepMs = (runs: readonly Measurement[]): number => median(runs.flatMap(({ stepsMs }) => stepsMs.slice(1)));
const seconds = (ms: number): string => (ms / 1000).toFixed(2);
const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
const peakOf = (runs: readonly Measurement[]): number => (
  Math.max(...runs.map(({ anonymousBytes, mappedBytes }) => anonymousBytes + mappedBytes)));

function reportLines(model: InstantIdModel, results: Results, options: InstantIdBenchOptions): string[] {
  const { latentEdge, dtype, favour, provider } = options;
  const px = latentEdge * 8;
  return [
    `${model.title}, ${px}×${px}, ${dtype} weights (${gigabytes(bytesOf(model, dtype))} GB on the disk), float32 on `
      + `${provider}, favouring ${favour}, both sides of guidance a step`,
    ...[...results].map(([mode, runs]) => modeLine(mode, runs)),
    ...ratioLines(results),
  ];
}

function modeLine(mode: InstantMode, runs: readonly Measurement[]): string {
  const resampler = mode.startsWith('instantid')
    ? `Resampler ${seconds(median(runs.map(({ resamplerMs }) => resamplerMs)))} s with its session, ` : '';
  return `${mode.padEnd(19)} files opened in ${seconds(median(runs.map(({ openMs }) => openMs)))} s, ${resampler}`
    + `first step ${seconds(median(runs.map(({ stepsMs }) => stepsMs[0]!)))} s with its session, `
    + `step ${seconds(stepMs(runs))} s, peak ${gigabytes(peakOf(runs))} GB `
    + `(${gigabytes(Math.max(...runs.map(({ anonymousBytes }) => anonymousBytes)))} own, `
    + `${gigabytes(Math.max(...runs.map(({ mappedBytes }) => mappedBytes)))} mapped weights)`;
}

/** With a face against without, of each way to ask for both sides. */
function ratioLines(results: Results): string[] {
  return (['two-calls', 'one-batch'] as const).flatMap((way) => {
    const [plain, instant] = [results.get(`plain-${way}`), results.get(`instantid-${way}`)];
    if (!plain || !instant) return [];
    return [`instantid / plain, ${way.replace('-', ' ')} = ${(stepMs(instant) / stepMs(plain)).toFixed(2)} in time, `
      + `${(peakOf(instant) / peakOf(plain)).toFixed(2)} in peak memory`];
  });
}
