// The loop of every method: step after step on the batches that the step's number gives, a snapshot every so often,
// each measured once it is safe on the disk. A run that was paused or killed goes on from its last snapshot and ends in
// the same numbers, bit for bit, as one that was not.

import { UserError } from '../contract/errors.ts';
import type { TrainingSettings } from '../contract/settings.ts';
import { learningRateAt } from './learning-rate.ts';
import { mostSkippedInARow } from './loss-scale.ts';
import type { ParameterGroup } from './trainables.ts';
import type { BatchSource } from './trainer-batches.ts';
import {
  type Evaluation, type SavedRun, type SnapshotFolder, type SnapshotRecord, bestOf,
} from './trainer-snapshots.ts';
import type { StepRates, TrainingStep } from './training-step.ts';
import type { ReadTrainingState, TrainingState } from './training-state.ts';

export type TrainerSettings = Pick<Required<TrainingSettings>, 'learningRate' | 'textEncoderLearningRate'
  | 'newTokenLearningRate' | 'learningRateSchedule' | 'warmupSteps' | 'trainingSteps' | 'maxGradientNorm'
  | 'snapshotEverySteps'>;

/** What is measured besides the validation loss, which the trainer takes itself. */
export type Measured = Omit<Evaluation, 'validationLoss'>;

export interface TrainerOptions {
  readonly step: TrainingStep;
  readonly batches: BatchSource;
  readonly settings: TrainerSettings;
  readonly snapshots: SnapshotFolder;
  /** The state before the first step; asked for only when there is no snapshot. */
  readonly start: () => Promise<ReadTrainingState>;
  /** Draws and measures previews with a state that its snapshot holds already. */
  readonly measure: (state: ReadTrainingState) => Promise<Measured>;
  /** What the user has asked for meanwhile; looked at between two steps. */
  readonly asked: () => 'pause' | 'finish' | undefined;
  /** After every step; steps count from 1. Awaited, so that messages to this process are heard. */
  readonly onStep?: (trainingStep: number, loss: number) => void | Promise<void>;
  /** After a snapshot was written, and measured where that was due. `best` is the best so far. */
  readonly onSnapshot?: (record: SnapshotRecord, best: SnapshotRecord) => void | Promise<void>;
  /** Once, where a run goes on. */
  readonly onResume?: (run: SavedRun) => void | Promise<void>;
}

export interface TrainingOutcome {
  readonly kind: 'done' | 'paused';
  /** Steps that were taken, those before a pause among them. */
  readonly trainingSteps: number;
  readonly losses: readonly number[];
  readonly records: readonly SnapshotRecord[];
}

/** A run whose numbers may be on the GPU. */
type Run = Omit<SavedRun, 'state'> & { readonly state: TrainingState };

/**
 * Runs to the last step, or until it is asked to pause or to finish; either way a snapshot of where it stands is kept.
 * Refuses with a UserError: a loss or gradient that is no number (in float16 only if it stays so), snapshots of other
 * settings, a full disk. The last good snapshot is kept and the run can go on from it.
 */
export async function train(options: TrainerOptions): Promise<TrainingOutcome> {
  const { settings, snapshots } = options;
  const first = await startingPoint(options);
  let run: Run = { ...first, records: await measureIfDue(options, first) };
  let asked = options.asked();
  while (run.state.step < settings.trainingSteps && asked === undefined) {
    run = await takeStep(options, run);
    asked = options.asked();
    const isLast = run.state.step === settings.trainingSteps;
    if (!isLast && asked === undefined && run.state.step % settings.snapshotEverySteps !== 0) continue;
    const saved = { ...run, state: await options.step.read(run.state) };
    await snapshots.save(saved);
    const { records } = await snapshots.summary();
    run = { ...run, records };
    // a pause must not take long, and its snapshot is no candidate for the best
    if (isLast || asked !== 'pause') {
      run = { ...run, records: await measureIfDue(options, { ...saved, records }, asked === 'finish') };
    } else {
      await options.onSnapshot?.(records.at(-1)!, bestOf(records)!);
    }
    asked ??= options.asked();
  }
  const isOver = run.state.step === settings.trainingSteps || asked === 'finish';
  return {
    kind: isOver ? 'done' : 'paused', trainingSteps: run.state.step, losses: run.losses, records: run.records,
  };
}

async function startingPoint({ step, snapshots, start, onResume }: TrainerOptions): Promise<SavedRun> {
  const saved = await snapshots.load();
  if (!saved) return { state: await start(), losses: [], records: [] };
  try {
    step.checkState(saved.state);
  } catch {
    throw otherSettings(saved.state.step);
  }
  await onResume?.(saved);
  return saved;
}

