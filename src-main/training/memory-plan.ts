// What a training step takes of memory, told from its graph alone. Nothing is loaded and nothing runs.

import type { MemoryPart } from '../contract/memory-plan.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { textTimeInputs } from '../models/unet.ts';
import { type MemoryForm, partOf } from '../networks/memory-plan.ts';
import { type Shape, type Tensor, bytesPerElement, elementCount, float32Tensor } from '../tensor/tensor.ts';
import { contextLength } from '../text/tokenizer.ts';
import { graphOfGradient, graphOfStep, type TrainingStepOptions } from './step-description.ts';
import { isTextLearned } from './trainables.ts';
import type { TrainingBatch } from './training-batch.ts';

export interface TeachingSize {
  readonly resolutionPx: number;
  readonly batchSize: number;
  /** Gradients of several batches are added up before a step is taken. */
  readonly accumulates?: boolean;
}

export type PlannedStep = Omit<TrainingStepOptions, 'checkpoint' | 'precision' | 'favour'> & MemoryForm
  & { readonly provider: TrainingStepOptions['provider']; readonly checkpoint: Checkpoint };

/** The step's own: frozen weights, activations with gradients, and what learns with its moments. */
export function teachingPart(options: PlannedStep, size: TeachingSize): MemoryPart {
  const batch = batchOf(options, size);
  const step = graphOfStep(options, batch);
  // parameters and moments, which come in by these names
  const stateBytes = fedBytes(step, (name) => name.startsWith('parameters.') || name.includes('Moment.'));
  if (!size.accumulates) return { ...partOf('trainer', step, options, options.checkpoint), trainingBytes: stateBytes };
  const gradient = graphOfGradient(options, batch);
  return {
    ...partOf('trainer', gradient, options, options.checkpoint),
    trainingBytes: stateBytes + fedBytes(gradient, (name) => name.startsWith('accumulated.')),
  };
}

function fedBytes({ inputs }: Graph, isCounted: (name: string) => boolean): number {
  return inputs.filter(({ name }) => isCounted(name))
    .reduce((sum, { dtype, shape }) => sum + bytesPerElement[dtype] * elementCount(shape), 0);
}

/** A batch of zeros, of which the shapes count. */
function batchOf(options: PlannedStep, { resolutionPx, batchSize }: TeachingSize): TrainingBatch {
  const { checkpoint: { vaeConfig, unetConfig, textEncoders }, trainables } = options;
  const edge = Math.ceil(resolutionPx / 2 ** (vaeConfig.blockOutChannels.length - 1));
  const { textEmbeds, timeIds } = textTimeInputs(new GraphBuilder('shapes'), unetConfig, batchSize);
  const zeros = (shape: Shape): Tensor => float32Tensor(shape, new Float32Array(elementCount(shape)));
  const noisy = zeros([batchSize, vaeConfig.latentChannels, edge, edge]);
  const each = <T>(value: T): T[] => Array.from({ length: batchSize }, () => value);
  const ids = textEncoders.map(() => Array.from({ length: contextLength }, () => 0));
  const states = {
    context: zeros([batchSize, contextLength, unetConfig.crossAttentionDim]),
    ...(textEmbeds ? { pooled: zeros(textEmbeds.shape) } : {}),
  };
  return {
    noisy, target: noisy, timesteps: each(0), sampleWeights: each(1),
    text: isTextLearned(trainables) ? { inputIds: each(ids) } : { states },
    ...(timeIds ? { timeIds: zeros(timeIds.shape) } : {}),
  };
}
