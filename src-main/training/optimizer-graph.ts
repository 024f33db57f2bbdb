// A training step as one ordinary inference graph:
//   (parameters, moments, batch, schedule) → (parameters, moments, loss)
// Trainable parameters, their gradients and both moments are one flat vector each, sliced inside the graph, so that
// AdamW is a dozen nodes however many layers train.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { differentiate } from '../compiler/2-differentiate/differentiate.ts';
import { type NamedShape, type ParameterLayout, layoutOf, parameterViews } from '../networks/flat-parameters.ts';

/** AdamW of Loshchilov & Hutter 2019 (algorithm 2), as torch.optim.AdamW computes it. */
export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: p ← p − learningRate · weightDecay · p before the update. */
  readonly weightDecay: number;
}

export const defaultAdamW: AdamWSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

export interface BuiltLoss {
  readonly loss: Value;
  readonly report?: Readonly<Record<string, Value>>;
}

export interface TrainingStepDescription {
  readonly name: string;
  readonly parameters: readonly NamedShape[];
  readonly optimizer: AdamWSettings;
  /** Builds the forward pass and returns the loss, a scalar, and what else the step should report. */
  readonly build: (g: GraphBuilder, parameter: (name: string) => Value) => BuiltLoss;
  /** Also put out the flat gradient, before clipping: for tests. */
  readonly reportGradients?: boolean;
}

export interface TrainingStepGraph {
  readonly graph: Graph;
  readonly layout: ParameterLayout;
}

/**
 * Inputs: those that `build` makes, and
 *   parameters, firstMoment, secondMoment  float32 [layout.size]
 *   schedule  float32 [4]: see scheduleOf().
 * Outputs: nextParameters, nextFirstMoment, nextSecondMoment, loss [], gradientNorm [] (before clipping), and what
 * `build` reports.
 */
export function trainingStepGraph(description: TrainingStepDescription): TrainingStepGraph {
  const layout = layoutOf(description.parameters);
  const g = new GraphBuilder(description.name);
  const flat = (name: string): Value => g.input(name, 'float32', [layout.size]);
  const parameters = flat('parameters');
  const values = parameterViews(g, parameters, layout);
  const { loss, report = {} } = description.build(g, (name) => {
    const value = values.get(name);
    if (!value) throw new Error(`${name} is not among the trainable parameters.`);
    return value;
  });
  const gradients = differentiate(g, loss, [...values.values()]);
  const gradient = g.concat(gradients.map((value) => g.reshape(value, [-1])), 0);
  const scalarLoss = g.reshape(loss, []);
  g.output('loss', scalarLoss);
  g.scope('optimizer', () => adamW(g, description.optimizer, {
    parameters, gradient, firstMoment: flat('firstMoment'), secondMoment: flat('secondMoment'),
    schedule: g.input('schedule', 'float32', [4]),
  }));
  if (description.reportGradients) g.output('gradients', gradient);
  for (const [name, value] of Object.entries(report)) g.output(name, value);
  return { graph: g.graph(), layout };
}

/**
 * The numbers of one optimizer step: learning rate, 1/(1 − beta1^t), 1/(1 − beta2^t), largest gradient norm.
 * `trainingStep` counts from 1. No clipping when maxGradientNorm is absent.
 */
export function scheduleOf(
  trainingStep: number, learningRate: number, optimizer: AdamWSettings, maxGradientNorm = Infinity,
): Float32Array {
  const correction = (beta: number): number => 1 / (1 - beta ** trainingStep);
  const largest = Math.min(maxGradientNorm, 3e38);
  return Float32Array.of(learningRate, correction(optimizer.beta1), correction(optimizer.beta2), largest);
}

interface OptimizerValues {
  readonly parameters: Value;
  readonly gradient: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
  readonly schedule: Value;
}

function adamW(g: GraphBuilder, settings: AdamWSettings, values: OptimizerValues): void {
  const { beta1, beta2, epsilon, weightDecay } = settings;
  const numbers = g.split(values.schedule, 0, [1, 1, 1, 1]);
  const [learningRate, correction1, correction2, maxNorm] = numbers as [Value, Value, Value, Value];
  const raw = values.gradient;
  const norm = g.sqrt(g.reduceSum(g.mul(raw, raw), [0]));
  // torch.nn.utils.clip_grad_norm_: factor max / (norm + 1e-6), at most 1
  const factor = g.min(g.scalar(1), g.div(maxNorm, g.add(norm, g.scalar(1e-6))));
  const gradient = g.mul(raw, factor);
  const m = g.add(g.mul(values.firstMoment, g.scalar(beta1)), g.mul(gradient, g.scalar(1 - beta1)));
  const v = g.add(g.mul(values.secondMoment, g.scalar(beta2)), g.mul(g.mul(gradient, gradient), g.scalar(1 - beta2)));
  const denominator = g.add(g.sqrt(g.mul(v, correction2)), g.scalar(epsilon));
  const decayed = g.mul(values.parameters, g.sub(g.scalar(1), g.mul(learningRate, g.scalar(weightDecay))));
  const update = g.div(g.mul(m, g.mul(learningRate, correction1)), denominator);
  g.output('gradientNorm', g.reshape(norm, []));
  g.output('nextParameters', g.sub(decayed, update));
  g.output('nextFirstMoment', m);
  g.output('nextSecondMoment', v);
}
