// DreamBooth: full fine-tuning of the UNet, and of UNet and text encoder together, with prior preservation, clipping
// and AdamW through three steps, as diffusers' script and torch compute them.

import path from 'node:path';

import { readJson } from '../../../src-main/checkpoint/diffusers-folder.ts';
import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import type { PredictionType } from '../../../src-main/diffusion/denoiser.ts';
import { float32Tensor, type Tensor } from '../../../src-main/tensor/tensor.ts';
import { openTrainingStep } from '../../../src-main/training/training-step.ts';
import { exactRow, relativeL2, row, type GoldenCase, type GoldenContext, type GoldenRow } from '../case.ts';
import {
  adamWOf, difference, goldenBatch, l2, numbersOf, openTrainingModel, seriesRow, trainGolden, updateError,
  type OptimizerConfig, type Tensors, type Trained, type TrainingModel,
} from '../training.ts';

interface Config {
  readonly model: string;
  readonly prior_loss_weight: number;
  readonly prediction_type?: PredictionType;
  readonly optimizer: OptimizerConfig & { readonly max_grad_norm?: number };
  /** By variant: the trained parameters in the order of the norms and sums. */
  readonly param_order: Readonly<Record<string, readonly string[]>>;
  readonly zero_gradient_params?: readonly string[];
  readonly tolerance: Readonly<Record<
    'loss_rel' | 'grad_tensor_rel_l2' | 'grad_norm_rel' | 'update_rel_l2_all' | 'l2_rel' | 'update_l2_rel', number>>;
}

interface DreamboothCase {
  readonly context: GoldenContext;
  readonly config: Config;
  readonly model: TrainingModel;
  readonly batches: Tensors;
  readonly io: Tensors;
}

const tokenTable = 'text_encoder.text_model.embeddings.token_embedding.weight';

export const cases: readonly GoldenCase[] = [{
  folder: 'train-dreambooth',
  providers: ['cpu', 'webgpu'],
  async run(context) {
    const file = (name: string): Promise<Tensors> => readSafetensors(path.join(context.folder, `${name}.safetensors`));
    const config = await readJson(path.join(context.folder, 'config.json')) as Config;
    const golden: DreamboothCase = {
      context, config, model: await openTrainingModel(path.resolve(context.folder, config.model)),
      batches: await file('batches'), io: await file('io'),
    };
    const rows: GoldenRow[] = [];
    const variants = Object.keys(config.param_order);
    // a software driver takes long: the variant with fewer parameters stands for both
    for (const name of context.provider === 'cpu' ? variants : variants.slice(0, 1)) {
      rows.push(...compare(golden, name, await train(golden, name)));
    }
    return rows;
  },
}];

async function train({ context, config, model, batches, io }: DreamboothCase, name: string): Promise<Trained> {
  const learnsText = config.param_order[name]!.some((parameter) => parameter.startsWith('text_encoder.'));
  const { lr, max_grad_norm: maxGradientNorm } = config.optimizer;
  const step = openTrainingStep({
    checkpoint: model.checkpoint, optimizer: adamWOf(config.optimizer), provider: context.provider, threads: 1,
    reportGradients: true,
    trainables: { unet: { kind: 'full' }, ...(learnsText ? { textEncoders: [{ kind: 'full' }] } : {}) },
  });
  try {
    const all = io.get(`${name}.losses`)!.shape[0]!;
    return await trainGolden(
      step, await step.initialState(), context.provider === 'cpu' ? all : 1,
      { learningRates: { unet: lr, textEncoders: lr }, ...(maxGradientNorm ? { maxGradientNorm } : {}) },
      (index) => [goldenBatch(batches, index, {
        schedule: model.schedule, predictionType: config.prediction_type ?? 'epsilon',
        // the mean of each half: instance samples, then class samples
        weight: (_, sample, count) => (sample < count / 2 ? 1 : config.prior_loss_weight) / (count / 2),
      })]);
  } finally {
    await step.release();
  }
}

function compare(golden: DreamboothCase, name: string, trained: Trained): GoldenRow[] {
  const { config: { tolerance, param_order: order }, io } = golden;
  const ours = [...trained.start.keys()].sort().join();
  return [
    exactRow(`${name} trained tensors`, ours === [...order[name]!].sort().join(), `${order[name]!.length} parameters`),
    ...lossRows(golden, name, trained),
    seriesRow(`${name} grad_norms`, trained.norms, numbersOf(io.get(`${name}.grad_norms`)!), tolerance.grad_norm_rel),
    ...gradientRows(golden, name, trained),
    ...[...trained.after].flatMap(([step, parameters]) => parameterRows(golden, name, trained, step, parameters)),
  ];
}

