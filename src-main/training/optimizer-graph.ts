// A training step as one ordinary inference graph:
//   (parameters, moments, batch, schedule) → (parameters, moments, loss)
// or, where gradients of several batches are added up, as two: batch → gradient, gradient → parameters.
// What the optimizer keeps of a chunk carries the chunk's name: 'parameters.unet', 'firstMoment.unet'.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { differentiate } from '../compiler/2-differentiate/differentiate.ts';
import { numberedBlock } from '../compiler/2-differentiate/recompute.ts';
import { type Shape, type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { type OptimizerSettings, optimizerOf } from './optimizer.ts';
import { type ParameterChunk, chunkViews, joinChunk } from './parameter-chunks.ts';
import { sumOfSquares } from './sum-of-squares.ts';

/** What is made here stays in float32, see 3-simplify/half-precision-rules.ts. */
const lossScaleScope = 'loss-scale';

export interface BuiltLoss {
  /** One number. */
  readonly loss: Value;
  readonly report?: Readonly<Record<string, Value>>;
}

export interface TrainingStepDescription {
  readonly name: string;
  readonly chunks: readonly ParameterChunk[];
  readonly optimizer: OptimizerSettings;
  /** Builds the forward pass and returns the loss, a scalar, and what else the step should report. */
  readonly build: (g: GraphBuilder, parameter: (name: string) => Value) => BuiltLoss;
  /** 'blocks': activations inside a block are computed again in the backward pass; less memory, more time. */
  readonly recompute?: 'none' | 'blocks';
  /** For float16: an input `lossScale` float32 [1] multiplies the loss that is differentiated, see loss-scale.ts. */
  readonly isLossScaled?: boolean;
  /** Also put out the gradients, before clipping: for tests. */
  readonly reportGradients?: boolean;
}

/**
 * The whole step. Inputs: those that `build` makes, `schedule` (see scheduleOf) and the state (see stateShapes), with
 * isLossScaled also `lossScale`.
 * Outputs: 'next.' before each name of the state, loss [], gradientNorm [] (before clipping), what `build` reports.
 */
export function trainingStepGraph(description: TrainingStepDescription): Graph {
  const g = new GraphBuilder(description.name);
  const parameters = parameterInputs(g, description);
  const gradients = builtGradients(g, description, parameters);
  if (description.reportGradients) outputGradients(g, description, gradients);
  g.scope('optimizer', () => updateParameters(g, description, parameters, gradients));
  return g.graph();
}

/**
 * Forward and backward of one batch. Inputs: those that `build` makes and the parameters.
 * Outputs: 'gradient.' before each chunk's name, loss, what `build` reports.
 */
export function batchGradientGraph(description: TrainingStepDescription): Graph {
  const g = new GraphBuilder(`${description.name}-batch-gradient`);
  outputGradients(g, description, builtGradients(g, description, parameterInputs(g, description)));
  return g.graph();
}

/**
 * Forward and backward alone: gradient = keep · accumulated + share · (gradient of this batch). Inputs: those that
 * `build` makes, the parameters, 'accumulated.' before each chunk's name, `accumulation` float32 [2]: keep and share.
 * Outputs: 'gradient.' before each chunk's name, loss, what `build` reports.
 */
export function gradientGraph(description: TrainingStepDescription): Graph {
  const g = new GraphBuilder(`${description.name}-gradient`);
  const parameters = parameterInputs(g, description);
  const gradients = builtGradients(g, description, parameters);
  const [keep, share] = g.split(g.input('accumulation', 'float32', [2]), 0, [1, 1]) as [Value, Value];
  const accumulated = description.chunks.map(({ name, shape }) => g.input(`accumulated.${name}`, 'float32', shape));
  const sums = lastFirst(gradients, (gradient, i) => g.add(g.mul(accumulated[i]!, keep), g.mul(gradient, share)));
  outputGradients(g, description, sums);
  return g.graph();
}

/** Clipping and the optimizer alone: the gradients come in as 'gradient.' and the chunk's name. */
export function updateGraph(description: Omit<TrainingStepDescription, 'build'>): Graph {
  const g = new GraphBuilder(`${description.name}-update`);
  const parameters = parameterInputs(g, description);
  const gradients = description.chunks.map(({ name, shape }) => g.input(`gradient.${name}`, 'float32', shape));
  g.scope('optimizer', () => updateParameters(g, description, parameters, gradients));
  return g.graph();
}

/** Forward alone: the loss and what `build` reports. */
export function lossGraph(description: TrainingStepDescription): Graph {
  const g = new GraphBuilder(`${description.name}-loss`);
  builtLoss(g, description, parameterInputs(g, description));
  return g.graph();
}

/** Names and shapes of the tensors that go from step to step: parameters and what the optimizer keeps. */
export function stateShapes(
  { chunks, optimizer }: Pick<TrainingStepDescription, 'chunks' | 'optimizer'>,
): ReadonlyMap<string, Shape> {
  return new Map(chunks.flatMap(({ name, shape }) => (
    Object.entries({ parameters: shape, ...optimizerOf(optimizer).moments(shape) })
      .map(([kind, size]) => [`${kind}.${name}`, size] as const))));
}

/**
 * The input `schedule` of one optimizer step: the largest gradient norm, the optimizer's own numbers, a learning rate a
 * group in the order of the chunks. `trainingStep` counts from 1. No clipping when maxGradientNorm is absent.
 */
export function scheduleOf(
  { chunks, optimizer }: Pick<TrainingStepDescription, 'chunks' | 'optimizer'>, trainingStep: number,
  learningRates: Readonly<Record<string, number>>, maxGradientNorm = Infinity,
): Tensor {
  const rates = groupsOf(chunks).map((group) => {
    const rate = learningRates[group];
    if (rate === undefined) throw new Error(`The parameters of ${group} have no learning rate.`);
    return rate;
  });
  const numbers = [Math.min(maxGradientNorm, 3e38), ...optimizerOf(optimizer).stepNumbers(trainingStep), ...rates];
  return float32Tensor([numbers.length], numbers);
}

function groupsOf(chunks: readonly ParameterChunk[]): string[] {
  return [...new Set(chunks.map(({ group }) => group))];
}

function parameterInputs(g: GraphBuilder, { chunks }: Pick<TrainingStepDescription, 'chunks'>): Value[] {
  return chunks.map(({ name, shape }) => g.input(`parameters.${name}`, 'float32', shape));
}

function builtLoss(
  g: GraphBuilder, { chunks, build }: TrainingStepDescription, parameters: readonly Value[],
): { loss: Value; views: ReadonlyMap<string, Value> } {
  const views = new Map(chunks.flatMap((chunk, i) => [...chunkViews(g, chunk, parameters[i]!)]));
  const { loss, report = {} } = build(g, (name) => {
    const value = views.get(name);
    if (!value) throw new Error(`${name} is not among the trainable parameters.`);
    return value;
  });
  g.output('loss', g.reshape(loss, []));
  for (const [name, value] of Object.entries(report)) g.output(name, value);
  return { loss, views };
}

/** One gradient a chunk, shaped as it; the scale of the loss is out of it again. */
function builtGradients(
  g: GraphBuilder, description: TrainingStepDescription, parameters: readonly Value[],
): Value[] {
  const { loss, views } = builtLoss(g, description, parameters);
  const lossScale = description.isLossScaled ? g.input('lossScale', 'float32', [1]) : undefined;
  const scaled = lossScale ? g.scope(lossScaleScope, () => g.mul(g.reshape(loss, [1]), lossScale)) : loss;
  const gradients = differentiate(g, scaled, [...views.values()], {
    ...(description.recompute === 'blocks' ? { recompute: numberedBlock } : {}),
  });
  const starts = startsOf(description.chunks);
  const joined = lastFirst(description.chunks, (chunk, i) => (
    joinChunk(g, chunk, gradients.slice(starts[i], starts[i + 1]))));
  if (!lossScale) return joined;
  return g.scope(lossScaleScope, () => lastFirst(joined, (gradient) => g.mul(gradient, g.reciprocal(lossScale))));
}

/** Where each chunk's parameters begin among all, and at last how many there are. */
function startsOf(chunks: readonly ParameterChunk[]): number[] {
  return chunks.reduce<number[]>((starts, { layout }) => [...starts, starts.at(-1)! + layout.entries.length], [0]);
}

/**
 * Something for each chunk, in their order, but that of the last one built first: gradients of the last one's
 * parameters are there first, and of what a sum needs ONNX Runtime runs first what is built first
 * (4-emit/execution-order.ts). Otherwise what the last chunk's gradients are made of would be kept until those of the
 * first are there.
 */
function lastFirst<T>(items: readonly T[], build: (item: T, index: number) => Value): Value[] {
  return items.toReversed().map((item, i) => build(item, items.length - 1 - i)).reverse();
}

function outputGradients(
  g: GraphBuilder, { chunks }: Pick<TrainingStepDescription, 'chunks'>, gradients: readonly Value[],
): void {
  chunks.forEach(({ name }, i) => g.output(`gradient.${name}`, gradients[i]!));
}

function updateParameters(
  g: GraphBuilder, description: Omit<TrainingStepDescription, 'build'>, parameters: readonly Value[],
  gradients: readonly Value[],
): void {
  const { chunks } = description;
  const optimizer = optimizerOf(description.optimizer);
  const groups = groupsOf(chunks);
  const count = 1 + optimizer.stepNumbers(1).length + groups.length;
  const numbers = g.split(g.input('schedule', 'float32', [count]), 0, new Array<number>(count).fill(1));
  const norm = globalNorm(g, gradients);
  // torch.nn.utils.clip_grad_norm_: factor max / (norm + 1e-6), at most 1
  const factor = g.min(g.scalar(1), g.div(numbers[0]!, g.add(norm, g.scalar(1e-6))));
  g.output('gradientNorm', g.reshape(norm, []));
  chunks.forEach(({ name, group, shape }, i) => {
    const moments = Object.fromEntries(Object.entries(optimizer.moments(shape)).map(([kind, size]) => (
      [kind, g.input(`${kind}.${name}`, 'float32', size)])));
    const next = optimizer.update(g, {
      parameters: parameters[i]!, gradient: gradients[i]!, clipFactor: factor, moments,
      learningRate: numbers[count - groups.length + groups.indexOf(group)]!,
      stepNumbers: numbers.slice(1, count - groups.length),
    });
    g.output(`next.parameters.${name}`, next.parameters);
    for (const [kind, value] of Object.entries(next.moments)) g.output(`next.${kind}.${name}`, value);
  });
}

/** [1]: the L2 norm of all gradients together. */
function globalNorm(g: GraphBuilder, gradients: readonly Value[]): Value {
  const squares = lastFirst(gradients, (gradient) => sumOfSquares(g, gradient));
  return g.sqrt(squares.length === 1 ? squares[0]! : g.reduceSum(g.concat(squares, 0), [0]));
}
