// One step of learning on a checkpoint: keeps a session for each shape of batch and feeds it state and batch.
// A step changes nothing of what it is given: the state goes in, another comes out. On WebGPU the state's numbers stay
// on the GPU from step to step, whole networks among them.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { checkPromptIds } from '../networks/text-states.ts';
import { KeptSessions } from '../runtime/kept-sessions.ts';
import { precisionOptions } from '../networks/precision.ts';
import { type DeviceTensor, type Session, isOnDevice, openDeviceSession, openSession } from '../runtime/session.ts';
import { type Shape, type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { HeldTensors } from './held-tensors.ts';
import {
  type LossScale, type StepOutcome, lossScaleIn, lossScaleName, lossScaleTensor, nextLossScale,
} from './loss-scale.ts';
import {
  type TrainingStepDescription, gradientGraph, lossGraph, scheduleOf, stateShapes, trainingStepGraph, updateGraph,
} from './optimizer-graph.ts';
import { type TrainingLayout, type TrainingStepOptions, layoutOf, stepDescription } from './step-description.ts';
import type { ParameterGroup, TrainedCheckpoint, Trainables } from './trainables.ts';
import { type TrainingBatch, batchFeeds } from './training-batch.ts';
import { type ReadTrainingState, type TrainingState, initialState } from './training-state.ts';

export interface StepRates {
  /** One for every group that learns. */
  readonly learningRates: Readonly<Partial<Record<ParameterGroup, number>>>;
  /** Gradients longer than this, all groups together, are shortened to it; absent: they are not. */
  readonly maxGradientNorm?: number;
}

export interface BatchLoss {
  /** Σ weight · sample loss. */
  readonly loss: number;
  /** mean(mask · (prediction − target)²) of each sample, without its weight. */
  readonly sampleLosses: readonly number[];
}

export interface StepResult {
  /**
   * The state after the step. In float32 keep it only if every loss and the gradient norm are finite: a step that met
   * an infinity or no number has poisoned it, and the state before is still good.
   */
  readonly state: TrainingState;
  /**
   * Float16 alone: the gradient or a loss was no number, so that nothing was learned; so many steps in a row by now.
   * 0: it was learned from.
   */
  readonly skippedInARow: number;
  /** One a micro-batch, not divided by their number. */
  readonly losses: readonly number[];
  readonly sampleLosses: readonly (readonly number[])[];
  /** Before clipping; of the mean gradient of the micro-batches. */
  readonly gradientNorm: number;
  /** By chunk name, before clipping; with reportGradients. */
  readonly gradients?: ReadonlyMap<string, Tensor>;
}

export interface TrainingStep {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly layout: TrainingLayout;
  /** See initialState() in training-state.ts. `start` gives parameters by name. */
  initialState(start?: ReadonlyMap<string, Tensor>, seed?: number): Promise<ReadTrainingState>;
  /** Throws when a tensor of a state is missing or misshapen: it was saved by a step that learns something else. */
  checkState(state: TrainingState): void;
  /**
   * One optimizer step on the mean gradient of the micro-batches. Where numbers stay on the GPU, those of every state
   * but the one that it is given are freed: an older or a discarded state cannot be run or read any more.
   */
  run(state: TrainingState, batches: readonly TrainingBatch[], rates: StepRates): Promise<StepResult>;
  /** Losses alone; nothing learns. */
  evaluate(state: TrainingState, batch: TrainingBatch): Promise<BatchLoss>;
  /** The same state with its numbers on this side: for saving, and for what learned.ts makes of them. */
  read(state: TrainingState): Promise<ReadTrainingState>;
  /** With isSequential: gives the memory of its session to others until it runs again; states stay good. */
  makeRoom(): Promise<void>;
  release(): Promise<void>;
}

/** Opens no session yet: each is opened when a batch of its shape comes first, which takes a while. */
export function openTrainingStep(options: TrainingStepOptions): TrainingStep {
  return new SessionTrainingStep(options);
}

/** Sessions hold their buffers where speed is favoured. */
const keptSessions = { speed: 3, memory: 8 } as const;

type Tensors = Readonly<Record<string, Tensor | DeviceTensor>>;

class SessionTrainingStep implements TrainingStep {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly layout: TrainingLayout;
  readonly #options: TrainingStepOptions;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #sessions: KeptSessions<Session<Tensor | DeviceTensor>>;
  readonly #held = new HeldTensors();

  constructor(options: TrainingStepOptions) {
    this.checkpoint = options.checkpoint;
    this.trainables = options.trainables;
    this.layout = layoutOf(options);
    this.#options = options;
    this.#shapes = stateShapes(this.#optimized());
    this.#sessions = new KeptSessions(options.isSequential ? 1 : keptSessions[options.favour ?? 'speed']);
  }

  async initialState(start: ReadonlyMap<string, Tensor> = new Map(), seed = 0): Promise<ReadTrainingState> {
    const description = { checkpoint: this.checkpoint, ...this.layout, shapes: this.#shapes };
    const { step, tensors } = await initialState(description, start, seed);
    return { step, tensors: withLossScale(tensors, this.#lossScaleOf({ step, tensors })) };
  }

  checkState({ tensors }: TrainingState): void {
    for (const [name, shape] of this.#shapes) {
      const found = tensors.get(name)?.shape;
      if (found?.join() === shape.join()) continue;
      const words = found ? `is [${found.join(', ')}], not [${shape.join(', ')}]` : 'is missing';
      throw new Error(`The training state is of another run: ${name} ${words}.`);
    }
  }

  async run(state: TrainingState, batches: readonly TrainingBatch[], rates: StepRates): Promise<StepResult> {
    const [first, ...others] = batches;
    if (!first) throw new Error('A step needs a batch.');
    const lossScale = this.#lossScaleOf(state);
    const taken = state.step - (lossScale?.skippedSteps ?? 0);
    const schedule = scheduleOf(
      this.#optimized(), taken + 1, rates.learningRates as Record<string, number>, rates.maxGradientNorm);
    const fed = this.#fed(state);
    const scale = scaleFeed(lossScale);
    this.#held.releaseAllBut(Object.values(fed));
    if (others.length === 0) {
      const feeds = this.#feedsOf(first);
      const out = await this.#run('step', trainingStepGraph, feeds, { ...fed, ...scale, schedule });
      return this.#result(state, out, [batchLoss(out)], out);
    }
    const { losses, gradients } = await this.#accumulate(fed, scale, batches);
    const out = await this.#run('update', updateGraph, {}, { ...fed, ...gradients, schedule });
    return this.#result(state, out, losses, gradients);
  }

  async evaluate(state: TrainingState, batch: TrainingBatch): Promise<BatchLoss> {
    const parameters = renamed(this.#fed(state), 'parameters.', 'parameters.');
    return batchLoss(await this.#run('loss', lossGraph, this.#feedsOf(batch), parameters));
  }

  async read(state: TrainingState): Promise<ReadTrainingState> {
    const fed = this.#fed(state);
    const stays = Object.entries(fed).filter(([, tensor]) => isOnDevice(tensor));
    const over = stays.length === 0 ? {} : await this.#readFromDevice(Object.fromEntries(stays));
    return {
      step: state.step,
      tensors: withLossScale(
        new Map(Object.entries(fed).map(([name, tensor]) => [name, over[`read.${name}`] ?? tensor as Tensor])),
        this.#lossScaleOf(state)),
    };
  }

  async makeRoom(): Promise<void> {
    if (this.#options.isSequential) await this.#sessions.release();
  }

  async release(): Promise<void> {
    this.#held.releaseAllBut([]);
    await this.#sessions.release();
  }

  async #readFromDevice(tensors: Tensors): Promise<Record<string, Tensor>> {
    const g = new GraphBuilder('read-state');
    for (const [name, { shape }] of Object.entries(tensors)) g.output(`read.${name}`, g.input(name, 'float32', shape));
    const session = await openSession(g.graph(), this.#options);
    try {
      return await session.run(tensors);
    } finally {
      await session.release();
    }
  }

  /** The mean gradient of all batches, 'gradient.' before each chunk's name. */
  async #accumulate(
    fed: Tensors, scale: Tensors, batches: readonly TrainingBatch[],
  ): Promise<{ losses: BatchLoss[]; gradients: Tensors }> {
    const parameters = renamed(fed, 'parameters.', 'parameters.');
    const losses: BatchLoss[] = [];
    const kept = Object.values(fed);
    // the first batch adds to nothing: whatever is fed as accumulated is multiplied by zero
    let accumulated = renamed(fed, 'parameters.', 'accumulated.');
    for (const batch of batches) {
      const accumulation = float32Tensor([2], [losses.length === 0 ? 0 : 1, 1 / batches.length]);
      const out = await this.#run(
        'gradient', gradientGraph, this.#feedsOf(batch), { ...parameters, ...accumulated, ...scale, accumulation });
      losses.push(batchLoss(out));
      accumulated = renamed(out, 'gradient.', 'accumulated.');
      this.#held.releaseAllBut([...kept, ...Object.values(accumulated)]);
    }
    return { losses, gradients: renamed(accumulated, 'accumulated.', 'gradient.') };
  }

  /** Some GPUs read nonsense at an id that is not there, and say nothing. */
  #feedsOf(batch: TrainingBatch): Record<string, Tensor> {
    const prompts = 'inputIds' in batch.text ? batch.text.inputIds : [];
    for (const prompt of prompts) checkPromptIds(this.checkpoint, prompt, this.trainables.newTokens?.count ?? 0);
    return batchFeeds(batch);
  }

  async #run(
    kind: string, graphOf: (description: TrainingStepDescription) => Graph, batch: Readonly<Record<string, Tensor>>,
    others: Tensors,
  ): Promise<Tensors> {
    const shapes = Object.entries(batch).map(([name, { shape }]) => `${name} ${shape.join('x')}`);
    const { reportGradients, precision } = this.#options;
    const simplify = precisionOptions(this.checkpoint, precision);
    const session = await this.#sessions.get(`${kind}: ${shapes.join(', ')}`, () => openDeviceSession(
      graphOf(stepDescription(this.#options, this.layout, batch)), { ...this.#options, simplify },
      (output) => output.startsWith('next.') || (!reportGradients && output.startsWith('gradient.'))));
    const out = await session.run({ ...others, ...batch });
    this.#held.hold(Object.values(out));
    return out;
  }

  #optimized(): Pick<TrainingStepDescription, 'chunks' | 'optimizer'> {
    return { chunks: this.layout.chunks, optimizer: this.#options.optimizer };
  }

  /** The tensors of a state that a step reads. */
  #fed(state: TrainingState): Tensors {
    this.checkState(state);
    return Object.fromEntries([...this.#shapes.keys()].map((name) => [name, state.tensors.get(name)!]));
  }

  /** Undefined in float32. */
  #lossScaleOf({ tensors }: TrainingState): LossScale | undefined {
    return this.#options.precision === 'float16' ? lossScaleIn(tensors.get(lossScaleName) as Tensor) : undefined;
  }

  #result(state: TrainingState, out: Tensors, losses: readonly BatchLoss[], gradients: Tensors): StepResult {
    const gradientNorm = numberIn(out['gradientNorm']!);
    const before = this.#lossScaleOf(state);
    const outcome = outcomeOf(losses, gradientNorm);
    const isSkipped = before !== undefined && outcome !== 'good';
    const lossScale = before && nextLossScale(before, outcome);
    const tensors = withLossScale(new Map([...this.#shapes.keys()].map((name) => (
      [name, isSkipped ? state.tensors.get(name)! : out[`next.${name}`]!]))), lossScale);
    this.#held.releaseAllBut([...state.tensors.values(), ...tensors.values()]);
    return {
      state: { step: state.step + 1, tensors }, skippedInARow: lossScale?.skippedInARow ?? 0,
      losses: losses.map(({ loss }) => loss), sampleLosses: losses.map(({ sampleLosses }) => sampleLosses),
      gradientNorm,
      ...(this.#options.reportGradients
        ? { gradients: new Map(Object.entries(renamed(gradients, 'gradient.', '') as Record<string, Tensor>)) } : {}),
    };
  }
}

function outcomeOf(losses: readonly BatchLoss[], gradientNorm: number): StepOutcome {
  if (!losses.every(({ loss }) => Number.isFinite(loss))) return 'no-loss';
  return Number.isFinite(gradientNorm) ? 'good' : 'overflow';
}

function withLossScale<Numbers extends Tensor | DeviceTensor>(
  tensors: ReadonlyMap<string, Numbers>, lossScale: LossScale | undefined,
): ReadonlyMap<string, Numbers | Tensor> {
  if (!lossScale) return tensors;
  return new Map<string, Numbers | Tensor>(tensors).set(lossScaleName, lossScaleTensor(lossScale));
}

function scaleFeed(lossScale: LossScale | undefined): Tensors {
  return lossScale ? { lossScale: float32Tensor([1], [lossScale.scale]) } : {};
}

/** The tensors whose names begin with `from`, with `to` in its place. */
function renamed(tensors: Tensors, from: string, to: string): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(from));
  return Object.fromEntries(own.map(([name, tensor]) => [to + name.slice(from.length), tensor]));
}

function batchLoss(out: Tensors): BatchLoss {
  const sampleLosses = Array.from((out['sampleLosses'] as Tensor).data as Float32Array);
  return { loss: numberIn(out['loss']!), sampleLosses };
}

function numberIn(tensor: Tensor | DeviceTensor): number {
  return Number((tensor as Tensor).data[0]);
}
