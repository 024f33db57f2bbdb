// One sample of a micro-batch, and several put together as the step takes them.

import { joinTextStates } from '../networks/text-states.ts';
import { type Shape, elementCount, float32Tensor } from '../tensor/tensor.ts';
import type { EncodedCaption } from './trainer-set.ts';
import type { TrainingBatch } from './training-batch.ts';

export interface Sample {
  /** [1, C, H, W]. */
  readonly shape: Shape;
  readonly noisy: Float32Array;
  readonly target: Float32Array;
  readonly timestep: number;
  readonly weight: number;
  readonly mask: Float32Array | undefined;
  readonly caption: EncodedCaption;
  readonly timeIds: readonly number[] | undefined;
}

/** A batch of samples of one shape; with token ids where text is learned, else with encoded captions. */
export function joinSamples(samples: readonly Sample[], isTextLearned: boolean): TrainingBatch {
  const [, ...rest] = samples[0]!.shape as [number, number, number, number];
  const [, height, width] = rest;
  const joined = (of: (sample: Sample) => Float32Array, shape: Shape) => {
    const size = elementCount(shape);
    const data = new Float32Array(samples.length * size);
    samples.forEach((sample, i) => data.set(of(sample), i * size));
    return float32Tensor([samples.length, ...shape], data);
  };
  const isMasked = samples.some(({ mask }) => mask !== undefined);
  const ones = new Float32Array(height! * width!).fill(1);
  return {
    noisy: joined(({ noisy }) => noisy, rest), target: joined(({ target }) => target, rest),
    timesteps: samples.map(({ timestep }) => timestep), sampleWeights: samples.map(({ weight }) => weight),
    ...(isMasked ? { mask: joined(({ mask }) => mask ?? ones, [1, height!, width!]) } : {}),
    text: isTextLearned ? { inputIds: samples.map(({ caption }) => caption.ids) } : { states: statesOf(samples) },
    ...(samples[0]!.timeIds ? { timeIds: timeIdsOf(samples) } : {}),
  };
}

function statesOf(samples: readonly Sample[]) {
  return joinTextStates(samples.map(({ caption: { states } }) => {
    if (!states) throw new Error('A caption was not encoded.');
    return states;
  }));
}

function timeIdsOf(samples: readonly Sample[]) {
  const rows = samples.map(({ timeIds }) => timeIds!);
  return float32Tensor([rows.length, rows[0]!.length], rows.flat());
}
