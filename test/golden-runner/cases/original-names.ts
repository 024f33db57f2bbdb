// Single files as they are written: every name of the real models in the original naming, made of each network's
// tensors once; and the small checkpoints, written and opened again, are the same models.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Checkpoint, CheckpointConfigs } from '../../../src-main/checkpoint/checkpoint.ts';
import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../../src-main/checkpoint/configs.ts';
import { openCheckpoint } from '../../../src-main/checkpoint/open-checkpoint.ts';
import {
  originalClip, originalOpenClip, type OriginalTensor, originalUnet, originalVae,
} from '../../../src-main/checkpoint/original-names.ts';
import { readSafetensors, readTensor } from '../../../src-main/checkpoint/safetensors.ts';
import type { FloatDType } from '../../../src-main/checkpoint/streamed-tensor.ts';
import { writeCheckpoint } from '../../../src-main/checkpoint/write-checkpoint.ts';
import { tensorBytes } from '../../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../../src-main/tensor/weights.ts';
import { exactRow, type GoldenCase, type GoldenContext, type GoldenRow, notCoveredRow } from '../case.ts';

type Manifest = Readonly<Record<string, { shape: number[] }>>;
type Pairs = Readonly<Record<string, Readonly<Record<string, readonly [string, ...unknown[]]>>>>;

interface Part {
  readonly manifest: string;
  readonly prefix: string;
  readonly recipe: (names: Iterable<string>) => OriginalTensor[];
  /** Section of the conversion scripts' table. */
  readonly section: string;
}

const vae: Part = { manifest: 'vae', prefix: 'first_stage_model.', recipe: originalVae, section: 'vae' };
const unet = (manifest: string, section: string): Part =>
  ({ manifest, prefix: 'model.diffusion_model.', recipe: originalUnet, section });

const files: Readonly<Record<string, readonly Part[]>> = {
  'sd15-single-file': [unet('sd15-unet', 'sd15_unet'), vae, {
    manifest: 'sd15-text-encoder', prefix: 'cond_stage_model.transformer.', recipe: originalClip, section: 'clip_l',
  }],
  'sd2-single-file': [unet('sd2-unet', 'sd21_unet'), vae, {
    manifest: 'sd2-text-encoder', prefix: 'cond_stage_model.model.', recipe: originalOpenClip, section: 'openclip_h',
  }],
  'sdxl-single-file': [unet('sdxl-unet', 'sdxl_unet'), vae, {
    manifest: 'sdxl-text-encoder', prefix: 'conditioner.embedders.0.transformer.', recipe: originalClip,
    section: 'clip_l',
  }, {
    manifest: 'sdxl-text-encoder-2', prefix: 'conditioner.embedders.1.model.', recipe: originalOpenClip,
    section: 'openclip_g',
  }],
};

export const cases: readonly GoldenCase[] = [
  { folder: 'key-manifests', run: checkNames },
  { folder: 'ckpt-sd15', run: checkWritten },
  { folder: 'ckpt-sdxl', run: checkWritten },
];

async function checkNames({ folder }: GoldenContext): Promise<GoldenRow[]> {
  const there = await readdir(folder);
  const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, name), 'utf8'));
  const pairs = await json('single-file-to-diffusers.json') as Pairs;
  const rows: GoldenRow[] = [];
  for (const [file, parts] of Object.entries(files)) {
    const needed = [file, ...parts.map(({ manifest }) => manifest)].map((name) => `${name}.json`);
    if (!needed.every((name) => there.includes(name))) {
      rows.push(notCoveredRow(`${file} as it is written`, 'no such files here'));
      continue;
    }
    const golden = await json(`${file}.json`) as Manifest;
    const written = new Map<string, string>();
    for (const part of parts) {
      const manifest = await json(`${part.manifest}.json`) as Manifest;
      const recipe = part.recipe(Object.keys(manifest));
      for (const tensor of recipe) written.set(part.prefix + tensor.name, shapeOf(tensor, manifest).join());
      rows.push(checkOnce(`${part.manifest} of ${file}`, recipe, manifest), checkPairs(part, recipe, pairs));
    }
    rows.push(compare(file, written, golden));
  }
  return rows;
}

function shapeOf({ from, relaid }: OriginalTensor, manifest: Manifest): number[] {
  const shapes = from.map((name) => manifest[name]!.shape);
  const [rows, ...others] = [shapes.reduce((sum, [count]) => sum + count!, 0), ...shapes[0]!.slice(1)];
  if (relaid === 'transposed') return [...others, rows];
  return relaid === 'pointwise' ? [rows, ...others, 1, 1] : [rows, ...others];
}

function checkOnce(name: string, recipe: readonly OriginalTensor[], manifest: Manifest): GoldenRow {
  const used = recipe.flatMap(({ from }) => from);
  const names = new Set(recipe.map((tensor) => tensor.name));
  const passed = new Set(used).size === used.length && used.length === Object.keys(manifest).length
    && names.size === recipe.length;
  return exactRow(`${name}: each tensor once`, passed, `${used.length} in ${names.size}`);
}