async function takeStep({ step, batches, settings, onStep }: TrainerOptions, run: Run): Promise<Run> {
  const index = run.state.step;
  const result = await step.run(run.state, await batches.batchesOf(index), ratesAt(index, step, settings));
  const mean = result.losses.reduce((sum, one) => sum + one, 0) / result.losses.length;
  const loss = Number.isFinite(mean) ? mean : run.losses.at(-1) ?? mean;
  const isSkipped = result.skippedInARow > 0;
  if (result.skippedInARow > mostSkippedInARow || (isSkipped && !Number.isFinite(loss))) {
    throw exceedsHalf(index + 1, run.records.at(-1)?.step ?? 0);
  }
  if (!isSkipped && !(Number.isFinite(mean) && Number.isFinite(result.gradientNorm))) {
    throw notFinite(index + 1, run.records.at(-1)?.step ?? 0);
  }
  await onStep?.(index + 1, loss);
  return { ...run, state: result.state, losses: [...run.losses, loss] };
}

/** Each group's own rate under the one schedule. */
export function ratesAt(index: number, step: Pick<TrainingStep, 'layout'>, settings: TrainerSettings): StepRates {
  const { learningRate, textEncoderLearningRate, newTokenLearningRate, maxGradientNorm } = settings;
  const rates: Record<ParameterGroup, number> = {
    unet: learningRate, textEncoders: textEncoderLearningRate, newTokens: newTokenLearningRate,
  };
  const groups = new Set(step.layout.parameters.map(({ group }) => group));
  const { learningRateSchedule: schedule, warmupSteps, trainingSteps } = settings;
  return {
    learningRates: Object.fromEntries([...groups].map((group) => [
      group, learningRateAt(index, { schedule, learningRate: rates[group], warmupSteps, trainingSteps })])),
    ...(maxGradientNorm > 0 ? { maxGradientNorm } : {}),
  };
}

/**
 * Measures the last snapshot where that is due and was not done, because the run was cut short in between. Returns the
 * records as they are then.
 */
async function measureIfDue(
  options: TrainerOptions, run: SavedRun, isEnd = false,
): Promise<readonly SnapshotRecord[]> {
  const { settings, snapshots, measure, onSnapshot } = options;
  const last = run.records.at(-1);
  const { step } = run.state;
  const isDue = isEnd || step === settings.trainingSteps || step % settings.snapshotEverySteps === 0;
  if (!last || last.step !== step || last.evaluation || !isDue) return run.records;
  const measured = await measure(run.state);
  const validationLoss = await validationLossOf(options, run.state);
  const records = await snapshots.saveEvaluation({ ...measured, validationLoss });
  await onSnapshot?.(records.at(-1)!, bestOf(records)!);
  return records;
}

async function validationLossOf({ step, batches }: TrainerOptions, state: TrainingState): Promise<number | null> {
  const losses: number[] = [];
  for (const { batch, count } of batches.validation) {
    losses.push(...(await step.evaluate(state, batch)).sampleLosses.slice(0, count));
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  // none where float16 could not hold what came up
  return Number.isFinite(mean) ? mean : null;
}

const goOn = 'The snapshots before it are kept, and your photos and the model are untouched.';

function notFinite(trainingStep: number, snapshotStep: number): UserError {
  return new UserError('training.not-finite', {
    what: `The loss stopped being a number at step ${trainingStep}.`,
    safe: snapshotStep > 0
      ? `What was learned up to step ${snapshotStep} is kept; your photos and the model are untouched.`
      : 'Your photos and the model are untouched; nothing was learned yet.',
    todo: snapshotStep > 0
      ? 'Finish with what it has, or teach again with a lower learning rate.'
      : 'Lower the learning rate and teach again. If it happens again, the model file may be damaged.',
  }, { trainingStep, snapshotStep });
}

/** Float16 has no number for what this model computes, whatever the loss is scaled by. */
function exceedsHalf(trainingStep: number, snapshotStep: number): UserError {
  return new UserError('training.exceeds-half', {
    what: `Step ${trainingStep} needs numbers that 16 bits (float16) cannot hold.`,
    safe: snapshotStep > 0
      ? `What was learned up to step ${snapshotStep} is kept; your photos and the model are untouched.`
      : 'Your photos and the model are untouched; nothing was learned yet.',
    todo: 'Choose 32-bit (float32) as number type in the settings and go on; it takes more memory and time.',
  }, { trainingStep, snapshotStep });
}

function otherSettings(step: number): UserError {
  return new UserError('training.other-settings', {
    what: `This run cannot go on from its snapshot at step ${step}, which has other layers than its settings ask for.`,
    safe: goOn,
    todo: 'Teach the face anew.',
  }, { step });
}
