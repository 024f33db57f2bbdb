// SD 1.5 at its real size with random weights: session creation, forward, LoRA step, peak memory. Each measurement is
// a process of its own; forward and step take turns.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { writeRandomSd15 } from './random-checkpoint.ts';

export interface Sd15BenchOptions {
  /** Runs of a session that count; the first one allocates and does not. */
  readonly repeats: number;
  /** Processes of each kind. */
  readonly rounds: number;
  /** Latent height and width: 64 is 512 pixels. */
  readonly latentEdge: number;
  readonly favour: 'speed' | 'memory';
  /** A diffusers folder to use instead of a random one. */
  readonly checkpoint?: string;
}

const modes = ['forward', 'step'] as const;
type Mode = typeof modes[number];

/** Largest memory at one moment: the process' own, and mapped weights, which the system may take back. */
interface PeakMemory {
  anonymousBytes: number;
  mappedBytes: number;
}

interface Timing {
  readonly nodes: number;
  readonly buildMs: number;
  readonly createMs: number;
  readonly timesMs: readonly number[];
}

type Measurement = Timing & PeakMemory;

/** Measures and returns lines to print. */
export async function benchSd15(options: Sd15BenchOptions): Promise<string[]> {
  const temporary = options.checkpoint ? undefined : await mkdtemp(path.join(os.tmpdir(), 'likeness-bench-'));
  try {
    const folder = options.checkpoint ?? await writeRandomSd15(temporary!);
    const results: Record<Mode, Measurement[]> = { forward: [], step: [] };
    for (let round = 0; round < options.rounds; round++) {
      for (const mode of modes) results[mode].push(await measure(folder, mode, options));
    }
    return reportLines(results, options);
  } finally {
    if (temporary) await rm(temporary, { recursive: true, force: true });
  }
}

async function measure(folder: string, mode: Mode, options: Sd15BenchOptions): Promise<Measurement> {
  const worker = fileURLToPath(new URL('sd15-worker.ts', import.meta.url));
  const settings = [String(options.repeats), String(options.latentEdge), options.favour];
  const child = spawn(process.execPath, [worker, folder, mode, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
  const memory: PeakMemory = { anonymousBytes: 0, mappedBytes: 0 };
  const watch = setInterval(() => void sampleMemory(child.pid!, memory), 100);
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve); });
  clearInterval(watch);
  if (code !== 0) throw new Error(`The ${mode} measurement ended with ${code}.`);
  return { ...JSON.parse(output) as Timing, ...memory };
}

/** Linux only; elsewhere memory stays 0. */
async function sampleMemory(pid: number, peak: PeakMemory): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bytes = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  const now = { anonymousBytes: bytes('RssAnon'), mappedBytes: bytes('RssFile') };
  const isHigher = now.anonymousBytes + now.mappedBytes > peak.anonymousBytes + peak.mappedBytes;
  if (isHigher) Object.assign(peak, now);
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function reportLines(results: Readonly<Record<Mode, readonly Measurement[]>>, options: Sd15BenchOptions): string[] {
  const px = options.latentEdge * 8;
  const times = (mode: Mode): number => median(results[mode].flatMap(({ timesMs }) => timesMs.slice(1)));
  return [
    `SD 1.5, ${px}×${px}, float32 on the CPU, LoRA rank 8 on the attention projections, favouring ${options.favour}`,
    ...modes.map((mode) => modeLine(mode, results[mode], times(mode))),
    `step / forward = ${(times('step') / times('forward')).toFixed(2)}`,
  ];
}

function modeLine(mode: Mode, runs: readonly Measurement[], timeMs: number): string {
  const gigabytes = (pick: (run: Measurement) => number): string => (Math.max(...runs.map(pick)) / 1e9).toFixed(2);
  const seconds = (pick: (run: Measurement) => number): string => (median(runs.map(pick)) / 1000).toFixed(2);
  return `${mode.padEnd(8)} ${runs[0]!.nodes} nodes, graph built in ${seconds((run) => run.buildMs)} s, `
    + `session created in ${seconds((run) => run.createMs)} s, run ${(timeMs / 1000).toFixed(2)} s, `
    + `peak ${gigabytes((run) => run.anonymousBytes + run.mappedBytes)} GB `
    + `(${gigabytes((run) => run.anonymousBytes)} own, ${gigabytes((run) => run.mappedBytes)} mapped weights)`;
}