/** What the original encoder of SD 2 has beyond the one that runs comes from the file that was opened. */
function compare(file: string, written: ReadonlyMap<string, string>, golden: Manifest): GoldenRow {
  const layers = [...written.keys()].filter((name) => /resblocks\.\d+\.ln_1\.weight$/.test(name)).length;
  const isBeyond = (name: string): boolean =>
    /^cond_stage_model\.model\.(?:text_projection$|logit_scale$)/.test(name) || name.includes(`resblocks.${layers}.`);
  const missing = Object.keys(golden).filter((name) => !written.has(name) && !isBeyond(name));
  const wrong = [...written].filter(([name, shape]) => golden[name]?.shape.join() !== shape).map(([name]) => name);
  const passed = missing.length + wrong.length === 0;
  const note = passed ? `${written.size} names and shapes` : JSON.stringify({ missing, wrong }).slice(0, 300);
  return exactRow(`${file} as it is written`, passed, note);
}

/** The conversion scripts' table goes from diffusers' name to the original, for OpenCLIP the other way round. */
function checkPairs({ prefix, section, manifest }: Part, recipe: readonly OriginalTensor[], pairs: Pairs): GoldenRow {
  const table = Object.entries(pairs[section] ?? {});
  const isOpenClip = section.startsWith('openclip');
  const expected = new Map(table.flatMap(([key, [value]]): [string, string][] => {
    if (isOpenClip) return [[key, value]];
    return value.split(' | ').filter((name) => name.startsWith(prefix)).map((name) => [name, key]);
  }));
  const wrong = recipe.filter(({ name, from, relaid }) => {
    const source = expected.get(prefix + name) ?? '';
    const isTransposed = source.includes('TRANSPOSED') === (relaid === 'transposed');
    return source.replace('{q,k,v}', 'q').replace(/ \(.*\)$/, '') !== from[0] || !isTransposed;
  });
  const note = wrong.length === 0 ? `${recipe.length} pairs` : wrong.slice(0, 3).map(({ name }) => name).join('; ');
  const passed = wrong.length === 0 && table.length > 0;
  return exactRow(`${manifest}: pairs with the conversion script's table`, passed, note);
}

async function checkWritten({ folder }: GoldenContext): Promise<GoldenRow[]> {
  const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
  const configs: CheckpointConfigs = {
    unet: parseUnetConfig(config['unet'], 'unet'), vae: parseVaeConfig(config['vae'], 'vae'),
    textEncoder: parseTextEncoderConfig(config['text_encoder'], 'text_encoder'),
    ...(config['text_encoder_2'] ? {
      textEncoder2: parseTextEncoderConfig(config['text_encoder_2'], 'text_encoder_2'),
    } : {}),
  };
  const model = path.join(folder, 'model.safetensors');
  const source = await openCheckpoint(model, { configs });
  const dtype = source.unet.get('conv_in.weight')!.dtype as FloatDType;
  const target = await mkdtemp(path.join(tmpdir(), 'likeness-golden-'));
  try {
    const file = path.join(target, 'model.safetensors');
    await writeCheckpoint(file, source, { dtype });
    const written = await openCheckpoint(file, { configs });
    return [await compareFiles(model, file), ...await compareCheckpoints(source, written)];
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

/** Nothing is written that the published conversion scripts did not write in the same way. */
async function compareFiles(model: string, file: string): Promise<GoldenRow> {
  const [golden, written] = await Promise.all([model, file].map((name) => readSafetensors(name)));
  const wrong: string[] = [];
  for (const [name, tensor] of written!) {
    const counterpart = golden!.get(name);
    if (!counterpart || !(await isSame(tensor, counterpart))) wrong.push(name);
  }
  const note = wrong.length === 0 ? `${written!.size} tensors` : wrong.slice(0, 3).join(', ');
  return exactRow('written file: each tensor as in the given one', wrong.length === 0, note);
}

async function compareCheckpoints(source: Checkpoint, written: Checkpoint): Promise<GoldenRow[]> {
  const tables = (checkpoint: Checkpoint): [string, WeightTable][] => [
    ['UNet', checkpoint.unet], ['VAE', checkpoint.vae],
    ...checkpoint.textEncoders.map(({ weights }, i): [string, WeightTable] => [`text encoder ${i + 1}`, weights]),
  ];
  const others = new Map(tables(written));
  return await Promise.all(tables(source).map(async ([name, table]) => {
    const other = others.get(name)!;
    const wrong: string[] = [];
    for (const [key, tensor] of table) {
      const counterpart = other.get(key);
      if (!counterpart || !(await isSame(tensor, counterpart))) wrong.push(key);
    }
    const passed = wrong.length === 0 && table.size === other.size;
    const note = passed ? `${table.size} tensors` : wrong.slice(0, 3).join(', ');
    return exactRow(`written and opened again: ${name}`, passed, note);
  }));
}

async function isSame(a: Parameters<typeof readTensor>[0], b: Parameters<typeof readTensor>[0]): Promise<boolean> {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  return Buffer.compare(tensorBytes(await readTensor(a)), tensorBytes(await readTensor(b))) === 0;
}
