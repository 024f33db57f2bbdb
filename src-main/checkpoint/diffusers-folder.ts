// One network of a diffusers folder: config.json beside model.safetensors or diffusion_pytorch_model.safetensors,
// whole, as a float16 variant, or in shards with an index (diffusers, utils/constants.py and hub_utils.py); or else the
// same as torch files (.bin).

import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

import { UserError } from '../contract/errors.ts';
import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { damagedFile, quote, unreadableFile } from './file-errors.ts';
import { openTensorFile } from './tensor-file.ts';

export interface NetworkFolder {
  readonly config: unknown;
  /** Absolute path of config.json. */
  readonly configFile: string;
  /** Names as the files have them. */
  readonly tensors: WeightTable;
}

const shardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });
const maxJsonBytes = 16_000_000;

/** Weight files in order of preference: full precision first, because only it may hold what a variant rounded away. */
const wholeFiles = ['', '.fp16', '.bf16', '.fp32', '.non_ema'];
/** What the libraries call their files; torch files only where there is no safetensors file. */
const families = [
  { extension: 'safetensors', stems: ['diffusion_pytorch_model', 'model'] },
  { extension: 'bin', stems: ['diffusion_pytorch_model', 'pytorch_model'] },
] as const;

/** Opens one network's folder ('unet', 'vae', 'text_encoder'). Refuses folders without config or weights. */
export async function openNetworkFolder(folder: string): Promise<NetworkFolder> {
  const configFile = path.join(path.resolve(folder), 'config.json');
  const config = await readJson(configFile);
  const names = new Set(await readdir(folder));
  for (const { extension, stems } of families) {
    for (const stem of stems) {
      for (const variant of wholeFiles) {
        const file = `${stem}${variant}.${extension}`;
        if (names.has(file)) return { config, configFile, tensors: await tensorsOf(path.join(folder, file)) };
        const index = [`${stem}.${extension}.index${variant}.json`, `${stem}.${extension}${variant}.index.json`]
          .find((name) => names.has(name));
        if (index) return { config, configFile, tensors: await shardedTensors(folder, index) };
      }
    }
  }
  throw noWeights(folder);
}

/** Reads a JSON file of a checkpoint folder, with a message for a missing or broken one. */
export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => { throw unreadableFile(file, cause); });
  if (text.length > maxJsonBytes) throw brokenJson(file);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw brokenJson(file);
  }
}

async function shardedTensors(folder: string, indexName: string): Promise<WeightTable> {
  const indexFile = path.join(folder, indexName);
  const index = shardIndex.safeParse(await readJson(indexFile));
  if (!index.success) throw brokenJson(indexFile);
  const listed = Object.entries(index.data.weight_map);
  const shards = new Map<string, WeightTable>();
  for (const shard of new Set(listed.map(([, file]) => file))) {
    if (!/^[\w.-]+\.(?:safetensors|bin)$/.test(shard)) throw brokenJson(indexFile);
    shards.set(shard, await tensorsOf(path.join(folder, shard)));
  }
  const tensors = new Map<string, WeightSource>();
  for (const [name, shard] of listed) {
    const tensor = shards.get(shard)!.get(name);
    if (!tensor) throw damagedFile(path.join(folder, shard), `it lacks the tensor ${JSON.stringify(name)}`);
    tensors.set(name, tensor);
  }
  return tensors;
}

async function tensorsOf(file: string): Promise<WeightTable> {
  return (await openTensorFile(file)).part('');
}

function brokenJson(file: string): UserError {
  return new UserError('checkpoint.json-damaged', {
    what: `${quote(file)} is not the JSON file it should be.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Get the checkpoint folder again from where it came from.',
  }, { file: path.basename(file) });
}

function noWeights(folder: string): UserError {
  return new UserError('checkpoint.no-weights', {
    what: `The folder ${quote(folder)} holds no weights, neither .safetensors nor .bin.`,
    safe: 'Nothing was changed.',
    todo: 'Get the complete checkpoint folder of this model.',
  }, { folder: path.basename(folder) });
}
