// A training step of the starter pack: all parameters in one flat vector, whatever their size.

import type { Graph } from '../compiler/1-build/graph.ts';
import type { NamedShape, ParameterLayout } from '../networks/flat-parameters.ts';
import {
  batchGradientGraph, type TrainingStepDescription, trainingStepGraph, updateGraph,
} from '../training/optimizer-graph.ts';
import { flatChunk, type ParameterChunk } from '../training/parameter-chunks.ts';
import type { OptimizerSettings } from '../training/optimizer.ts';
import type { TrainingSchedule } from './training-schedule.ts';

export interface FlatStep {
  readonly chunk: ParameterChunk;
  readonly optimizer: OptimizerSettings;
  /** The whole step. */
  readonly graph: () => Graph;
  /** Its two halves, for a batch in shares. */
  readonly gradientGraph: () => Graph;
  readonly updateGraph: () => Graph;
}

/** Tables and the layers at either end are not matrices in Muon's sense (Jordan 2024). */
const isMatrix = (name: string) => !/embedding|conv_in|conv_out/.test(name);

function optimizerFor({ optimizer, beta1, beta2, weightDecay }: TrainingSchedule, layout: ParameterLayout):
OptimizerSettings {
  const adamW = { kind: 'adamw', beta1, beta2, epsilon: 1e-8, weightDecay } as const;
  return optimizer === 'muon' ? { ...adamW, kind: 'muon', layout, isMatrix } : adamW;
}

/** Inputs and outputs as those of the graphs in training/, for the one chunk `starter`. */
export function flatStep(
  { parameters, plan, ...description }: Omit<TrainingStepDescription, 'chunks' | 'optimizer'> & {
    readonly parameters: readonly NamedShape[]; readonly plan: TrainingSchedule;
  },
): FlatStep {
  const chunk = flatChunk('starter', parameters);
  const optimizer = optimizerFor(plan, chunk.layout);
  const whole = { ...description, optimizer, chunks: [chunk] };
  return {
    chunk, optimizer, graph: () => trainingStepGraph(whole), gradientGraph: () => batchGradientGraph(whole),
    updateGraph: () => updateGraph(whole),
  };
}
