// Where learning starts from: a look that was taught before, rows of a word that the model knows, or the usual.

import type { LoraLayer } from '../adapter/lora-layers.ts';
import { readEmbedding } from '../adapter/read-embedding.ts';
import { readLora } from '../adapter/read-lora.ts';
import type { LearnedEmbedding } from '../adapter/learned-embedding.ts';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { readTensor } from '../checkpoint/safetensors.ts';
import type { TeachRequest } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import { downName, upName } from '../networks/lora-graph.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { toFloat32 } from '../tensor/half.ts';
import { rowsOfTokens, startOfRows } from '../training/starting-rows.ts';
import type { NamedTrainable } from '../training/trainables.ts';
import { newRowsPath, prefixOf, textEncoderName, weightsOf } from '../training/trainables.ts';
import type { TrainingStep } from '../training/training-step.ts';
import type { ReadTrainingState } from '../training/training-state.ts';
import { type LoadedPack, configsOf } from './loaded-pack.ts';

type Numbers = Map<string, Tensor>;

/**
 * The state before the first step, the new word's rows being those of tokens. Throws what the readers of looks throw,
 * and training.other-look.
 */
export async function startingState(
  request: TeachRequest, pack: LoadedPack, step: TrainingStep, wordIds: readonly number[],
): Promise<ReadTrainingState> {
  const rows = await wordRows(pack, step, wordIds);
  const before = request.warmStartFile === null ? [] : await earlierLook(request, pack, step);
  return await step.initialState(new Map([...rows, ...before]), request.settings.seed);
}

async function wordRows(
  { checkpoint: { textEncoders } }: LoadedPack, { trainables: { newTokens } }: TrainingStep, ids: readonly number[],
): Promise<Numbers> {
  if (!newTokens) return new Map();
  return startOfRows(await rowsOfTokens(textEncoders, textEncoders.map(() => ids), newTokens.count));
}

async function earlierLook(
  { method, warmStartFile }: TeachRequest, pack: LoadedPack, step: TrainingStep,
): Promise<Numbers> {
  const { checkpoint } = pack;
  const file = warmStartFile!;
  switch (method) {
    case 'lora': {
      const { layers, embeddings } = await readLora(file, checkpoint);
      return new Map([...fromLayers(layers, step), ...fromRows(embeddings[0], step)]);
    }
    case 'textual-inversion': return fromRows(await readEmbedding(file, checkpoint), step);
    case 'dreambooth': {
      const look = await openCheckpoint(file, { configs: configsOf(checkpoint) });
      const numbers: Numbers = new Map();
      for (const { name, network, path } of step.layout.parameters) {
        numbers.set(name, await readTensor(weightsOf(look, network).get(path)!));
      }
      return numbers;
    }
  }
}

/** The matrices of an earlier LoRA of this rank, at the alpha of this run: the same share of each layer. */
function fromLayers(layers: readonly LoraLayer[], step: TrainingStep): Numbers {
  const numbers: Numbers = new Map();
  const byName = new Map(step.layout.parameters.map((parameter) => [parameter.name, parameter]));
  const modules = [step.trainables.unet, ...step.trainables.textEncoders ?? []]
    .flatMap((each) => (each?.kind === 'lora' ? each.modules : []));
  const scaleOf = new Map(modules.map(({ path, loraAlpha, rank }) => [path, loraAlpha / rank]));
  for (const { network, modulePath, rank, loraAlpha, down, up } of layers) {
    const [downParameter, upParameter] = [downName(modulePath), upName(modulePath)]
      .map((path) => byName.get(prefixOf(network) + path));
    if (!downParameter || !upParameter) continue;
    const scale = (loraAlpha / rank) / scaleOf.get(modulePath)!;
    if (rank !== downParameter.shape[0]!) throw otherLook(`its rank is ${rank}`);
    numbers.set(downParameter.name, toFloat32(down));
    numbers.set(upParameter.name, scaled(upParameter, up, scale));
  }
  if (numbers.size === 0 && layers.length > 0) throw otherLook('it changes other layers');
  return numbers;
}

function scaled({ shape }: NamedTrainable, up: Tensor, scale: number): Tensor {
  return float32Tensor(shape, (toFloat32(up).data as Float32Array).map((value) => value * scale));
}

function fromRows(embedding: LearnedEmbedding | undefined, step: TrainingStep): Numbers {
  const numbers: Numbers = new Map();
  for (const [index, rows] of (embedding?.rows ?? []).entries()) {
    const name = prefixOf(textEncoderName(index)) + newRowsPath;
    const parameter = step.layout.parameters.find((each) => each.name === name);
    if (!parameter) continue;
    if (parameter.shape.join() !== rows.shape.join()) throw otherLook(`its word has ${rows.shape[0]} rows`);
    numbers.set(name, toFloat32(rows));
  }
  return numbers;
}

function otherLook(reason: string): UserError {
  return new UserError('training.other-look', {
    what: `This run cannot start from that look: ${reason}.`,
    safe: 'Nothing was taught, and the look is unchanged.',
    todo: 'Teach with the settings that the look was taught with, or start without it.',
  }, { reason });
}
