// A training step of the starter pack: all parameters in one flat vector, whatever their size.

import type { Graph } from '../compiler/1-build/graph.ts';
import type { NamedShape } from '../networks/flat-parameters.ts';
import { type TrainingStepDescription, trainingStepGraph } from '../training/optimizer-graph.ts';
import { flatChunk, type ParameterChunk } from '../training/parameter-chunks.ts';

export interface FlatStep {
  readonly graph: Graph;
  readonly chunk: ParameterChunk;
}

/** Inputs and outputs as trainingStepGraph's, for the one chunk `starter`. */
export function flatStep(
  { parameters, ...description }: Omit<TrainingStepDescription, 'chunks'> & { parameters: readonly NamedShape[] },
): FlatStep {
  const chunk = flatChunk('starter', parameters);
  return { graph: trainingStepGraph({ ...description, chunks: [chunk] }), chunk };
}
