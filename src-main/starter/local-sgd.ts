// Training on all cores at once: every worker thread takes a few steps of its own from the same state, then parameters
// and moments are averaged ("local SGD", Stich 2019; Lin et al. 2020). One thread a worker: small networks gain little
// from more threads in a step, and everything from more steps at a time.

import { parentPort, Worker, workerData } from 'node:worker_threads';
import { openSession } from '../runtime/session.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { scheduleOf } from '../training/optimizer-graph.ts';
import type { FlatStep } from './flat-step.ts';
import type { TrainingState } from './snapshot.ts';
import { optimizerOf } from './stage-trainer.ts';
import type { Feeds } from './training-batches.ts';
import { learningRateAt, type TrainingSchedule } from './training-schedule.ts';

/** What goes over and back, a vector behind the other. */
const vectors = ['parameters', 'firstMoment', 'secondMoment'] as const;

export interface LocalSgdOptions {
  readonly workers: number;
  /** The file of a module that calls workLocally(), and what it is given as `task`. */
  readonly workerFile: URL;
  readonly task: unknown;
  readonly plan: TrainingSchedule;
  /** Steps of a worker between two averagings. */
  readonly roundSteps: number;
  readonly emaDecay: number;
  readonly minutes?: number;
  readonly snapshotEveryMs?: number;
  onRound(state: TrainingState): void;
  onSnapshot(state: TrainingState): Promise<void>;
  readonly signal?: AbortSignal;
}

/** What a worker is started with. */
interface WorkerStart {
  readonly index: number;
  readonly workers: number;
  readonly shared: SharedArrayBuffer;
  readonly task: unknown;
}

interface Round {
  readonly firstStep: number;
  readonly steps: number;
  readonly rates: readonly number[];
}

/** Trains from `state` (changed in place); its steps are those of one worker. */
export async function trainLocally(state: TrainingState, options: LocalSgdOptions): Promise<void> {
  const { plan, roundSteps, workers, workerFile, task } = options;
  const budgetMs = options.minutes === undefined ? Infinity : options.minutes * 60_000;
  const size = state.parameters.length;
  const crew = Array.from({ length: workers }, (_, index) => {
    const shared = new SharedArrayBuffer(vectors.length * size * Float32Array.BYTES_PER_ELEMENT);
    const start: WorkerStart = { index, workers, shared, task };
    return { worker: new Worker(workerFile, { workerData: start }), values: new Float32Array(shared) };
  });
  let [savedAt, tick] = [performance.now(), performance.now()];
  const isOver = () => state.step >= plan.steps || state.spentMs >= budgetMs || options.signal?.aborted === true;
  try {
    while (!isOver()) {
      const share = Math.max(state.step / plan.steps, state.spentMs / budgetMs);
      const steps = Math.min(roundSteps, plan.steps - state.step);
      const rates = Array.from({ length: steps }, (_, i) => learningRateAt(plan, state.step + i, share));
      const round: Round = { firstStep: state.step, steps, rates };
      for (const { values } of crew) vectors.forEach((name, i) => values.set(state[name], i * size));
      const losses = await Promise.all(crew.map(({ worker }) => answerTo(worker, round)));
      takeMean(state, crew.map(({ values }) => values), losses, options.emaDecay ** steps);
      const now = performance.now();
      state.spentMs += now - tick;
      tick = now;
      options.onRound(state);
      if (isOver() || now - savedAt > (options.snapshotEveryMs ?? 30_000)) {
        await options.onSnapshot(state);
        savedAt = performance.now();
      }
    }
  } finally {
    await Promise.all(crew.map(({ worker }) => worker.terminate()));
  }
}

function answerTo(worker: Worker, round: Round): Promise<number[]> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.postMessage(round);
  });
}

/** Means of all workers' vectors and losses. */
function takeMean(
  state: TrainingState, results: readonly Float32Array[], losses: readonly (readonly number[])[], decay: number,
): void {
  const size = state.parameters.length;
  vectors.forEach((name, v) => {
    const mean = new Float32Array(size);
    for (const values of results) for (let i = 0; i < size; i++) mean[i]! += values[v * size + i]! / results.length;
    state[name] = mean;
  });
  const kept = Math.min(decay, (1 + state.step) / (10 + state.step));
  for (let i = 0; i < size; i++) {
    state.average[i] = state.parameters[i]! + kept * (state.average[i]! - state.parameters[i]!);
  }
  for (let i = 0; i < losses[0]!.length; i++) {
    const loss = losses.reduce((sum, each) => sum + each[i]!, 0) / losses.length;
    if (!Number.isFinite(loss)) throw new Error(`The loss became ${loss} at step ${state.step + i}.`);
    state.losses.push(loss);
  }
  state.step += losses[0]!.length;
}

/**
 * A worker's side: takes rounds until it is ended. `open` makes the step and its batches of the task; `stream` is
 * another number for every step of every worker.
 */
export async function workLocally<Task>(
  open: (task: Task) => Promise<{ step: FlatStep; plan: TrainingSchedule; batch: (stream: number) => Feeds }>,
): Promise<void> {
  const { index, workers, shared, task } = workerData as WorkerStart;
  const { step: { graph, chunk }, plan, batch } = await open(task as Task);
  const session = await openSession(graph, { provider: 'cpu', threads: 1 });
  const optimizer = optimizerOf(plan);
  const values = new Float32Array(shared);
  const size = values.length / vectors.length;
  const vector = (i: number): Tensor => float32Tensor(chunk.shape, values.slice(i * size, (i + 1) * size));
  parentPort!.on('message', (round: Round) => void (async () => {
    let [parameters, firstMoment, secondMoment] = [vector(0), vector(1), vector(2)];
    const losses: number[] = [];
    for (let i = 0; i < round.steps; i++) {
      const step = round.firstStep + i;
      const out = await session.run({
        ...batch(step * workers + index),
        'parameters.starter': parameters, 'firstMoment.starter': firstMoment, 'secondMoment.starter': secondMoment,
        schedule: scheduleOf({ chunks: [chunk], optimizer }, step + 1, { starter: round.rates[i]! }, plan.clipNorm),
      });
      parameters = out['next.parameters.starter']!;
      firstMoment = out['next.firstMoment.starter']!;
      secondMoment = out['next.secondMoment.starter']!;
      losses.push(Number(out['loss']!.data[0]));
    }
    [parameters, firstMoment, secondMoment].forEach((tensor, i) => values.set(tensor.data as Float32Array, i * size));
    parentPort!.postMessage(losses);
  })());
}