function lossRows({ config: { tolerance }, io }: DreamboothCase, name: string, trained: Trained): GoldenRow[] {
  const reference = io.get(`${name}.losses`)!;
  const columns = reference.shape[1]!;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const halves = trained.sampleLosses.map((losses) => (
    [mean(losses.slice(0, losses.length / 2)), mean(losses.slice(losses.length / 2))]));
  const series = [trained.losses, halves.map(([instance]) => instance!), halves.map(([, prior]) => prior!)];
  return ['total', 'instance', 'prior'].map((title, column) => {
    const column_ = numbersOf(reference).filter((_, i) => i % columns === column);
    return seriesRow(`${name} losses, ${title}`, series[column]!, column_, tolerance.loss_rel);
  });
}

function gradientRows(golden: DreamboothCase, name: string, trained: Trained): GoldenRow[] {
  const { config: { tolerance, param_order: order }, io } = golden;
  const limit = tolerance.grad_tensor_rel_l2;
  const compared = [...trained.gradients].filter(([parameter]) => !isWithoutGradient(golden, parameter));
  const errors = compared.flatMap(([parameter, gradient]) => {
    const reference = io.get(`${name}.grad0.${parameter}`);
    return reference ? [relativeL2(gradient, reference)] : [];
  });
  const rows = [row(`${name} gradients (${errors.length} tensors)`, Math.max(...errors), limit)];
  const norms = io.get(`${name}.grad0_l2`);
  if (norms) {
    const worst = worstOf(golden, order[name]!, norms, (parameter) => l2(numbersOf(trained.gradients.get(parameter)!)));
    rows.push(row(`${name} gradient norms`, worst, limit));
  }
  const tokenRows = io.get(`${name}.grad0_token_rows`);
  if (tokenRows) {
    const table = trained.gradients.get(tokenTable)!;
    const spread = spreadRows(tokenRows, io.get(`${name}.grad0_token_rows_values`)!, table);
    rows.push(row(`${name} gradient of the token table`, relativeL2(table, spread), limit));
  }
  return rows;
}

/** A table shaped as `like`, zero but for these rows. */
function spreadRows(rows: Tensor, values: Tensor, like: Tensor): Tensor {
  const width = like.shape[1]!;
  const table = new Float32Array(like.data.length);
  (rows.data as BigInt64Array).forEach((index, i) => (
    table.set(numbersOf(values).subarray(i * width, (i + 1) * width), Number(index) * width)));
  return float32Tensor(like.shape, table);
}

function parameterRows(
  golden: DreamboothCase, name: string, { start }: Trained, step: number, parameters: Tensors,
): GoldenRow[] {
  const { config: { tolerance, param_order: { [name]: order } }, io } = golden;
  const rows: GoldenRow[] = [];
  const series = (part: string, limit: number, measure: (parameter: string) => number): void => {
    const reference = io.get(`${name}.${part}`);
    if (reference) rows.push(row(`${name} ${part}`, worstOf(golden, order!, reference, measure), limit));
  };
  const numbers = (parameter: string): Float32Array => numbersOf(parameters.get(parameter)!);
  series(`params${step}_l2`, tolerance.l2_rel, (parameter) => l2(numbers(parameter)));
  series(`update${step}_l2`, tolerance.update_l2_rel, (parameter) => (
    l2(numbersOf(difference(parameters.get(parameter)!, start.get(parameter)!)))));
  const sums = io.get(`${name}.params${step}_sum`);
  if (sums) {
    // relative to the parameter's norm: a sum itself may be next to nothing
    const errors = comparable(golden, order!).map(([parameter, index]) => (
      Math.abs(numbers(parameter).reduce((sum, value) => sum + value, 0) - numbersOf(sums)[index]!)
        / l2(numbers(parameter))));
    rows.push(row(`${name} params${step}_sum`, Math.max(...errors), tolerance.l2_rel));
  }
  const error = updateError(parameters, start, (parameter) => io.get(`${name}.params${step}.${parameter}`));
  if (error !== undefined) rows.push(row(`${name} update after ${step}`, error, tolerance.update_rel_l2_all));
  return rows;
}

/** The largest relative error of a measure over all parameters, against its list of references. */
function worstOf(
  golden: DreamboothCase, order: readonly string[], reference: Tensor, measure: (parameter: string) => number,
): number {
  const errors = comparable(golden, order).map(([parameter, index]) => {
    const value = numbersOf(reference)[index]!;
    return Math.abs(measure(parameter) - value) / Math.abs(value);
  });
  const worst = Math.max(...errors);
  return Number.isNaN(worst) ? Infinity : worst;
}

/** Parameters with a gradient, with their place in the order; the others follow float32's noise alone. */
function comparable(golden: DreamboothCase, order: readonly string[]): [string, number][] {
  return order.map((parameter, index): [string, number] => [parameter, index])
    .filter(([parameter]) => !isWithoutGradient(golden, parameter));
}

function isWithoutGradient(
  { config: { zero_gradient_params: none = [] } }: DreamboothCase, parameter: string,
): boolean {
  return none.includes(parameter);
}
