// A training step of the starter pack: all parameters in one flat vector, whatever their size.

import type { Graph } from '../compiler/1-build/graph.ts';
import type { NamedShape } from '../networks/flat-parameters.ts';
import {
  batchGradientGraph, type TrainingStepDescription, trainingStepGraph, updateGraph,
} from '../training/optimizer-graph.ts';
import { flatChunk, type ParameterChunk } from '../training/parameter-chunks.ts';

export interface FlatStep {
  readonly chunk: ParameterChunk;
  /** The whole step. */
  readonly graph: () => Graph;
  /** Its two halves, for a batch in shares. */
  readonly gradientGraph: () => Graph;
  readonly updateGraph: () => Graph;
}

/** Inputs and outputs as those of the graphs in training/, for the one chunk `starter`. */
export function flatStep(
  { parameters, ...description }: Omit<TrainingStepDescription, 'chunks'> & { parameters: readonly NamedShape[] },
): FlatStep {
  const chunk = flatChunk('starter', parameters);
  const whole = { ...description, chunks: [chunk] };
  return {
    chunk, graph: () => trainingStepGraph(whole), gradientGraph: () => batchGradientGraph(whole),
    updateGraph: () => updateGraph(whole),
  };
}
