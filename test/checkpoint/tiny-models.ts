// Base models of SD 1, SD 2 and SDXL, 64 channels wide, with every block that the real ones have and random numbers: as
// tables, as the tensors of a single file in the original naming, and as a diffusers folder.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Architecture } from '../../src-main/checkpoint/architecture.ts';
import {
  parseTextEncoderConfig, parseUnetConfig, parseVaeConfig, type TextEncoderConfig, type UnetConfig, type VaeConfig,
} from '../../src-main/checkpoint/configs.ts';
import {
  originalClip, originalOpenClip, type OriginalTensor, originalUnet, originalVae,
} from '../../src-main/checkpoint/original-names.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import {
  type ParameterShapes, textEncoderParameters, unetParameters, vaeParameters,
} from '../../src-main/models/parameter-shapes.ts';
import { elementCount, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';

type Table = ReadonlyMap<string, Tensor>;
type Json = Readonly<Record<string, unknown>>;

export interface TinyModel {
  readonly architecture: Architecture;
  readonly unet: Table;
  readonly vae: Table;
  readonly textEncoders: readonly { readonly weights: Table; readonly config: TextEncoderConfig }[];
  readonly unetConfig: UnetConfig;
  readonly vaeConfig: VaeConfig;
  /** config.json of each network, by the name of its folder. */
  readonly json: Readonly<Record<string, Json>>;
}

const width = 64;
const tokens = 512;

const unetJson: Readonly<Record<Architecture, Json>> = {
  sd15: { ...fourBlocks(), attention_head_dim: 8, sample_size: 64 },
  sd2: { ...fourBlocks(), attention_head_dim: [1, 1, 1, 1], use_linear_projection: true, sample_size: 64 },
  sdxl: {
    block_out_channels: [width, width, width], layers_per_block: 1, cross_attention_dim: 2 * width, sample_size: 128,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    attention_head_dim: [1, 1, 1], transformer_layers_per_block: [1, 1, 2], use_linear_projection: true,
    addition_embed_type: 'text_time', addition_time_embed_dim: 8, projection_class_embeddings_input_dim: width + 6 * 8,
  },
};

function fourBlocks(): Json {
  return {
    block_out_channels: [width, width, width, width], layers_per_block: 2, cross_attention_dim: width,
    down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
  };
}

function textJson(hiddenAct: string, layers: number, projection?: number): Json {
  return {
    vocab_size: tokens, hidden_size: width, intermediate_size: 2 * width, num_hidden_layers: layers,
    num_attention_heads: 1, max_position_embeddings: 77, hidden_act: hiddenAct,
    ...(projection ? { projection_dim: projection } : {}),
  };
}

/** The same for each architecture every time. */
export function tinyModel(architecture: Architecture): TinyModel {
  const isXl = architecture === 'sdxl';
  const text = architecture === 'sd2' ? textJson('gelu', 2) : textJson('quick_gelu', 2);
  const vae: Json = { block_out_channels: [32, 32], layers_per_block: 1, scaling_factor: isXl ? 0.13025 : 0.18215 };
  const json: Record<string, Json> = { unet: unetJson[architecture], vae, text_encoder: text };
  if (isXl) json['text_encoder_2'] = textJson('gelu', 3, width);
  const unetConfig = parseUnetConfig(json['unet'], 'unet');
  const vaeConfig = parseVaeConfig(vae, 'vae');
  const textEncoders = ['text_encoder', 'text_encoder_2'].filter((name) => json[name]).map((name, i) => {
    const config = parseTextEncoderConfig(json[name], name);
    return { config, weights: randomTable(textEncoderParameters(config, { withProjection: i === 1 }), 7 + i) };
  });
  return {
    architecture, json, unetConfig, vaeConfig, textEncoders,
    unet: randomTable(unetParameters(unetConfig), 1), vae: randomTable(vaeParameters(vaeConfig), 3),
  };
}

/** float16 numbers of about 1/32 to 1/16 in both signs. */
function randomTable(shapes: ParameterShapes, seed: number): Map<string, Tensor> {
  let state = seed;
  return new Map([...shapes].map(([name, shape]) => {
    const data = Uint16Array.from({ length: elementCount(shape) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return 0x2800 | ((state >>> 16) & 0x3ff) | (state & 0x80000000 ? 0x8000 : 0);
    });
    return [name, { dtype: 'float16', shape, data }];
  }));
}

/** The tensors of a complete single file, and what real ones hold besides. `numbered`: in Stability's later names. */
export function singleFileOf(model: TinyModel, numbered = false): Map<string, Tensor> {
  const { architecture, unet, vae, textEncoders } = model;
  const tensors = new Map<string, Tensor>();
  const add = (prefix: string, table: Table, originals: readonly OriginalTensor[]): void => {
    for (const original of originals) tensors.set(prefix + original.name, relaid(original, table));
  };
  add('model.diffusion_model.', unet, originalUnet(unet.keys()));
  add('first_stage_model.', vae, originalVae(vae.keys()));
  const [first, second] = textEncoders.map(({ weights }) => weights) as [Table, Table | undefined];
  const number = numbered || architecture === 'sdxl' ? 'conditioner.embedders.0.' : 'cond_stage_model.';
  if (architecture === 'sd2') {
    add(`${number}model.`, first, originalOpenClip(first.keys()));
    addUnusedLayer(tensors, `${number}model.`);
  } else {
    add(`${number}transformer.`, first, originalClip(first.keys()));
    tensors.set(`${number}transformer.text_model.embeddings.position_ids`,
      { dtype: 'int64', shape: [1, 2], data: BigInt64Array.of(0n, 1n) });
  }
  if (second) add('conditioner.embedders.1.model.', second, originalOpenClip(second.keys()));
  tensors.set('betas', { dtype: 'float32', shape: [2], data: Float32Array.of(0.5, 0.5) });
  tensors.set('model_ema.decay', { dtype: 'float32', shape: [], data: Float32Array.of(1) });
  return tensors;
}

/** SD 2 files hold one layer more than is run, and a projection. */
function addUnusedLayer(tensors: Map<string, Tensor>, prefix: string): void {
  for (const [name, tensor] of [...tensors]) {
    const [layer, unused] = [`${prefix}transformer.resblocks.1.`, `${prefix}transformer.resblocks.2.`];
    const data = (tensor.data as Uint16Array).slice().fill(1);
    if (name.startsWith(layer)) tensors.set(name.replace(layer, unused), { ...tensor, data });
  }
  const matrix: Shape = [width, width];
  tensors.set(`${prefix}text_projection`, { dtype: 'float32', shape: matrix, data: new Float32Array(width * width) });
  tensors.set(`${prefix}logit_scale`, { dtype: 'float32', shape: [], data: Float32Array.of(4.6) });
}

function relaid({ from, relaid: change }: OriginalTensor, table: Table): Tensor {
  const parts = from.map((name) => table.get(name)!);
  const [{ shape, dtype }] = parts as [Tensor];
  const values = parts.flatMap((part) => [...part.data as Uint16Array]);
  const stacked = [shape[0]! * parts.length, ...shape.slice(1)];
  if (parts.length > 1) return { dtype, shape: stacked, data: Uint16Array.from(values) };
  if (change === 'pointwise') return { dtype, shape: [...shape, 1, 1], data: Uint16Array.from(values) };
  if (change !== 'transposed') return parts[0]!;
  const [rows, columns] = shape as [number, number];
  const turned = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
  return { dtype, shape: [columns, rows], data: Uint16Array.from(turned) };
}

/** Writes one file of weights without its extension. */
export type WriteWeights = (stem: string, weights: Table) => Promise<void>;

const asSafetensors: WriteWeights = (stem, weights) => writeSafetensors(`${stem}.safetensors`, weights);

/** A diffusers folder; `write` may choose another format. */
export async function writeModelFolder(
  folder: string, model: TinyModel, write: WriteWeights = asSafetensors, textStem = 'model',
): Promise<void> {
  const tables: Readonly<Record<string, Table | undefined>> = {
    unet: model.unet, vae: model.vae,
    text_encoder: model.textEncoders[0]?.weights, text_encoder_2: model.textEncoders[1]?.weights,
  };
  for (const [name, table] of Object.entries(tables)) {
    if (!table) continue;
    await mkdir(path.join(folder, name), { recursive: true });
    await writeFile(path.join(folder, name, 'config.json'), JSON.stringify(model.json[name]));
    const stem = name.startsWith('text') ? textStem : 'diffusion_pytorch_model';
    await write(path.join(folder, name, stem), table);
  }
}
