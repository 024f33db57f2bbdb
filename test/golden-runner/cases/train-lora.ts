// LoRA training: loss, gradients, clipping, accumulation and AdamW through up to ten steps, as sd-scripts and torch
// compute them; on the UNet, on UNet and text encoder together, on convolutions, and on SDXL.

import path from 'node:path';

import { readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import type { PredictionType } from '../../../src-main/diffusion/denoiser.ts';
import {
  type LoraModule, type LoraTargets, loraTrainables, networkPrefixes, textLoraModules, unetLoraModules,
} from '../../../src-main/networks/lora-graph.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { minSnrWeights } from '../../../src-main/training/loss-weights.ts';
import type { Trainables } from '../../../src-main/training/trainables.ts';
import type { TrainingBatch } from '../../../src-main/training/training-batch.ts';
import { openTrainingStep, type TrainingStep } from '../../../src-main/training/training-step.ts';
import { exactRow, relativeL2, row, type GoldenCase, type GoldenContext, type GoldenRow } from '../case.ts';
import {
  adamWOf, goldenBatch, numbersOf, openTrainingModel, seriesRow, trainGolden, updateError,
  type OptimizerConfig, type Tensors, type Trained, type TrainingModel,
} from '../training.ts';

interface Variant {
  readonly prediction_type: PredictionType;
  readonly clip_max_norm?: number | null;
  readonly snr_gamma?: number;
  readonly gradient_accumulation_steps?: number;
  readonly optimizer?: OptimizerConfig;
  /** In words, where lora_up starts at zero. */
  readonly init?: string;
}

type Tolerance = Readonly<Record<'loss_rel' | 'grad_norm_rel' | 'grad_tensor_rel_l2' | 'update_rel_l2', number>>;

interface Config {
  readonly model: string;
  readonly rank: number;
  readonly alpha: number;
  readonly conv_rank?: number;
  readonly conv_alpha?: number;
  readonly optimizer: OptimizerConfig;
  /** Files of another case, or how many batches there are. */
  readonly batches?: string | number;
  readonly batches_file?: string;
  readonly lora_init?: string;
  readonly prediction_type?: PredictionType;
  readonly variants?: Readonly<Record<string, Variant>>;
  readonly tolerance: Readonly<Record<string, Tolerance>>;
}

interface LoraCase {
  readonly context: GoldenContext;
  readonly config: Config;
  readonly model: TrainingModel;
  readonly trainables: Trainables;
  readonly init: Tensors;
  readonly batches: Tensors;
  readonly io: Tensors;
}

const folders = ['train-lora', 'train-lora-variants', 'train-lora-conv', 'train-lora-te', 'train-sdxl-lora'];

export const cases: readonly GoldenCase[] = folders.map((folder) => ({
  folder,
  providers: ['cpu', 'webgpu'],
  async run(context) {
    const golden = await openCase(context);
    const rows = [modulesRow(golden)];
    const steps = new Map<string, TrainingStep>();
    try {
      for (const [name, variant] of variantsFor(golden)) {
        const optimizer = { ...golden.config.optimizer, ...variant.optimizer };
        const key = JSON.stringify(optimizer);
        if (!steps.has(key)) steps.set(key, openStep(golden, optimizer));
        const trained = await train(golden, steps.get(key)!, name, variant, optimizer.lr);
        rows.push(...inputRows(golden, name, variant), ...compare(golden, name, trained));
      }
    } finally {
      for (const step of steps.values()) await step.release();
    }
    return rows;
  },
}));

async function openCase(context: GoldenContext): Promise<LoraCase> {
  const { folder } = context;
  const config = await readJson(path.join(folder, 'config.json')) as Config;
  const file = (name: string): Promise<Tensors> => readSafetensors(path.resolve(folder, name));
  const own = (reference: string | number | undefined, name: string): string => (
    typeof reference === 'string' ? reference : `${name}.safetensors`);
  const [model, init, batches, io] = await Promise.all([
    openTrainingModel(path.resolve(folder, config.model)), file(own(config.lora_init, 'lora_init')),
    file(own(config.batches_file ?? config.batches, 'batches')), file('io.safetensors'),
  ]);
  return { context, config, model, init, batches, io, trainables: trainablesOf(model, config, init) };
}

/** The targets whose modules are those that the file of start values names. */
function trainablesOf({ checkpoint }: TrainingModel, config: Config, init: Tensors): Trainables {
  const size = { rank: config.rank, loraAlpha: config.alpha, convRank: config.conv_rank, convAlpha: config.conv_alpha };
  const given = new Set([...init.keys()].filter((name) => !name.endsWith('.alpha')));
  const isGiven = (prefix: string, modules: readonly LoraModule[]): boolean => {
    const names = loraTrainables(modules).map(({ name }) => kohyaName(prefix + name));
    return names.every((name) => given.has(name));
  };
  const targets: LoraTargets[] = ['transformer-and-convolution', 'transformer', 'attention'];
  const choices = targets.map((each) => unetLoraModules(checkpoint.unetConfig, each, size));
  const modules = choices.find((each) => isGiven(networkPrefixes.unet, each));
  const [encoder] = checkpoint.textEncoders;
  const text = encoder ? textLoraModules(encoder.config, size) : [];
  return {
    ...(modules ? { unet: { kind: 'lora', modules } } : {}),
    ...(encoder && isGiven(networkPrefixes.textEncoder, text)
      ? { textEncoders: [{ kind: 'lora', modules: text }] } : {}),
  };
}

function modulesRow({ init, ...golden }: LoraCase): GoldenRow {
  const step = openStep({ init, ...golden }, golden.config.optimizer);
  const ours = step.layout.parameters.map(({ name, shape }) => `${kohyaName(name)} ${shape.join('x')}`);
  const given = [...init].filter(([name]) => !name.endsWith('.alpha'))
    .map(([name, { shape }]) => `${name} ${shape.join('x')}`);
  return exactRow('trained tensors', ours.sort().join() === given.sort().join(), `${ours.length} of ${given.length}`);
}

function openStep({ context, model, trainables }: LoraCase, optimizer: OptimizerConfig): TrainingStep {
  return openTrainingStep({
    checkpoint: model.checkpoint, trainables, optimizer: adamWOf(optimizer), provider: context.provider, threads: 1,
    reportGradients: true,
  });
}

/** The variants that are computed. A case without any is one of its own, named as its tolerance is. */
function allVariants({ config }: LoraCase): [string, Variant][] {
  if (config.variants) return Object.entries(config.variants);
  return Object.keys(config.tolerance).map((name) => [name, { prediction_type: config.prediction_type! }]);
}

/** A software driver takes ten seconds and more a step: on WebGPU the first one must do, but all of the plain case. */
const stepsOnWebgpu = (folder: string): number => (path.basename(folder) === 'train-lora' ? Infinity : 1);

/**
 * All on the CPU. On WebGPU the first of each graph: the others feed other numbers to the same nodes. A case that takes
 * another's start values has that one's plain graph too, which runs there.
 */
function variantsFor(golden: LoraCase): [string, Variant][] {
  const all = allVariants(golden);
  if (golden.context.provider === 'cpu') return all;
  const accumulates = ({ gradient_accumulation_steps: count = 1 }: Variant): boolean => count > 1;
  const plain = all.find(([, variant]) => !accumulates(variant));
  const accumulated = all.find(([, variant]) => accumulates(variant));
  const borrows = golden.config.lora_init !== undefined && accumulated !== undefined;
  return [borrows ? undefined : plain, accumulated].filter((each) => each !== undefined);
}

/** 'unet.a.0.to_q.lora_up.weight' as sd-scripts names it: 'lora_unet_a_0_to_q.lora_up.weight'. */
function kohyaName(name: string): string {
  const kohya = { [networkPrefixes.unet]: 'lora_unet_', [networkPrefixes.textEncoder]: 'lora_te_' };
  const [prefix, word] = Object.entries(kohya).find(([each]) => name.startsWith(each))!;
  const [, modulePath, matrix] = /^(.*)\.(lora_(?:down|up)\.weight)$/.exec(name.slice(prefix.length))!;
  return `${word}${modulePath!.replaceAll('.', '_')}.${matrix}`;
}

/** Batch `index` with the variant's target and weights. */
function batchOf({ batches, model: { schedule } }: LoraCase, variant: Variant, index: number): TrainingBatch {
  const { prediction_type: predictionType, snr_gamma: gamma } = variant;
  const weights = gamma === undefined ? undefined : minSnrWeights(schedule, gamma, predictionType);
  return goldenBatch(batches, index, {
    schedule, predictionType, weight: (timestep, _, count) => (weights ? weights[timestep]! : 1) / count,
  });
}

async function train(
  golden: LoraCase, step: TrainingStep, name: string, variant: Variant, learningRate: number,
): Promise<Trained> {
  const { io, init, context } = golden;
  const isZeroUp = variant.init?.includes('lora_up') ?? name === 'zero_up';
  const start = new Map(step.layout.parameters
    .filter((parameter) => !(isZeroUp && parameter.name.endsWith('lora_up.weight')))
    .map((parameter): [string, Tensor] => [parameter.name, init.get(kohyaName(parameter.name))!]));
  const together = variant.gradient_accumulation_steps ?? 1;
  const all = io.get(`${name}.losses`)!.data.length / together;
  const steps = context.provider === 'cpu' ? all : Math.min(all, stepsOnWebgpu(context.folder));
  const rates = {
    learningRates: { unet: learningRate, textEncoders: learningRate },
    ...(variant.clip_max_norm ? { maxGradientNorm: variant.clip_max_norm } : {}),
  };
  return trainGolden(step, await step.initialState(start), steps, rates, (index) => (
    Array.from({ length: together }, (_, i) => batchOf(golden, variant, index * together + i))));
}

/** What is fed, against the first batch's intermediate values. */
function inputRows(golden: LoraCase, name: string, variant: Variant): GoldenRow[] {
  const batch = batchOf(golden, variant, 0);
  const count = batch.sampleWeights.length;
  const fed: Record<string, Tensor> = {
    noisy: batch.noisy, target: batch.target,
    snr_weight: { dtype: 'float32', shape: [count], data: Float32Array.from(batch.sampleWeights, (w) => w * count) },
  };
  return Object.entries(fed).flatMap(([part, tensor]) => {
    const reference = golden.io.get(`${name}.step0.${part}`);
    const limit = golden.config.tolerance[name]!.loss_rel;
    return reference ? [row(`${name} ${part}`, relativeL2(tensor, reference), limit)] : [];
  });
}

function compare({ io, config }: LoraCase, name: string, trained: Trained): GoldenRow[] {
  const tolerance = config.tolerance[name]!;
  const golden = (part: string): Float32Array => numbersOf(io.get(`${name}.${part}`)!);
  const rows = [
    seriesRow(`${name} losses`, trained.losses, golden('losses'), tolerance.loss_rel),
    seriesRow(`${name} grad_norms`, trained.norms, golden('grad_norms'), tolerance.grad_norm_rel),
  ];
  const gradients = [...trained.gradients].flatMap(([parameter, gradient]) => {
    const reference = io.get(`${name}.grad0.${kohyaName(parameter)}`);
    return reference && numbersOf(reference).some((value) => value !== 0) ? [relativeL2(gradient, reference)] : [];
  });
  if (gradients.length > 0) {
    const title = `${name} gradients (${gradients.length} tensors)`;
    rows.push(row(title, Math.max(...gradients), tolerance.grad_tensor_rel_l2));
  }
  for (const [step, parameters] of trained.after) {
    const error = updateError(parameters, trained.start, (parameter) => (
      io.get(`${name}.params${step}.${kohyaName(parameter)}`)));
    if (error !== undefined) rows.push(row(`${name} update after ${step}`, error, tolerance.update_rel_l2));
  }
  return rows;
}
