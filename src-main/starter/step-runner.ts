// How one training step is run: as one session, on a GPU or the CPU, or on the CPU as shares of the batch on threads of
// their own and one update.

import {
  type DeviceTensor, openDeviceSession, openSession, type Provider,
} from '../runtime/session.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { FlatStep } from './flat-step.ts';
import { openParallelGradients } from './parallel-gradients.ts';
import type { Feeds } from './training-batches.ts';

export type Outputs = Record<string, Tensor | DeviceTensor>;

/** A batch in equal shares. */
export interface SplitBatch {
  /** The step of one share: the same with batchSize / workers. */
  readonly share: FlatStep;
  readonly batchSize: number;
  readonly workers: number;
}

export interface StepRunner {
  /** `state`: parameters and moments with the schedule. Gives what trainingStepGraph() gives. */
  run(feeds: Feeds, state: Outputs): Promise<Outputs>;
  release(): Promise<void>;
}

interface Place {
  readonly provider: Provider;
  readonly threads?: number;
}

/** One session; with `split` and the CPU, as many as it says. */
export async function openStepRunner(step: FlatStep, place: Place, split?: SplitBatch): Promise<StepRunner> {
  if (split && split.workers > 1 && place.provider === 'cpu') return await openSplitRunner(step, place, split);
  const session = await openDeviceSession(step.graph(), place, (name) => name.startsWith('next.'));
  return { run: (feeds, state) => session.run({ ...feeds, ...state }), release: () => session.release() };
}

async function openSplitRunner(step: FlatStep, place: Place, split: SplitBatch): Promise<StepRunner> {
  const { share, batchSize, workers } = split;
  if (batchSize % workers !== 0) throw new Error(`A batch of ${batchSize} has no ${workers} equal shares.`);
  const { shape, layout } = step.chunk;
  const gradients = await openParallelGradients(share.gradientGraph(), layout.size, batchSize, workers);
  const update = await openSession(step.updateGraph(), place);
  return {
    async run(feeds, state) {
      const parameters = (state['parameters.starter'] as Tensor).data as Float32Array;
      const { loss, gradient } = await gradients.run(parameters, feeds);
      // ONNX Runtime reads no memory that threads share
      const own = float32Tensor(shape, gradient.slice());
      return { ...await update.run({ ...state, 'gradient.starter': own }), loss: float32Tensor([1], [loss]) };
    },
    async release() {
      await gradients.release();
      await update.release();
    },
  };
}
