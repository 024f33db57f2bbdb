// What a written look says of itself: the plain numbers of its training, nothing of the pictures or the person.

import type { LoraDescription } from '../adapter/write-lora.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { pipelineConfigOf } from '../networks/pipeline.ts';
import type { TrainingSettings } from '../contract/settings.ts';

export interface DescribedLook {
  readonly settings: TrainingSettings;
  readonly trainingSteps: number;
  readonly photoCount: number;
  readonly title: string;
  readonly triggerPhrase: string;
}

export function describeLook(
  checkpoint: Checkpoint, { settings, trainingSteps, photoCount, title, triggerPhrase }: DescribedLook,
): LoraDescription {
  const { learningRate, textEncoderLearningRate, learningRateSchedule, warmupSteps, optimizer, batchSize } = settings;
  const { gradientAccumulationSteps, maxGradientNorm, minSnrGamma, noiseOffset } = settings;
  const { captionDropout, captionTagDropout, prior, priorLossWeight, clipSkip, seed, resolutionPx } = settings;
  return {
    unetConfig: checkpoint.unetConfig, schedulerConfig: checkpoint.schedulerConfig,
    resolutionPx: resolutionPx ?? pipelineConfigOf(checkpoint).resolutionPx, title, triggerPhrase,
    trainingSteps, trainingImageCount: photoCount, learningRate, textEncoderLearningRate, learningRateSchedule,
    warmupSteps, optimizer, batchSize, gradientAccumulationSteps, maxGradientNorm, minSnrGamma, noiseOffset,
    captionDropout, captionTagDropout, clipSkip, seed,
    ...(prior === undefined || prior === 'none' ? {} : { priorLossWeight }),
  };
}
