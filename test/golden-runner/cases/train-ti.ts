// Textual inversion: gradient and AdamW steps of new token rows, as diffusers' script and torch compute them; every row
// of the token table itself stays as it is.

import path from 'node:path';

import { readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import type { PredictionType } from '../../../src-main/diffusion/denoiser.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { rowsOfTokens, startOfRows } from '../../../src-main/training/starting-rows.ts';
import type { Trainables } from '../../../src-main/training/trainables.ts';
import type { TrainingBatch } from '../../../src-main/training/training-batch.ts';
import { openTrainingStep, type TrainingStep } from '../../../src-main/training/training-step.ts';
import { exactRow, relativeL2, row, type GoldenCase, type GoldenContext, type GoldenRow } from '../case.ts';
import {
  adamWOf, goldenBatch, l2, numbersOf, openTrainingModel, seriesRow, trainGolden, updateError,
  type OptimizerConfig, type Tensors, type TrainingModel,
} from '../training.ts';

interface Variant {
  readonly vectors: number;
  readonly initializer_ids: readonly number[];
  readonly lr: number;
  readonly batches: string;
}

interface Config {
  readonly model: string;
  readonly optimizer: Omit<OptimizerConfig, 'lr'>;
  readonly prediction_type?: PredictionType;
  readonly variants: Readonly<Record<string, Variant>>;
  readonly tolerance: Readonly<Record<'loss_rel' | 'grad_rel_l2' | 'update_rel_l2', number>>;
}

interface InversionCase {
  readonly context: GoldenContext;
  readonly config: Config;
  readonly model: TrainingModel;
  readonly io: Tensors;
}

const newRows = 'text_encoder.new_rows';
const tokenTable = 'text_encoder.text_model.embeddings.token_embedding.weight';

export const cases: readonly GoldenCase[] = [{
  folder: 'train-ti',
  providers: ['cpu', 'webgpu'],
  async run(context) {
    const config = await readJson(path.join(context.folder, 'config.json')) as Config;
    const golden: InversionCase = {
      context, config, model: await openTrainingModel(path.resolve(context.folder, config.model)),
      io: await readSafetensors(path.join(context.folder, 'io.safetensors')),
    };
    const rows: GoldenRow[] = [];
    // variants of one graph follow each other and share its session
    const steps = new Map<number, TrainingStep>();
    for (const [name, variant] of variantsFor(golden)) {
      const { vectors } = variant;
      if (!steps.has(vectors)) steps.set(vectors, openStep(golden, { newTokens: { count: vectors } }));
      rows.push(...await variantRows(golden, steps.get(vectors)!, name, variant));
    }
    for (const step of steps.values()) await step.release();
    return rows;
  },
}];

/** All on the CPU; on WebGPU the first, because a software driver takes long. */
function variantsFor({ config, context }: InversionCase): [string, Variant][] {
  const all = Object.entries(config.variants);
  return context.provider === 'cpu' ? all : all.slice(0, 1);
}

function openStep({ config, context, model }: InversionCase, trainables: Trainables): TrainingStep {
  return openTrainingStep({
    checkpoint: model.checkpoint, optimizer: adamWOf({ ...config.optimizer, lr: 0 }), provider: context.provider,
    threads: 1, reportGradients: true, trainables,
  });
}

async function variantRows(
  golden: InversionCase, step: TrainingStep, name: string, variant: Variant,
): Promise<GoldenRow[]> {
  const { config: { tolerance }, context, io, model } = golden;
  const batches = await readSafetensors(path.join(context.folder, variant.batches));
  const batch = (index: number): TrainingBatch => goldenBatch(batches, index, {
    schedule: model.schedule, predictionType: golden.config.prediction_type ?? 'epsilon',
    weight: (_timestep, _sample, count) => 1 / count,
  });
  const start = startOfRows(
    await rowsOfTokens(model.checkpoint.textEncoders, [variant.initializer_ids], variant.vectors));
  const losses = numbersOf(io.get(`${name}.losses`)!);
  const steps = context.provider === 'cpu' ? losses.length : 1;
  const trained = await trainGolden(
    step, await step.initialState(start), steps, { learningRates: { newTokens: variant.lr } },
    (index) => [batch(index)]);
  const rows = [
    exactRow(`${name} init_rows`, relativeL2(start.get(newRows)!, io.get(`${name}.init_rows`)!) === 0),
    seriesRow(`${name} losses`, trained.losses, losses, tolerance.loss_rel),
    row(`${name} gradient`, relativeL2(trained.gradients.get(newRows)!, io.get(`${name}.grad0.new_rows`)!),
      tolerance.grad_rel_l2),
  ];
  for (const [k, parameters] of trained.after) {
    const error = updateError(parameters, trained.start, () => io.get(`${name}.params${k}.new_rows`));
    if (error !== undefined) rows.push(row(`${name} update after ${k}`, error, tolerance.update_rel_l2));
  }
  const norms = io.get(`${name}.grad0.full_table_l2`);
  if (norms && context.provider === 'cpu') rows.push(await tableRow(golden, name, variant, start, batch(0), norms));
  return rows;
}

/** The gradient of the whole table, had it learned too: the norm of each row, new rows last. */
async function tableRow(
  golden: InversionCase, name: string, { vectors }: Variant, start: Tensors, batch: TrainingBatch, norms: Tensor,
): Promise<GoldenRow> {
  const step = openStep(golden, { newTokens: { count: vectors }, textEncoders: [{ kind: 'full' }] });
  try {
    const { gradients } = await trainGolden(
      step, await step.initialState(start), 1, { learningRates: { newTokens: 0, textEncoders: 0 } }, () => [batch]);
    const ours = [tokenTable, newRows].flatMap((parameter) => rowNorms(gradients.get(parameter)!));
    const actual: Tensor = { dtype: 'float32', shape: norms.shape, data: Float32Array.from(ours) };
    return row(`${name} gradient of each row`, relativeL2(actual, norms), golden.config.tolerance.grad_rel_l2);
  } finally {
    await step.release();
  }
}

function rowNorms(table: Tensor): number[] {
  const [count, width] = table.shape as [number, number];
  return Array.from({ length: count }, (_, i) => l2(numbersOf(table).subarray(i * width, (i + 1) * width)));
}
