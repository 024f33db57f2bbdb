// The training loop of one stage: a session over a training-step graph, a batch a step, a moving average of the
// parameters, and snapshots. It ends at the last step or when its minutes are over, whichever comes first. What goes
// from step to step stays on the GPU where there is one.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import {
  type DeviceTensor, isOnDevice, openDeviceSession, openSession, type Provider, type Session,
} from '../runtime/session.ts';
import { float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';
import { HeldTensors } from '../training/held-tensors.ts';
import { scheduleOf } from '../training/optimizer-graph.ts';
import type { FlatStep } from './flat-step.ts';
import type { TrainingState } from './snapshot.ts';
import { openStepRunner, type Outputs, type SplitBatch, type StepRunner } from './step-runner.ts';
import type { Feeds } from './training-batches.ts';
import { learningRateAt, type TrainingSchedule } from './training-schedule.ts';

export interface StageOptions {
  readonly step: FlatStep;
  readonly plan: TrainingSchedule;
  readonly emaDecay: number;
  readonly provider: Provider;
  readonly threads?: number;
  /** How the batch is shared out where several threads of the CPU compute it; for losses that are means over it. */
  readonly split?: SplitBatch;
  batch(step: number): Feeds;
  /** Called every `snapshotEveryMs` and at the end. */
  onSnapshot(state: TrainingState): Promise<void>;
  onProgress(progress: StageProgress): void;
  /** Two minutes unless told. */
  readonly snapshotEveryMs?: number;
  /** How long the whole stage may take, runs before this one included; the learning rate then follows the clock. */
  readonly minutes?: number;
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

/** What goes from step to step, by the name that it has in a TrainingState. */
const vectors = ['parameters', 'firstMoment', 'secondMoment', 'average'] as const;
type Vector = (typeof vectors)[number];
type Vectors = Record<Vector, Tensor | DeviceTensor>;

/** average + (1 - decay) (parameters - average). */
function averageGraph(shape: Shape) {
  const g = new GraphBuilder('moving_average');
  const [parameters, average] = [g.input('parameters', 'float32', shape), g.input('average', 'float32', shape)];
  const rest = g.input('rest', 'float32', [1]);
  g.output('next', g.add(average, g.mul(rest, g.sub(parameters, average))));
  return g.graph();
}

function readGraph(shape: Shape) {
  const g = new GraphBuilder('read_state');
  for (const name of vectors) g.output(`read.${name}`, g.input(name, 'float32', shape));
  return g.graph();
}

/** The open sessions of a stage and what they have left on the device. */
class StageSessions {
  readonly #options: StageOptions;
  readonly #held = new HeldTensors();
  readonly #step: StepRunner;
  readonly #average: Session<Tensor | DeviceTensor>;
  #vectors: Vectors;
  readonly #begunAt: number;
  /** Made while the step before it was computed. */
  #next: { readonly step: number; readonly batch: Feeds } | undefined;

  private constructor(
    options: StageOptions, state: TrainingState, step: StepRunner, average: Session<Tensor | DeviceTensor>,
  ) {
    this.#options = options;
    this.#step = step;
    this.#average = average;
    this.#begunAt = state.begunAt;
    const { shape } = options.step.chunk;
    this.#vectors = Object.fromEntries(
      vectors.map((name) => [name, float32Tensor(shape, state[name])])) as unknown as Vectors;
  }

  static async open(options: StageOptions, state: TrainingState): Promise<StageSessions> {
    const { step, split } = options;
    const runner = await openStepRunner(step, options, split);
    const average = await openDeviceSession(averageGraph(step.chunk.shape), options, () => true);
    return new StageSessions(options, state, runner, average);
  }

  /** One step; `rate` is its learning rate. */
  async advance(step: number, rate: number): Promise<{ loss: number; gradientNorm: number }> {
    const { plan, emaDecay, step: { chunk, optimizer } } = this.#options;
    const { average, ...fed } = this.#vectors;
    const updates = step - this.#begunAt + 1;
    const schedule = scheduleOf({ chunks: [chunk], optimizer }, updates, { starter: rate }, plan.clipNorm);
    const own = Object.fromEntries(Object.entries(fed).map(([name, tensor]) => [`${name}.starter`, tensor]));
    const batch = this.#next?.step === step ? this.#next.batch : this.#options.batch(step);
    const running = this.#step.run(batch, { ...own, schedule });
    this.#next = { step: step + 1, batch: this.#options.batch(step + 1) };
    const out = await running;
    // decay grows to emaDecay so that the start is forgotten (Tarvainen and Valpola 2017)
    const decay = Math.min(emaDecay, (2 + step) / (11 + step));
    const parameters = out['next.parameters.starter']!;
    const { next } = await this.#average.run({ parameters, average, rest: float32Tensor([1], [1 - decay]) });
    this.#keep(out, next!);
    return { loss: numberIn(out['loss']!), gradientNorm: numberIn(out['gradientNorm']!) };
  }

  #keep(out: Outputs, average: Tensor | DeviceTensor): void {
    this.#vectors = {
      parameters: out['next.parameters.starter']!, firstMoment: out['next.firstMoment.starter']!,
      secondMoment: out['next.secondMoment.starter']!, average,
    };
    this.#held.hold([...Object.values(out), average]);
    this.#held.releaseAllBut(Object.values(this.#vectors));
  }

  /** Brings the vectors over into `state`. */
  async read(state: TrainingState): Promise<void> {
    let over: Outputs = this.#vectors;
    if (Object.values(over).some(isOnDevice)) {
      const session = await openSession(readGraph(this.#options.step.chunk.shape), this.#options);
      const read = await session.run(this.#vectors);
      over = Object.fromEntries(vectors.map((name) => [name, read[`read.${name}`]!]));
      await session.release();
    }
    for (const name of vectors) state[name] = (over[name] as Tensor).data as Float32Array;
  }

  async release(): Promise<void> {
    this.#held.releaseAllBut([]);
    await this.#step.release();
    await this.#average.release();
  }
}

const numberIn = (tensor: Tensor | DeviceTensor): number => Number((tensor as Tensor).data[0]);

const reportEvery = 25;

/** Reports the steps since the report before, every so often. */
class ProgressReports {
  #at = performance.now();
  #step: number;
  readonly #options: StageOptions;

  constructor(options: StageOptions, firstStep: number) {
    this.#options = options;
    this.#step = firstStep;
  }

  afterStep({ step, losses }: TrainingState, gradientNorm: number): void {
    if (step % reportEvery !== 0) return;
    const count = step - this.#step;
    const now = performance.now();
    this.#options.onProgress({
      step, steps: this.#options.plan.steps, loss: losses.slice(-count).reduce((sum, l) => sum + l, 0) / count,
      gradientNorm, msPerStep: (now - this.#at) / count,
    });
    [this.#at, this.#step] = [now, step];
  }
}

/** Trains from `state` (changed in place) to the plan's last step or the last of its minutes. */
export async function trainStage(state: TrainingState, options: StageOptions): Promise<void> {
  const { plan, signal } = options;
  const budgetMs = options.minutes === undefined ? Infinity : options.minutes * 60_000;
  const isOver = () => state.step >= plan.steps || state.spentMs >= budgetMs || signal?.aborted === true;
  if (isOver()) return;
  let [savedAt, tick] = [performance.now(), performance.now()];
  const sessions = await StageSessions.open(options, state);
  const reports = new ProgressReports(options, state.step);
  try {
    while (!isOver()) {
      const share = Math.max(state.step / plan.steps, state.spentMs / budgetMs);
      const rate = learningRateAt(plan, state.step - state.begunAt, share);
      const { loss, gradientNorm } = await sessions.advance(state.step, rate);
      if (!Number.isFinite(loss)) {
        throw new Error(`The loss became ${loss} at step ${state.step}; lower the learning rate.`);
      }
      state.step++;
      state.losses.push(loss);
      const now = performance.now();
      state.spentMs += now - tick;
      tick = now;
      reports.afterStep(state, gradientNorm);
      if (isOver() || now - savedAt > (options.snapshotEveryMs ?? 120_000)) {
        await sessions.read(state);
        await options.onSnapshot(state);
        savedAt = performance.now();
      }
    }
  } finally {
    await sessions.release();
  }
}
