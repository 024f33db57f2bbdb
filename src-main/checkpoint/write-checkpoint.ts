// Writes a base model as one safetensors file in the original naming, which ComfyUI, A1111 and diffusers detect by its
// tensors alone. Tensor by tensor: a file of 7 GB takes a few megabytes of memory. Whole, or not at all.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import { toFloat32 } from '../tensor/half.ts';
import { float32Tensor, int64Tensor, type Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { Checkpoint } from './checkpoint.ts';
import { quote } from './file-errors.ts';
import { modelSpec } from './model-spec.ts';
import { originalClip, originalOpenClip, type OriginalTensor, originalUnet, originalVae } from './original-names.ts';
import { writeSafetensors } from './safetensors-writer.ts';
import { sourceExtras } from './source-extras.ts';
import {
  blocksOf, converted, type FloatDType, isFloat, meanRowsStream, stacked, transposedStream, type WritableTable,
  type WritableTensor,
} from './streamed-tensor.ts';

export interface CheckpointChanges {
  /** Weights that take the place of the checkpoint's own, by diffusers' names; the others stay. */
  readonly unet?: WritableTable;
  /** The same for each text encoder. */
  readonly textEncoders?: readonly (WritableTable | undefined)[];
  /** Of UNet and text encoders; float16 unless told. The VAE keeps the type it has. */
  readonly dtype?: FloatDType;
  /**
   * For a model with a vocabulary of its own: for each row of the file's token table the rows of the model's whose mean
   * it is. Of the first text encoder.
   */
  readonly tokenRows?: readonly (readonly number[])[];
  readonly resolutionPx?: number;
  readonly title?: string;
  readonly triggerPhrase?: string;
  /** Further pairs for the file's metadata. */
  readonly metadata?: ReadonlyMap<string, string>;
}

const unetPrefix = 'model.diffusion_model.';
const vaePrefix = 'first_stage_model.';
const textPrefixes = {
  sd15: ['cond_stage_model.transformer.'],
  sd2: ['cond_stage_model.model.'],
  sdxl: ['conditioner.embedders.0.transformer.', 'conditioner.embedders.1.model.'],
} as const;

/**
 * Writes the checkpoint with the given changes to a single file. What has no place in Transformers' text encoders (the
 * logit scale; SD 2's last layer, which nothing reads) is copied from the checkpoint's own file where it has one.
 * Refuses with a UserError: changed weights that are not finite or too large for the type, a full disk, a folder that
 * cannot be written to.
 */
export async function writeCheckpoint(
  file: string, checkpoint: Checkpoint, changes: CheckpointChanges = {},
): Promise<void> {
  const { unetConfig, schedulerConfig, architecture } = checkpoint;
  const { resolutionPx = nativeResolution(checkpoint), title, triggerPhrase, metadata = [] } = changes;
  const tensors = await checkpointTensors(file, checkpoint, changes);
  if (architecture === 'sdxl' && schedulerConfig.predictionType === 'v_prediction') {
    // by these ComfyUI and A1111 know that an SDXL predicts v, and that its schedule ends in pure noise
    tensors.set('v_pred', float32Tensor([0], []));
    if (schedulerConfig.rescaleBetasZeroSnr) tensors.set('ztsnr', float32Tensor([0], []));
  }
  const description = {
    unetConfig, schedulerConfig, resolutionPx, ...(title ? { title } : {}), ...(triggerPhrase ? { triggerPhrase } : {}),
  };
  await writeSafetensors(file, tensors, new Map([...modelSpec('checkpoint', description), ...metadata]));
}

function nativeResolution({ unetConfig, vaeConfig }: Checkpoint): number {
  return unetConfig.sampleSize * 2 ** (vaeConfig.blockOutChannels.length - 1);
}

/** All tensors of the file by their original names. */
async function checkpointTensors(
  file: string, checkpoint: Checkpoint, changes: CheckpointChanges,
): Promise<Map<string, WritableTensor>> {
  const { dtype = 'float16' } = changes;
  const unet = changed(checkpoint.unet, changes.unet);
  const tensors = new Map([
    ...network(file, unetPrefix, originalUnet(unet.keys()), unet, dtype),
    ...network(file, vaePrefix, originalVae(checkpoint.vae.keys()), checkpoint.vae, undefined),
  ]);
  for (const [index, prefix] of textPrefixes[checkpoint.architecture].entries()) {
    const { weights, config } = checkpoint.textEncoders[index]!;
    const own = changed(weights, changes.textEncoders?.[index]);
    const table = index === 0 ? withTokenRows(own, changes.tokenRows) : own;
    const isOpenClip = prefix.endsWith('.model.');
    const recipe = isOpenClip ? originalOpenClip(table.keys()) : originalClip(table.keys());
    for (const [name, tensor] of network(file, prefix, recipe, table, dtype)) tensors.set(name, tensor);
    if (!isOpenClip) {
      const count = config.maxPositionEmbeddings;
      const ids = int64Tensor([1, count], Array.from({ length: count }, (_, position) => position));
      tensors.set(`${prefix}text_model.embeddings.position_ids`, ids);
      continue;
    }
    for (const [name, tensor] of await sourceExtras(checkpoint, index)) {
      if (!tensors.has(prefix + name)) tensors.set(prefix + name, converted(tensor, dtype));
    }
    if (checkpoint.architecture === 'sd2') completeLastLayer(tensors, prefix, config.numHiddenLayers);
  }
  return tensors;
}

function changed(weights: WeightTable, changes: WritableTable | undefined): WritableTable {
  if (!changes) return weights;
  for (const [name, { shape }] of changes) {
    if (weights.get(name)?.shape.join() !== shape.join()) throw new Error(`The checkpoint has no such ${name}.`);
  }
  return new Map<string, WritableTensor>([...weights, ...changes]);
}

const tokenTable = 'text_model.embeddings.token_embedding.weight';

function withTokenRows(weights: WritableTable, tokenRows: CheckpointChanges['tokenRows']): WritableTable {
  const table = weights.get(tokenTable);
  return tokenRows && table ? new Map([...weights, [tokenTable, meanRowsStream(table, tokenRows)]]) : weights;
}

function network(
  file: string, prefix: string, recipe: readonly OriginalTensor[], table: WritableTable, dtype: FloatDType | undefined,
): [string, WritableTensor][] {
  return recipe.map(({ name, from, relaid }) => {
    const sources = from.map((part): WritableTensor => {
      const source = table.get(part);
      if (!source) throw new Error(`${part} is missing in the checkpoint.`);
      return checked(file, part, source, dtype);
    });
    const whole = stacked(sources);
    if (relaid === 'transposed') return [prefix + name, transposedStream(whole)];
    return [prefix + name, relaid === 'pointwise' ? { ...whole, shape: [...whole.shape.slice(0, 2), 1, 1] } : whole];
  });
}

/**
 * SD 2's original encoder has a layer more than is ever run. Where no file gives it, the last one stands there twice,
 * as sd-scripts writes it, so that every reader finds the number of layers it counts on.
 */
function completeLastLayer(tensors: Map<string, WritableTensor>, prefix: string, layers: number): void {
  const block = (layer: number): string => `${prefix}transformer.resblocks.${layer}.`;
  if ([...tensors.keys()].some((name) => name.startsWith(block(layers)))) return;
  for (const [name, tensor] of [...tensors]) {
    const last = block(layers - 1);
    if (name.startsWith(last)) tensors.set(block(layers) + name.slice(last.length), tensor);
  }
}

/** Converts to `dtype`; numbers that are not simply copied are looked at on their way into the file. */
function checked(file: string, name: string, source: WritableTensor, dtype: FloatDType | undefined): WritableTensor {
  const target = dtype ? converted(source, dtype) : source;
  if ('file' in target || !isFloat(target.dtype)) return target;
  return {
    dtype: target.dtype, shape: target.shape,
    async *blocks() {
      for await (const block of blocksOf(target)) {
        if (!isFiniteBlock(block)) throw notFinite(file, name, target.dtype);
        yield block;
      }
    },
  };
}

function isFiniteBlock({ dtype, data, shape }: Tensor): boolean {
  if (dtype === 'float16') return (data as Uint16Array).every((bits) => (bits & 0x7c00) !== 0x7c00);
  if (dtype === 'bfloat16') return (data as Uint16Array).every((bits) => (bits & 0x7f80) !== 0x7f80);
  return (toFloat32({ dtype, data, shape }).data as Float32Array).every(Number.isFinite);
}

function notFinite(file: string, name: string, dtype: string): UserError {
  return new UserError('checkpoint.not-finite', {
    what: `${quote(file)} cannot be written: ${name} holds numbers that are none, or too large for ${dtype}.`,
    safe: 'No file was written, and an earlier file of that name is unchanged.',
    todo: 'Write it as float32; if that fails too, the training went astray: teach again with a lower learning rate.',
  }, { file: path.basename(file), name, dtype });
}
