// LoRA training: loss, gradients, clipping and AdamW through ten steps, as sd-scripts and torch compute them.

import path from 'node:path';

import { parseUnetConfig } from '../../../src-main/checkpoint/configs.ts';
import { openNetworkFolder, readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { unetWeights } from '../../../src-main/checkpoint/unet-names.ts';
import { alphasCumprodFromBetas, scaledLinearBetas } from '../../../src-main/diffusion/noise-schedule.ts';
import type { ParameterLayout } from '../../../src-main/networks/flat-parameters.ts';
import { unetLoraModules } from '../../../src-main/networks/lora-graph.ts';
import { openSession, type Session } from '../../../src-main/runtime/session.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { loraStepGraph, timestepFeeds } from '../../../src-main/training/lora-step.ts';
import { type AdamWSettings, scheduleOf } from '../../../src-main/training/optimizer-graph.ts';
import { relativeL2, row, type GoldenCase, type GoldenContext, type GoldenRow } from '../case.ts';

interface Variant {
  readonly prediction_type: 'epsilon' | 'v_prediction';
  readonly clip?: number | null;
  readonly clip_max_norm?: number;
}

type Tolerance = Readonly<Record<'loss_rel' | 'grad_norm_rel' | 'grad_tensor_rel_l2' | 'update_rel_l2', number>>;

interface Config {
  readonly model: string;
  readonly rank: number;
  readonly alpha: number;
  readonly optimizer: { lr: number; betas: [number, number]; weight_decay: number; eps: number };
  readonly batches: number;
  readonly batch_size: number;
  readonly latent: [number, number];
  readonly variants: Readonly<Record<string, Variant>>;
  readonly tolerance: Readonly<Record<string, Tolerance>>;
}

interface Trained {
  readonly losses: number[];
  readonly norms: number[];
  readonly firstGradient: Float32Array;
  readonly snapshots: Map<number, Float32Array>;
}

export const cases: readonly GoldenCase[] = [{
  folder: 'train-lora',
  providers: ['cpu', 'webgpu'],
  async run(context) {
    const config = await readJson(path.join(context.folder, 'config.json')) as Config;
    const [init, batches, io] = await Promise.all(['lora_init', 'batches', 'io']
      .map((file) => readSafetensors(path.join(context.folder, `${file}.safetensors`)))) as [Tensors, Tensors, Tensors];
    const sessions = new StepSessions(context, config);
    const rows: GoldenRow[] = [];
    for (const name of variantsFor(context.provider, config)) {
      const { session, layout } = await sessions.open(config.variants[name]!.prediction_type);
      const start = startOf(layout, init, name === 'zero_up');
      const trained = await train(session, layout.size, config, config.variants[name]!, start, batches);
      rows.push(...compare(name, config, layout, start, trained, io));
    }
    await sessions.release();
    return rows;
  },
}];

/**
 * All on the CPU. On WebGPU the first of each graph: the others feed other numbers to the same nodes, and a software
 * driver takes many seconds a step.
 */
function variantsFor(provider: GoldenContext['provider'], { variants }: Config): string[] {
  const names = Object.keys(variants);
  if (provider === 'cpu') return names;
  const isFirst = (name: string, index: number): boolean => (
    names.findIndex((other) => variants[other]!.prediction_type === variants[name]!.prediction_type) === index);
  return names.filter(isFirst);
}

/** Variants differ in what they feed; those with the same target share a session, which is slow to open on a GPU. */
class StepSessions {
  readonly #context: GoldenContext;
  readonly #config: Config;
  readonly #opened = new Map<string, { session: Session; layout: ParameterLayout }>();

  constructor(context: GoldenContext, config: Config) {
    this.#context = context;
    this.#config = config;
  }

  async open(predictionType: Variant['prediction_type']): Promise<{ session: Session; layout: ParameterLayout }> {
    let opened = this.#opened.get(predictionType);
    if (!opened) {
      const { graph, layout } = await stepGraph(this.#context.folder, this.#config, predictionType);
      const session = await openSession(graph, { provider: this.#context.provider, threads: 1 });
      this.#opened.set(predictionType, opened = { session, layout });
    }
    return opened;
  }

  async release(): Promise<void> {
    for (const { session } of this.#opened.values()) await session.release();
  }
}

type Tensors = Map<string, Tensor>;

async function stepGraph(
  folder: string, config: Config, predictionType: Variant['prediction_type'],
): Promise<ReturnType<typeof loraStepGraph>> {
  const network = await openNetworkFolder(path.resolve(folder, config.model, 'unet'));
  const unetConfig = parseUnetConfig(network.config, 'config.json');
  return loraStepGraph({
    weights: unetWeights(network.tensors), config: unetConfig,
    modules: unetLoraModules(unetConfig, 'attention', { rank: config.rank, loraAlpha: config.alpha }),
    predictionType, optimizer: optimizerOf(config),
    batchSize: config.batch_size, latentSize: config.latent, contextLength: 77, reportGradients: true,
  });
}

function optimizerOf({ optimizer }: Config): AdamWSettings {
  const { betas: [beta1, beta2], eps: epsilon, weight_decay: weightDecay } = optimizer;
  return { beta1, beta2, epsilon, weightDecay };
}

/** 'a.b.0.to_q.lora_up.weight' as sd-scripts names it: 'lora_unet_a_b_0_to_q.lora_up.weight'. */
function kohyaName(name: string): string {
  const [, modulePath, matrix] = /^(.*)\.(lora_(?:down|up)\.weight)$/.exec(name)!;
  return `lora_unet_${modulePath!.replaceAll('.', '_')}.${matrix}`;
}

function startOf(layout: ParameterLayout, init: Tensors, isZeroUp: boolean): Float32Array {
  const start = new Float32Array(layout.size);
  for (const { name, offset } of layout.entries) {
    if (isZeroUp && name.endsWith('lora_up.weight')) continue;
    start.set(init.get(kohyaName(name))!.data as Float32Array, offset);
  }
  return start;
}

async function train(
  session: Session, size: number, config: Config, variant: Variant, start: Float32Array, batches: Tensors,
): Promise<Trained> {
  const alphasCumprod = alphasCumprodFromBetas(scaledLinearBetas());
  const vector = (data: Float32Array): Tensor => ({ dtype: 'float32', shape: [size], data });
  const zeros = (): Tensor => vector(new Float32Array(size));
  let state = { parameters: vector(start), firstMoment: zeros(), secondMoment: zeros() };
  const trained: Trained = { losses: [], norms: [], firstGradient: new Float32Array(size), snapshots: new Map() };
  for (let step = 1; step <= config.batches; step++) {
    const part = (name: string): Tensor => batches.get(`batch${step - 1}.${name}`)!;
    const schedule = scheduleOf(step, config.optimizer.lr, optimizerOf(config), variant.clip_max_norm ?? undefined);
    const out = await session.run({
      ...state, schedule: { dtype: 'float32', shape: [4], data: schedule },
      latents: part('latents'), noise: part('noise'), context: part('encoder_hidden_states'),
      ...timestepFeeds(Array.from(part('timesteps').data as BigInt64Array, Number), alphasCumprod),
    });
    trained.losses.push(Number(out['loss']!.data[0]));
    trained.norms.push(Number(out['gradientNorm']!.data[0]));
    if (step === 1) trained.firstGradient.set(out['gradients']!.data as Float32Array);
    state = {
      parameters: out['nextParameters']!, firstMoment: out['nextFirstMoment']!, secondMoment: out['nextSecondMoment']!,
    };
    trained.snapshots.set(step, state.parameters.data as Float32Array);
  }
  return trained;
}

function compare(
  variant: string, config: Config, layout: ParameterLayout, start: Float32Array, trained: Trained, io: Tensors,
): GoldenRow[] {
  const tolerance = config.tolerance[variant]!;
  const series = (name: string, actual: readonly number[], limit: number): GoldenRow => {
    const golden = io.get(`${variant}.${name}`)!.data as Float32Array;
    const errors = Array.from(golden, (value, i) => Math.abs(actual[i]! - value) / Math.abs(value));
    const worst = Math.max(...errors);
    return row(`${variant} ${name}`, Number.isNaN(worst) ? Infinity : worst, limit);
  };
  const rows = [
    series('losses', trained.losses, tolerance.loss_rel), series('grad_norms', trained.norms, tolerance.grad_norm_rel),
  ];
  const gradients = gradientErrors(variant, layout, trained.firstGradient, io);
  if (gradients.length > 0) {
    const name = `${variant} gradients (${gradients.length} tensors)`;
    rows.push(row(name, Math.max(...gradients), tolerance.grad_tensor_rel_l2));
  }
  for (const [step, parameters] of trained.snapshots) {
    const error = updateError(`${variant}.params${step}.`, layout, start, parameters, io);
    if (error !== undefined) rows.push(row(`${variant} update after ${step}`, error, tolerance.update_rel_l2));
  }
  return rows;
}

/** One error a tensor; tensors whose golden gradient is zero are left out. */
function gradientErrors(variant: string, layout: ParameterLayout, gradient: Float32Array, io: Tensors): number[] {
  return layout.entries.flatMap(({ name, shape, offset, size }) => {
    const golden = io.get(`${variant}.grad0.${kohyaName(name)}`);
    if (!golden || (golden.data as Float32Array).every((value) => value === 0)) return [];
    return [relativeL2({ dtype: 'float32', shape, data: gradient.subarray(offset, offset + size) }, golden)];
  });
}

/** ‖p_k − ref_k‖ / ‖ref_k − p_0‖ over all tensors together. */
function updateError(
  prefix: string, layout: ParameterLayout, start: Float32Array, parameters: Float32Array, io: Tensors,
): number | undefined {
  let difference = 0;
  let moved = 0;
  for (const { name, offset, size } of layout.entries) {
    const golden = io.get(prefix + kohyaName(name))?.data as Float32Array | undefined;
    if (!golden) continue;
    for (let i = 0; i < size; i++) {
      difference += (parameters[offset + i]! - golden[i]!) ** 2;
      moved += (golden[i]! - start[offset + i]!) ** 2;
    }
  }
  return moved === 0 ? undefined : Math.sqrt(difference / moved);
}
