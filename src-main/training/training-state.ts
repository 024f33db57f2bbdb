// The numbers that go from step to step, and how they begin.

import { readTensor } from '../checkpoint/safetensors.ts';
import { uniformNumbers } from '../diffusion/seeded-noise.ts';
import { requiredWeight } from '../models/frozen-scope.ts';
import type { DeviceTensor } from '../runtime/session.ts';
import { type Shape, type Tensor, elementCount } from '../tensor/tensor.ts';
import { toFloat32 } from '../tensor/half.ts';
import { type ParameterChunk, filledChunk, zeroTensor } from './parameter-chunks.ts';
import { type NamedTrainable, type TrainedCheckpoint, weightsOf } from './trainables.ts';

/**
 * Everything that the next step depends on besides its batch. Written to a safetensors file and read back, training
 * goes on bit for bit as if it had never stopped.
 */
export interface TrainingState<Numbers extends Tensor | DeviceTensor = Tensor | DeviceTensor> {
  /** Optimizer steps done. */
  readonly step: number;
  /** Parameters and what the optimizer keeps, float32, by the names of stateShapes(): 'parameters.unet'. */
  readonly tensors: ReadonlyMap<string, Numbers>;
}

/** A state whose numbers have come over from the GPU, or never were there. */
export type ReadTrainingState = TrainingState<Tensor>;

export interface StateDescription {
  readonly checkpoint: TrainedCheckpoint;
  readonly parameters: readonly NamedTrainable[];
  readonly chunks: readonly ParameterChunk[];
  /** Of all tensors of the state, by name. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/**
 * The state before the first step. `start` gives parameters by name and any float dtype; for the rest
 *   LoRA          down is uniform within ±1/sqrt(fan-in) (kaiming_uniform with a = sqrt 5, as sd-scripts starts), up is
 *                 zero, so that the start is the base model (Hu et al. 2021, section 4.1)
 *   whole network the checkpoint's own numbers
 *   new rows      must be given.
 * Throws for names in `start` that do not learn and for shapes that differ; refuses with a UserError a checkpoint that
 * lacks a weight.
 */
export async function initialState(
  description: StateDescription, start: ReadonlyMap<string, Tensor>, seed: number,
): Promise<ReadTrainingState> {
  const { parameters, chunks, shapes } = description;
  const known = new Map(parameters.map((parameter, index) => [parameter.name, { parameter, index }]));
  for (const name of start.keys()) if (!known.has(name)) throw new Error(`${name} does not learn.`);
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of shapes) tensors.set(name, zeroTensor(shape));
  for (const chunk of chunks) {
    tensors.set(`parameters.${chunk.name}`, await filledChunk(chunk, async ({ name }, numbers) => {
      const { parameter, index } = known.get(name)!;
      const given = start.get(name);
      if (given) numbers.set(givenNumbers(parameter, given));
      else await fillFromKind(description.checkpoint, parameter, numbers, seed, index);
    }));
  }
  return { step: 0, tensors };
}

function givenNumbers({ name, shape }: NamedTrainable, given: Tensor): Float32Array {
  if (given.shape.join() !== shape.join()) {
    throw new Error(`${name} starts as [${given.shape.join(', ')}]; it is [${shape.join(', ')}].`);
  }
  return toFloat32(given).data as Float32Array;
}

/** Streams of the seed for initial numbers lie above those that steps and pictures draw from. */
const firstInitialStream = 2 ** 52;

async function fillFromKind(
  checkpoint: TrainedCheckpoint, parameter: NamedTrainable, numbers: Float32Array, seed: number, index: number,
): Promise<void> {
  const { kind, path, name, shape } = parameter;
  if (kind === 'new-rows') throw new Error(`${name} needs numbers to start from.`);
  if (kind === 'full') {
    const source = requiredWeight(weightsOf(checkpoint, parameter.network), path, shape);
    numbers.set(toFloat32(await readTensor(source)).data as Float32Array);
  } else if (path.endsWith('lora_down.weight')) {
    const bound = 1 / Math.sqrt(elementCount(shape.slice(1)));
    const random = uniformNumbers(seed, firstInitialStream + index, numbers.length);
    for (let i = 0; i < numbers.length; i++) numbers[i] = bound * (2 * random[i]! - 1);
  }
}
