// Miniatures that a training step takes: one of SD 1's topology and SDXL's, and batches drawn for them.

import { textEncoderParameters, unetParameters } from '../../src-main/models/parameter-shapes.ts';
import type { DeviceTensor } from '../../src-main/runtime/session.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import type { TrainedCheckpoint } from '../../src-main/training/trainables.ts';
import type { TrainingBatch } from '../../src-main/training/training-batch.ts';
import type { TrainingStepOptions } from '../../src-main/training/step-description.ts';
import { openTrainingStep, type TrainingStep } from '../../src-main/training/training-step.ts';
import type { TrainingState } from '../../src-main/training/training-state.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { randomWeights, tinyTextEncoder, tinyUnet } from '../models/tiny-networks.ts';

/** Two resolutions, one text encoder; the id 19 ends a text. */
export function tinySd15(): TrainedCheckpoint {
  const unetConfig = { ...tinyUnet, crossAttentionDim: tinyTextEncoder.hiddenSize };
  return {
    architecture: 'sd15', unetConfig, unet: randomWeights(unetParameters(unetConfig)),
    textEncoders: [{ weights: randomWeights(textEncoderParameters(tinyTextEncoder)), config: tinyTextEncoder }],
  };
}

/** Token ids of a prompt for SD 1's miniature: start, words, end, padding; 9 in all. */
export function tinyPrompt(...words: readonly number[]): number[][] {
  return [[18, ...words, 19, ...new Array<number>(7 - words.length).fill(19)]];
}

/** Samples with numbers of their own, the same whatever batch they are in; `seeds` has one entry a sample. */
export function tinyBatch(
  checkpoint: TrainedCheckpoint, seeds: readonly number[], change: Partial<TrainingBatch> = {},
): TrainingBatch {
  const channels = checkpoint.unetConfig.inChannels;
  const join = (stream: number): Tensor => {
    const samples = seeds.map((seed) => randomTensor([channels * 16], 10 * seed + stream, -2, 2).data as Float32Array);
    return float32Tensor([seeds.length, channels, 4, 4], samples.flatMap((sample) => [...sample]));
  };
  return {
    noisy: join(1), target: join(2), timesteps: seeds.map((seed) => (seed * 137) % 1000),
    sampleWeights: seeds.map(() => 1 / seeds.length),
    text: { inputIds: seeds.map((seed) => tinyPrompt(seed % 18, 20, 21)) },
    ...change,
  };
}

export function openTinyStep(
  options: Pick<TrainingStepOptions, 'checkpoint' | 'trainables'> & Partial<TrainingStepOptions>,
): TrainingStep {
  return openTrainingStep({ optimizer: defaultAdamW, provider: 'cpu', threads: 1, reportGradients: true, ...options });
}

/** Numbers of a state's or a step's tensors in a row, for comparing bits. They are the CPU's, so all have come over. */
export function numbersIn(tensors: TrainingState['tensors']): number[] {
  return [...tensors.values()].flatMap((tensor) => Array.from(dataOf(tensor)));
}

export function dataOf(tensor: Tensor | DeviceTensor | undefined): Float32Array {
  return (tensor as Tensor).data as Float32Array;
}
