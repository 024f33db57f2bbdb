// One measurement of a model of real size, in a process of its own. The argument is a WorkerSettings as JSON; prints
// one Timing as JSON.

import type { Checkpoint } from '../../src-main/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { normalNoise, normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { textTimeInputs, unet } from '../../src-main/models/unet.ts';
import { type Precision, precisionOptions } from '../../src-main/networks/precision.ts';
import { openSession, type Provider } from '../../src-main/runtime/session.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { graphOfStep } from '../../src-main/training/step-description.ts';
import { type BenchMode, benchModules, recomputeOf } from './bench-modes.ts';

export interface WorkerSettings {
  readonly folder: string;
  readonly mode: BenchMode;
  /** Runs that count; one more comes first. */
  readonly repeats: number;
  readonly latentEdge: number;
  readonly favour: 'speed' | 'memory';
  readonly provider: Provider;
  /** What is computed in, whatever the weights are kept in. */
  readonly precision: Precision;
  readonly profileFilePrefix?: string;
}

export interface Timing {
  readonly nodes: number;
  readonly openMs: number;
  readonly buildMs: number;
  readonly createMs: number;
  readonly createProcessorMs: number;
  /** The first one allocates and reads the weights in. */
  readonly timesMs: readonly number[];
  /** Processor time of all threads, run by run: less disturbed by other processes than the time on the clock. */
  readonly processorMs: readonly number[];
}

interface Timed<T> {
  readonly result: T;
  readonly ms: number;
  readonly processorMs: number;
}

process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as WorkerSettings)));

async function work(settings: WorkerSettings): Promise<Timing> {
  const opened = await timed(() => openCheckpoint(settings.folder));
  const built = await timed(() => graphOf(opened.result, settings));
  const graph = built.result;
  const { favour, provider, precision, profileFilePrefix } = settings;
  const created = await timed(() => openSession(graph, {
    provider, favour, simplify: precisionOptions(opened.result, precision),
    ...(profileFilePrefix ? { profileFilePrefix } : {}),
  }));
  const feeds = Object.fromEntries(graph.inputs.map(({ name, shape }, i) => [name, feedOf(name, shape, i)]));
  const runs: Timed<Record<string, Tensor>>[] = [];
  for (let i = 0; i <= settings.repeats; i++) {
    const run = await timed(() => created.result.run(feeds));
    const isFinite = Object.values(run.result).every(({ data }) => Number.isFinite(Number(data[0])));
    if (!isFinite) throw new Error('The numbers are not finite.');
    runs.push({ ...run, result: {} });
  }
  await created.result.release();
  return {
    nodes: graph.nodes.length, openMs: opened.ms, buildMs: built.ms,
    createMs: created.ms, createProcessorMs: created.processorMs,
    timesMs: runs.map(({ ms }) => ms), processorMs: runs.map(({ processorMs }) => processorMs),
  };
}

async function timed<T>(run: () => T | Promise<T>): Promise<Timed<T>> {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { result, ms, processorMs: (user + system) / 1000 };
}

function graphOf(checkpoint: Checkpoint, settings: WorkerSettings): Graph {
  return settings.mode === 'forward' ? forwardGraph(checkpoint, settings.latentEdge) : stepGraph(checkpoint, settings);
}

function forwardGraph({ unet: weights, unetConfig }: Checkpoint, latentEdge: number): Graph {
  const g = new GraphBuilder('forward');
  g.output('prediction', unet(frozenScope(g, weights), unetConfig, {
    sample: g.input('latents', 'float32', [1, 4, latentEdge, latentEdge]),
    timestep: g.input('timesteps', 'float32', [1]),
    encoderHiddenStates: g.input('context', 'float32', [1, 77, unetConfig.crossAttentionDim]),
    ...textTimeInputs(g, unetConfig, 1),
  }));
  return g.graph();
}

function stepGraph(checkpoint: Checkpoint, { latentEdge, mode, provider, precision }: WorkerSettings): Graph {
  const { unetConfig } = checkpoint;
  const modules = benchModules(unetConfig, mode);
  const latents = normalNoise(1, 0, [1, 4, latentEdge, latentEdge]);
  const { textEmbeds, timeIds } = textTimeInputs(new GraphBuilder('shapes'), unetConfig, 1);
  const states = {
    context: normalNoise(1, 1, [1, 77, unetConfig.crossAttentionDim]),
    ...(textEmbeds ? { pooled: normalNoise(1, 2, textEmbeds.shape) } : {}),
  };
  return graphOfStep({
    checkpoint, trainables: { unet: { kind: 'lora', modules } }, optimizer: defaultAdamW, provider, precision,
    recompute: recomputeOf(mode),
  }, {
    noisy: latents, target: latents, timesteps: [500], sampleWeights: [1], text: { states },
    ...(timeIds ? { timeIds: normalNoise(1, 3, timeIds.shape) } : {}),
  });
}

/** Moments begin at zero, LoRA matrices small, pictures and texts with unit variance. */
function feedOf(name: string, shape: Shape, stream: number): Tensor {
  if (name === 'timesteps') return float32Tensor(shape, [500]);
  // no clipping, corrections of the first step, a small learning rate
  if (name === 'schedule') return float32Tensor(shape, [3e38, 10, 1000, 1e-4]);
  if (name === 'lossScale') return float32Tensor(shape, [1024]);
  const size = elementCount(shape);
  if (name === 'sampleWeights' || name === 'mask') return float32Tensor(shape, new Float32Array(size).fill(1));
  if (name.includes('Moment.')) return float32Tensor(shape, new Float32Array(size));
  const scale = name.startsWith('parameters.') ? 0.02 : 1;
  return float32Tensor(shape, normalNumbers(1, stream, size).map((x) => x * scale));
}
