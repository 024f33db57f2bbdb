// Learning-rate schedules: a linear warm-up, then constant or a half cosine to zero (Loshchilov & Hutter 2017, eq. 5).

export type LearningRateSchedule = 'constant' | 'cosine';

export interface LearningRateSettings {
  readonly schedule: LearningRateSchedule;
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly trainingSteps: number;
}

/** Learning rate of a training step, which counts from 0. */
export function learningRateAt(trainingStep: number, settings: LearningRateSettings): number {
  const { schedule, learningRate, warmupSteps, trainingSteps } = settings;
  if (trainingStep < warmupSteps) return (learningRate * (trainingStep + 1)) / (warmupSteps + 1);
  if (schedule === 'constant') return learningRate;
  const progress = (trainingStep - warmupSteps) / Math.max(1, trainingSteps - warmupSteps);
  return learningRate * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
