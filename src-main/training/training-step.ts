// One step of learning on a checkpoint: keeps a session for each shape of batch and feeds it state and batch.
// A step changes nothing of what it is given: the state goes in, another comes out.

import type { Graph } from '../compiler/1-build/graph.ts';
import { type Provider, openSession } from '../runtime/session.ts';
import { type Shape, type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { KeptSessions } from './kept-sessions.ts';
import type { OptimizerSettings } from './optimizer.ts';
import {
  type TrainingStepDescription, gradientGraph, lossGraph, scheduleOf, stateShapes, trainingStepGraph, updateGraph,
} from './optimizer-graph.ts';
import { type ParameterChunk, chunksOf } from './parameter-chunks.ts';
import { buildStepLoss } from './step-graph.ts';
import {
  type NamedTrainable, type ParameterGroup, type TrainedCheckpoint, type Trainables, trainableParameters,
} from './trainables.ts';
import { type TrainingBatch, batchFeeds } from './training-batch.ts';
import { type TrainingState, initialState } from './training-state.ts';

export interface TrainingStepOptions {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly optimizer: OptimizerSettings;
  readonly provider: Provider;
  readonly threads?: number;
  readonly favour?: 'speed' | 'memory';
  /** Layers left out at the end of each text encoder ("clip skip" minus one); 0 unless told. */
  readonly skipLayers?: number;
  /** 'blocks': compute activations again in the backward pass; less memory, more time, the same numbers. */
  readonly recompute?: 'none' | 'blocks';
  /** Results carry the gradients: for tests. */
  readonly reportGradients?: boolean;
}

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
   * The state after the step. Keep it only if every loss and the gradient norm are finite: a step that met an infinity
   * or no number has poisoned it, and the state before is still good.
   */
  readonly state: TrainingState;
  /** One a micro-batch, not divided by their number. */
  readonly losses: readonly number[];
  readonly sampleLosses: readonly (readonly number[])[];
  /** Before clipping; of the mean gradient of the micro-batches. */
  readonly gradientNorm: number;
  /** By chunk name, before clipping; with reportGradients. */
  readonly gradients?: ReadonlyMap<string, Tensor>;
}

export interface TrainingLayout {
  /** Every parameter that learns. */
  readonly parameters: readonly NamedTrainable[];
  /** Where their numbers lie. */
  readonly chunks: readonly ParameterChunk[];
}

export interface TrainingStep {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly layout: TrainingLayout;
  /** See initialState() in training-state.ts. `start` gives parameters by name. */
  initialState(start?: ReadonlyMap<string, Tensor>, seed?: number): Promise<TrainingState>;
  /** Throws when a tensor of a state is missing or misshapen: it was saved by a step that learns something else. */
  checkState(state: TrainingState): void;
  /** One optimizer step on the mean gradient of the micro-batches. */
  run(state: TrainingState, batches: readonly TrainingBatch[], rates: StepRates): Promise<StepResult>;
  /** Losses alone; nothing learns. */
  evaluate(state: TrainingState, batch: TrainingBatch): Promise<BatchLoss>;
  release(): Promise<void>;
}

/** Opens no session yet: each is opened when a batch of its shape comes first, which takes a while. */
export function openTrainingStep(options: TrainingStepOptions): TrainingStep {
  return new SessionTrainingStep(options);
}

/** Sessions hold their buffers where speed is favoured. */
const keptSessions = { speed: 3, memory: 8 } as const;

/** The graph of a whole step for batches of this one's shape: for looking at and measuring. */
export function graphOfStep(options: TrainingStepOptions, batch: TrainingBatch): Graph {
  return trainingStepGraph(stepDescription(options, layoutOf(options), batchFeeds(batch)));
}

type Tensors = Readonly<Record<string, Tensor>>;

function layoutOf({ checkpoint, trainables, skipLayers }: TrainingStepOptions): TrainingLayout {
  const parameters = trainableParameters(checkpoint, trainables, skipLayers);
  return { parameters, chunks: chunksOf(parameters) };
}

function stepDescription(
  options: TrainingStepOptions, { parameters, chunks }: TrainingLayout, batch: Tensors,
): TrainingStepDescription {
  const { checkpoint, trainables, skipLayers, optimizer, recompute, reportGradients } = options;
  const learned = new Set(parameters.map(({ name }) => name));
  return {
    name: 'training-step', chunks, optimizer, recompute, reportGradients,
    build: (g, parameter) => buildStepLoss(g, { checkpoint, trainables, learned, skipLayers }, batch, parameter),
  };
}

class SessionTrainingStep implements TrainingStep {
  readonly checkpoint: TrainedCheckpoint;
  readonly trainables: Trainables;
  readonly layout: TrainingLayout;
  readonly #options: TrainingStepOptions;
  readonly #shapes: ReadonlyMap<string, Shape>;
  readonly #sessions: KeptSessions;

