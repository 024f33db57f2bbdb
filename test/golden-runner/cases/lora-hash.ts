// The hashes by which A1111 and kohya's tools know a LoRA, and the metadata that exports have.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { contentHash, loraHashes } from '../../../src-main/adapter/lora-hash.ts';
import { layersFromFlat } from '../../../src-main/adapter/lora-layers.ts';
import { trainingMetadata } from '../../../src-main/adapter/lora-metadata.ts';
import { parseUnetConfig, type UnetConfig } from '../../../src-main/checkpoint/configs.ts';
import { type ModelKind, modelSpec } from '../../../src-main/checkpoint/model-spec.ts';
import { readSafetensors, readSafetensorsHeader } from '../../../src-main/checkpoint/safetensors.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';

type HashName = 'sshs_model_hash' | 'sshs_legacy_hash' | 'modelspec.hash_sha256';

interface Config {
  readonly hash_files: Readonly<Record<string, Record<HashName, string>>>;
  readonly ss_keys: readonly string[];
  readonly minimum_keys: readonly string[];
  readonly modelspec: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const cases: readonly GoldenCase[] = [{
  folder: 'lora-hash',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Config;
    const rows = Object.entries(config.hash_files).map(([name, golden]) => checkHashes(folder, name, golden));
    const configs = JSON.parse(await readFile(path.resolve(folder, '../key-manifests/configs.json'), 'utf8'));
    return [...(await Promise.all(rows)).flat(), ...checkMetadata(config, configs as Record<string, unknown>)];
  },
}];

async function checkHashes(folder: string, name: string, golden: Record<HashName, string>): Promise<GoldenRow[]> {
  const file = path.join(folder, `${name}.safetensors`);
  const { metadata } = await readSafetensorsHeader(file);
  const training = new Map([...metadata].filter(([key]) => key.startsWith('ss_')));
  const tensors = await readSafetensors(file);
  const hashes = loraHashes(tensors, training);
  const inTorchOrder = [...tensors].sort(([a], [b]) => compareLists(torchOrder(a), torchOrder(b)));
  const content = `0x${contentHash(inTorchOrder.map(([, tensor]) => tensor))}`;
  return [
    exactRow(`${name}/sshs_model_hash`, hashes.modelHash === golden.sshs_model_hash),
    exactRow(`${name}/sshs_legacy_hash`, hashes.legacyHash === golden.sshs_legacy_hash, hashes.legacyHash),
    exactRow(`${name}/modelspec.hash_sha256`, content === golden['modelspec.hash_sha256'],
      "in the order of torch's modules, not of the names"),
  ];
}

/**
 * sd-scripts hashes a LoRA as its state_dict stands: modules as the networks' constructors made them (in a UNet the
 * middle block comes last, in CLIP's attention k and v before q), of each its alpha, down and up.
 */
const torchParts = [
  ['lora_te', 'lora_unet'], ['down_blocks', 'up_blocks', 'mid_block'], 'blocks', 'layers',
  ['attentions', 'resnets', 'samplers'],
  'attentions', 'resnets', ['proj_in', 'transformer_blocks', 'proj_out'], 'transformer_blocks',
  ['attn1', 'attn2', '_ff_'], ['self_attn', 'mlp'], ['k_proj', 'v_proj', 'q_proj', 'out_proj'],
  ['to_q', 'to_k', 'to_v', 'to_out'], ['net_0', 'net_2'], ['fc1', 'fc2'],
  ['conv1', 'time_emb_proj', 'conv2', 'conv_shortcut'], ['.alpha', '.lora_down', '.lora_up'],
] as const;

/** A word is the number after it, a list the position of the one that the name holds. */
function torchOrder(name: string): number[] {
  return torchParts.map((part) => (typeof part === 'string'
    ? Number(new RegExp(`${part}_(\\d+)`).exec(name)?.[1] ?? 0)
    : part.findIndex((word) => name.includes(word))));
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

const unetNames = { sd15: 'sd15-unet', sd2: 'sd2-unet', sdxl: 'sdxl-unet' } as const;
const kindOfFile = /^(sd15|sd2|sdxl)_(v_)?.*?(lora|textual_inversion|diffusers_checkpoint|checkpoint)/;
const describedFields = ['architecture', 'implementation', 'resolution', 'prediction_type'];

function checkMetadata(config: Config, configs: Readonly<Record<string, unknown>>): GoldenRow[] {
  const unetOf = (family: string): UnetConfig =>
    parseUnetConfig(configs[unetNames[family as keyof typeof unetNames]], family);
  const rows = Object.entries(config.modelspec).map(([name, golden]): GoldenRow => {
    const [, family, velocity, kind] = kindOfFile.exec(name) as unknown as [string, string, string?, string?];
    const written = modelSpec(kind!.replace('diffusers_', '').replace('_', '-') as ModelKind, {
      unetConfig: unetOf(family), schedulerConfig: { predictionType: velocity ? 'v_prediction' : 'epsilon' },
      resolutionPx: Number(golden['modelspec.resolution']!.split('x')[0]),
    });
    // a checkpoint in diffusers' naming is a folder, which nothing here writes
    if (kind === 'diffusers_checkpoint') written.set('modelspec.implementation', 'diffusers');
    const keys = describedFields.map((field) => `modelspec.${field}`);
    const wrong = keys.filter((key) => written.get(key) !== golden[key]);
    return exactRow(`modelspec/${name}`, wrong.length === 0, wrong.join(', '));
  });
  const modules = [{ path: 'conv_in', kind: 'linear', weightShape: [1, 1], rank: 1, loraAlpha: 1 }] as const;
  const written = trainingMetadata(layersFromFlat('unet', modules, new Float32Array(2)), {
    unetConfig: unetOf('sd15'), schedulerConfig: { predictionType: 'epsilon' }, resolutionPx: 512, trainingSteps: 1,
    learningRate: 1, textEncoderLearningRate: 1, learningRateSchedule: 'constant', warmupSteps: 1, optimizer: 'adamw',
    batchSize: 1, gradientAccumulationSteps: 1, maxGradientNorm: 1, minSnrGamma: 5, noiseOffset: 1, captionDropout: 1,
    priorLossWeight: 1, clipSkip: 1, seed: 1, trainingImageCount: 1,
  });
  const missing = config.minimum_keys.filter((key) => !written.has(key));
  const unknown = [...written.keys()].filter((key) => !config.ss_keys.includes(key));
  return [...rows,
    exactRow('ss_* of the minimum set', missing.length === 0, missing.join(', ')),
    exactRow('ss_* that the trainer knows', unknown.length === 0, unknown.join(', ') || `${written.size} keys`)];
}
