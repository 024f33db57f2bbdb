// AdamW of Loshchilov & Hutter 2019 (algorithm 2), as torch.optim.AdamW computes it:
//   p ← p − learningRate · weightDecay · p
//   m ← beta1 m + (1 − beta1) g,   v ← beta2 v + (1 − beta2) g²
//   p ← p − learningRate · m/(1 − beta1^t) / (sqrt(v/(1 − beta2^t)) + epsilon)

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { ChunkValues, Optimizer } from './optimizer.ts';

export interface AdamWSettings {
  readonly kind: 'adamw';
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled from the gradient: the parameters shrink by learningRate · weightDecay a step. */
  readonly weightDecay: number;
}

/** torch.optim.AdamW's own. */
export const defaultAdamW: AdamWSettings = {
  kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01,
};

export function adamW(settings: AdamWSettings): Optimizer {
  const correction = (beta: number, trainingStep: number): number => 1 / (1 - beta ** trainingStep);
  return {
    moments: (shape) => ({ firstMoment: shape, secondMoment: shape }),
    stepNumbers: (trainingStep) => [correction(settings.beta1, trainingStep), correction(settings.beta2, trainingStep)],
    update: (g, values) => update(g, settings, values),
  };
}

function update(g: GraphBuilder, settings: AdamWSettings, values: ChunkValues): ReturnType<Optimizer['update']> {
  const { beta1, beta2, epsilon, weightDecay } = settings;
  const { learningRate, moments: { firstMoment, secondMoment } } = values;
  const gradient = g.mul(values.gradient, values.clipFactor);
  const [correction1, correction2] = values.stepNumbers as [Value, Value];
  const m = g.add(g.mul(firstMoment!, g.scalar(beta1)), g.mul(gradient, g.scalar(1 - beta1)));
  const v = g.add(g.mul(secondMoment!, g.scalar(beta2)), g.mul(g.mul(gradient, gradient), g.scalar(1 - beta2)));
  const denominator = g.add(g.sqrt(g.mul(v, correction2)), g.scalar(epsilon));
  const decayed = g.mul(values.parameters, g.sub(g.scalar(1), g.mul(learningRate, g.scalar(weightDecay))));
  const step = g.div(g.mul(m, g.mul(learningRate, correction1)), denominator);
  return { parameters: g.sub(decayed, step), moments: { firstMoment: m, secondMoment: v } };
}
