// Learning-rate schedules, number for number those of diffusers: a linear warm-up, then constant, a line to zero, half
// a cosine (Loshchilov & Hutter 2017, eq. 5), several of them with restarts, or a polynomial.

export type LearningRateSchedule = 'constant' | 'linear' | 'cosine' | 'cosine-with-restarts' | 'polynomial';

export interface LearningRateSettings {
  readonly schedule: LearningRateSchedule;
  /** The highest one. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly trainingSteps: number;
  /** Half cosines of 'cosine-with-restarts'; 1 unless told. */
  readonly cycles?: number;
  /** Exponent of 'polynomial'; 1, a line, unless told. */
  readonly power?: number;
}

/** Where a polynomial ends; diffusers' own number. */
const polynomialEnd = 1e-7;

/** Learning rate of a training step, which counts from 0. With a warm-up, that of step 0 is 0. */
export function learningRateAt(trainingStep: number, settings: LearningRateSettings): number {
  const { schedule, learningRate, warmupSteps, trainingSteps } = settings;
  if (trainingStep < warmupSteps) return learningRate * (trainingStep / warmupSteps);
  const progress = (trainingStep - warmupSteps) / Math.max(1, trainingSteps - warmupSteps);
  switch (schedule) {
    case 'constant': return learningRate;
    case 'linear': return learningRate * Math.max(0, 1 - progress);
    case 'cosine': return learningRate * halfCosine(progress);
    case 'cosine-with-restarts':
      return progress >= 1 ? 0 : learningRate * halfCosine(((settings.cycles ?? 1) * progress) % 1);
    case 'polynomial': {
      const end = Math.min(polynomialEnd, learningRate);
      return (learningRate - end) * Math.max(0, 1 - progress) ** (settings.power ?? 1) + end;
    }
  }
}

function halfCosine(progress: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * progress));
}
