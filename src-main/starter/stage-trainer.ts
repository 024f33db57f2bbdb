// The training loop of one stage: a session over a training-step graph, a batch a step, a moving average of the
// parameters, and a snapshot every two minutes.

import { openSession, type Provider } from '../runtime/session.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { AdamWSettings } from '../training/adamw.ts';
import { scheduleOf } from '../training/optimizer-graph.ts';
import type { FlatStep } from './flat-step.ts';
import { learningRateAt, type TrainingSchedule } from './recipe.ts';
import type { TrainingState } from './snapshot.ts';
import type { Feeds } from './training-batches.ts';

export interface StageOptions {
  readonly step: FlatStep;
  readonly optimizer: AdamWSettings;
  readonly plan: TrainingSchedule;
  readonly emaDecay: number;
  readonly provider: Provider;
  readonly threads?: number;
  batch(step: number): Feeds;
  /** Called every `snapshotEveryMs` and at the end. */
  onSnapshot(state: TrainingState): Promise<void>;
  onProgress(progress: StageProgress): void;
  readonly snapshotEveryMs?: number;
  /** Ends after the step under way, with a snapshot. */
  readonly signal?: AbortSignal;
}

export interface StageProgress {
  readonly step: number;
  readonly steps: number;
  /** Mean of the last steps since the report before. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly msPerStep: number;
}

export const optimizerOf = (plan: TrainingSchedule): AdamWSettings =>
  ({ kind: 'adamw', beta1: plan.beta1, beta2: plan.beta2, epsilon: 1e-8, weightDecay: plan.weightDecay });

/** decay grows to `emaDecay` so that the start is forgotten (Tarvainen and Valpola 2017). */
function updateAverage(state: TrainingState, emaDecay: number): void {
  const decay = Math.min(emaDecay, (1 + state.step) / (10 + state.step));
  const { average, parameters } = state;
  for (let i = 0; i < average.length; i++) average[i] = parameters[i]! + decay * (average[i]! - parameters[i]!);
}

/** Takes over what a step gave. */
function advance(state: TrainingState, results: Record<string, Tensor>, emaDecay: number): void {
  const loss = Number(results.loss!.data[0]);
  if (!Number.isFinite(loss)) {
    throw new Error(`The loss became ${loss} at step ${state.step}; lower the learning rate.`);
  }
  state.parameters = results['next.parameters.starter']!.data as Float32Array;
  state.firstMoment = results['next.firstMoment.starter']!.data as Float32Array;
  state.secondMoment = results['next.secondMoment.starter']!.data as Float32Array;
  state.step++;
  state.losses.push(loss);
  updateAverage(state, emaDecay);
}

const reportEvery = 25;

/** Trains from `state` (changed in place) to the plan's last step. */
export async function trainStage(state: TrainingState, options: StageOptions): Promise<void> {
  const { optimizer, plan, step: { graph, chunk } } = options;
  const session = await openSession(graph, { provider: options.provider, threads: options.threads });
  const vector = (values: Float32Array): Tensor => float32Tensor(chunk.shape, values);
  let [savedAt, reportedAt, reportedStep] = [performance.now(), performance.now(), state.step];
  try {
    while (state.step < plan.steps && !options.signal?.aborted) {
      const rate = learningRateAt(plan, state.step);
      const results = await session.run({
        ...options.batch(state.step), 'parameters.starter': vector(state.parameters),
        'firstMoment.starter': vector(state.firstMoment), 'secondMoment.starter': vector(state.secondMoment),
        schedule: scheduleOf({ chunks: [chunk], optimizer }, state.step + 1, { starter: rate }, plan.clipNorm),
      });
      advance(state, results, options.emaDecay);
      const now = performance.now();
      if (state.step % reportEvery === 0) {
        const count = state.step - reportedStep;
        options.onProgress({
          step: state.step, steps: plan.steps, loss: state.losses.slice(-count).reduce((sum, l) => sum + l, 0) / count,
          gradientNorm: Number(results.gradientNorm!.data[0]), msPerStep: (now - reportedAt) / count,
        });
        [reportedAt, reportedStep] = [now, state.step];
      }
      const isLast = state.step === plan.steps || options.signal?.aborted;
      if (isLast || now - savedAt > (options.snapshotEveryMs ?? 120_000)) {
        await options.onSnapshot(state);
        savedAt = performance.now();
      }
    }
  } finally {
    await session.release();
  }
}
