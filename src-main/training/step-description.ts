// What a training step on a checkpoint is, before any session is open: its options, where its numbers lie, its graph.

import type { Graph } from '../compiler/1-build/graph.ts';
import type { Precision } from '../networks/precision.ts';
import type { Provider } from '../runtime/session.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { OptimizerSettings } from './optimizer.ts';
import { type TrainingStepDescription, gradientGraph, trainingStepGraph } from './optimizer-graph.ts';
import { type ParameterChunk, chunksOf } from './parameter-chunks.ts';
import { buildStepLoss } from './step-graph.ts';
import { type NamedTrainable, type TrainedCheckpoint, type Trainables, trainableParameters } from './trainables.ts';
import { type TrainingBatch, batchFeeds } from './training-batch.ts';

export interface TrainingStepOptions {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly optimizer: OptimizerSettings;
  readonly provider: Provider;
  readonly threads?: number;
  readonly favour?: 'speed' | 'memory';
  /**
   * 'float16', for GPUs: products in float16 with a scaled loss; what learns, its moments and the loss stay float32. A
   * step whose gradient overflows is skipped. float32 unless told.
   */
  readonly precision?: Precision;
  /** Layers left out at the end of each text encoder ("clip skip" minus one); 0 unless told. */
  readonly skipLayers?: number;
  /** 'blocks': compute activations again in the backward pass; less memory, more time, the same numbers. */
  readonly recompute?: 'none' | 'blocks';
  /** Attention in smaller slices, see runtime/session.ts. */
  readonly isSliced?: boolean;
  /** One session at a time: each that is opened releases the one before. */
  readonly isSequential?: boolean;
  /** Results carry the gradients: for tests. */
  readonly reportGradients?: boolean;
}

export interface TrainingLayout {
  /** Every parameter that learns. */
  readonly parameters: readonly NamedTrainable[];
  /** Where their numbers lie. */
  readonly chunks: readonly ParameterChunk[];
}

/** The graph of a whole step for batches of this one's shape, in float32: for looking at and measuring. */
export function graphOfStep(options: TrainingStepOptions, batch: TrainingBatch): Graph {
  return trainingStepGraph(stepDescription(options, layoutOf(options), batchFeeds(batch)));
}

/** Likewise of the part of a step that adds a batch's gradients to those of others. */
export function graphOfGradient(options: TrainingStepOptions, batch: TrainingBatch): Graph {
  return gradientGraph(stepDescription(options, layoutOf(options), batchFeeds(batch)));
}

export function layoutOf({ checkpoint, trainables, skipLayers }: TrainingStepOptions): TrainingLayout {
  const parameters = trainableParameters(checkpoint, trainables, skipLayers);
  return { parameters, chunks: chunksOf(parameters) };
}

/** `batch`: the tensors that batches are fed as, of which the shapes are read. */
export function stepDescription(
  options: TrainingStepOptions, { parameters, chunks }: TrainingLayout, batch: Readonly<Record<string, Tensor>>,
): TrainingStepDescription {
  const { checkpoint, trainables, skipLayers, optimizer, recompute, reportGradients, precision } = options;
  const learned = new Set(parameters.map(({ name }) => name));
  return {
    name: 'training-step', chunks, optimizer, recompute, reportGradients, isLossScaled: precision === 'float16',
    build: (g, parameter) => buildStepLoss(g, { checkpoint, trainables, learned, skipLayers }, batch, parameter),
  };
}