  constructor(options: TrainingStepOptions) {
    this.checkpoint = options.checkpoint;
    this.trainables = options.trainables;
    this.layout = layoutOf(options);
    this.#options = options;
    this.#shapes = stateShapes(this.#optimized());
    this.#sessions = new KeptSessions(keptSessions[options.favour ?? 'speed']);
  }

  initialState(start: ReadonlyMap<string, Tensor> = new Map(), seed = 0): Promise<TrainingState> {
    return initialState({ checkpoint: this.checkpoint, ...this.layout, shapes: this.#shapes }, start, seed);
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
    const schedule = scheduleOf(
      this.#optimized(), state.step + 1, rates.learningRates as Record<string, number>, rates.maxGradientNorm);
    const fed = this.#fed(state);
    if (others.length === 0) {
      const feeds = batchFeeds(first);
      const out = await this.#run('step', trainingStepGraph, feeds, { ...fed, schedule });
      return this.#result(state, out, [batchLoss(out)], out);
    }
    const { losses, gradients } = await this.#accumulate(fed, batches);
    const out = await this.#run('update', updateGraph, {}, { ...fed, ...gradients, schedule });
    return this.#result(state, out, losses, gradients);
  }

  async evaluate(state: TrainingState, batch: TrainingBatch): Promise<BatchLoss> {
    const parameters = renamed(this.#fed(state), 'parameters.', 'parameters.');
    return batchLoss(await this.#run('loss', lossGraph, batchFeeds(batch), parameters));
  }

  release(): Promise<void> {
    return this.#sessions.release();
  }

  /** The mean gradient of all batches, 'gradient.' before each chunk's name. */
  async #accumulate(
    fed: Tensors, batches: readonly TrainingBatch[],
  ): Promise<{ losses: BatchLoss[]; gradients: Tensors }> {
    const parameters = renamed(fed, 'parameters.', 'parameters.');
    const losses: BatchLoss[] = [];
    // the first batch adds to nothing: whatever is fed as accumulated is multiplied by zero
    let accumulated = renamed(fed, 'parameters.', 'accumulated.');
    for (const batch of batches) {
      const accumulation = float32Tensor([2], [losses.length === 0 ? 0 : 1, 1 / batches.length]);
      const out = await this.#run(
        'gradient', gradientGraph, batchFeeds(batch), { ...parameters, ...accumulated, accumulation });
      losses.push(batchLoss(out));
      accumulated = renamed(out, 'gradient.', 'accumulated.');
    }
    return { losses, gradients: renamed(accumulated, 'accumulated.', 'gradient.') };
  }

  async #run(
    kind: string, graphOf: (description: TrainingStepDescription) => Graph, batch: Tensors, others: Tensors,
  ): Promise<Tensors> {
    const shapes = Object.entries(batch).map(([name, { shape }]) => `${name} ${shape.join('x')}`);
    const session = await this.#sessions.get(`${kind}: ${shapes.join(', ')}`, () => (
      openSession(graphOf(stepDescription(this.#options, this.layout, batch)), this.#options)));
    return session.run({ ...others, ...batch });
  }

  #optimized(): Pick<TrainingStepDescription, 'chunks' | 'optimizer'> {
    return { chunks: this.layout.chunks, optimizer: this.#options.optimizer };
  }

  /** The tensors of a state that a step reads. */
  #fed(state: TrainingState): Tensors {
    this.checkState(state);
    return Object.fromEntries([...this.#shapes.keys()].map((name) => [name, state.tensors.get(name)!]));
  }

  #result(state: TrainingState, out: Tensors, losses: readonly BatchLoss[], gradients: Tensors): StepResult {
    const tensors = new Map([...this.#shapes.keys()].map((name) => [name, out[`next.${name}`]!]));
    return {
      state: { step: state.step + 1, tensors },
      losses: losses.map(({ loss }) => loss), sampleLosses: losses.map(({ sampleLosses }) => sampleLosses),
      gradientNorm: Number(out['gradientNorm']!.data[0]),
      ...(this.#options.reportGradients
        ? { gradients: new Map(Object.entries(renamed(gradients, 'gradient.', ''))) } : {}),
    };
  }
}

/** The tensors whose names begin with `from`, with `to` in its place. */
function renamed(tensors: Tensors, from: string, to: string): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(from));
  return Object.fromEntries(own.map(([name, tensor]) => [to + name.slice(from.length), tensor]));
}

function batchLoss(out: Tensors): BatchLoss {
  return { loss: Number(out['loss']!.data[0]), sampleLosses: Array.from(out['sampleLosses']!.data as Float32Array) };
}
