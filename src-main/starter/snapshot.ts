// Saved progress of one training stage: everything the next step depends on, in one safetensors file, put in place
// whole.
// Batches are functions of the step, so a run that resumes from here goes on as if it had never stopped.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';

export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Those of them that were done when the moments began: 0, or the steps of the pack that training goes on from. */
  readonly begunAt: number;
  parameters: Float32Array;
  firstMoment: Float32Array;
  secondMoment: Float32Array;
  /** Exponential moving average of the parameters. */
  average: Float32Array;
  /** One loss a step. */
  readonly losses: number[];
  /** Milliseconds of the clock that its steps have taken. */
  spentMs: number;
}

export function newTrainingState(parameters: Float32Array): TrainingState {
  const zeros = () => new Float32Array(parameters.length);
  return {
    step: 0, begunAt: 0, parameters, firstMoment: zeros(), secondMoment: zeros(), average: parameters.slice(),
    losses: [], spentMs: 0,
  };
}

/** The state after as many steps as there are losses, of which only the parameters are known. */
export function adoptedTrainingState(parameters: Float32Array, losses: readonly number[]): TrainingState {
  return { ...newTrainingState(parameters), step: losses.length, begunAt: losses.length, losses: [...losses] };
}

/** Writes the state; an interruption leaves the snapshot before. */
export async function writeSnapshot(file: string, state: TrainingState): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const vector = (values: Float32Array): Tensor => float32Tensor([values.length], values);
  await writeSafetensors(file, new Map<string, Tensor>([
    ['parameters', vector(state.parameters)], ['firstMoment', vector(state.firstMoment)],
    ['secondMoment', vector(state.secondMoment)], ['average', vector(state.average)],
    ['losses', vector(Float32Array.from(state.losses))],
  ]), new Map(Object.entries({
    step: String(state.step), begunAt: String(state.begunAt), spentMs: String(Math.round(state.spentMs)),
  })));
}

/** The state in a snapshot, or undefined where there is none. `size` is the number of parameters expected. */
export async function readSnapshot(file: string, size: number): Promise<TrainingState | undefined> {
  if (!existsSync(file)) return undefined;
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const values = async (name: string) => {
    const reference = tensors.get(name);
    if (!reference) throw new Error(`The snapshot ${file} lacks "${name}"; delete it to start this stage again.`);
    return (await readTensor(reference)).data as Float32Array;
  };
  const parameters = await values('parameters');
  if (parameters.length !== size) {
    throw new Error(`The snapshot ${file} is of another recipe (${parameters.length} parameters); ` +
      'delete it to start again.');
  }
  return {
    step: Number(metadata.get('step')), begunAt: Number(metadata.get('begunAt') ?? 0), parameters,
    firstMoment: await values('firstMoment'),
    secondMoment: await values('secondMoment'), average: await values('average'), losses: [...await values('losses')],
    spentMs: Number(metadata.get('spentMs') ?? 0),
  };
}
