// SD 1.5 at its real size here and in PyTorch: the same forward pass and LoRA step, a process each, in turns.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

import { type Measurement, type RealSizeBenchOptions, counted, measure, withCheckpoint } from './real-size.ts';

/** What sd15_torch.py prints. */
interface TorchTiming {
  readonly version: string;
  readonly blas: string;
  readonly timesMs: readonly number[];
  readonly processorMs: readonly number[];
  readonly peakBytes: number;
}

const compared = ['forward', 'step'] as const;

/** Measures both and returns lines to print; one sentence where no Python here has PyTorch. */
export async function benchVersusTorch(options: RealSizeBenchOptions): Promise<string[]> {
  const python = ['python3', '/usr/bin/python3'].find((name) => (
    spawnSync(name, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0));
  if (!python) {
    return ['Skipped: python3 has no PyTorch here. On Debian: apt-get install python3-torch libopenblas0-pthread'];
  }
  return withCheckpoint(options, async (folder) => {
    const ours = new Map<string, Measurement[]>(compared.map((mode) => [mode, []]));
    const theirs = new Map<string, TorchTiming[]>(compared.map((mode) => [mode, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const mode of compared) {
        ours.get(mode)!.push(await measure(folder, mode, options));
        theirs.get(mode)!.push(measureTorch(python, mode, options));
      }
    }
    const { version, blas } = theirs.get('forward')![0]!;
    return [
      `PyTorch ${version} with ${blas}; medians of ${options.rounds * options.repeats} runs each, in turns`,
      ...compared.map((mode) => comparisonLine(mode, ours.get(mode)!, theirs.get(mode)!)),
      ownRatioLine(ours.get('forward')!, ours.get('step')!),
    ];
  });
}

function measureTorch(
  python: string, mode: string, { repeats, latentEdge, provider, precision }: RealSizeBenchOptions,
): TorchTiming {
  const script = fileURLToPath(new URL('sd15_torch.py', import.meta.url));
  const settings = JSON.stringify({
    mode, repeats, latentEdge, precision, device: provider === 'cpu' ? 'cpu' : 'cuda',
    threads: os.availableParallelism(),
  });
  const { status, stdout } = spawnSync(python, [script, settings], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`PyTorch ended with ${status}.`);
  return JSON.parse(stdout) as TorchTiming;
}

function comparisonLine(mode: string, ours: readonly Measurement[], theirs: readonly TorchTiming[]): string {
  const seconds = (ms: number): string => (ms / 1000).toFixed(2);
  const [own, torch] = [counted(ours, (run) => run.timesMs), counted(theirs, (run) => run.timesMs)];
  const [ownProcessor, torchProcessor] = [
    counted(ours, (run) => run.processorMs), counted(theirs, (run) => run.processorMs)];
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
  return `${mode.padEnd(9)} here ${seconds(own)} s (processor ${seconds(ownProcessor)} s, peak `
    + `${gigabytes(Math.max(...ours.map((run) => run.anonymousBytes + run.mappedBytes)))} GB), `
    + `PyTorch ${seconds(torch)} s (processor ${seconds(torchProcessor)} s, peak `
    + `${gigabytes(Math.max(...theirs.map((run) => run.peakBytes)))} GB): `
    + `${(own / torch).toFixed(2)} in time, ${(ownProcessor / torchProcessor).toFixed(2)} in processor time`;
}

function ownRatioLine(forward: readonly Measurement[], step: readonly Measurement[]): string {
  const ratio = (pick: (run: Measurement) => readonly number[]): string => (
    (counted(step, pick) / counted(forward, pick)).toFixed(2));
  return `step / forward here: ${ratio((run) => run.timesMs)} in time, `
    + `${ratio((run) => run.processorMs)} in processor time`;
}
