// Reads LoRA files of every naming, for one base model: each layer is looked up in the model, its matrices are checked
// against the layer's weight, and what a file cannot mean is refused before anything is computed with it.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';

import { detectFileKind, isAdapter } from '../checkpoint/architecture.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import { toFloat32 } from '../tensor/half.ts';
import { elementCount, type Shape, type Tensor } from '../tensor/tensor.ts';
import type { TensorReference } from '../tensor/weights.ts';
import { adaptableLayers, type AdaptableLayer, type AdaptedWeights, type LoraLayer } from './lora-layers.ts';
import { brokenLora, doesNotFit, notALora, otherArchitecture, unsupportedForm } from './lora-errors.ts';
import { layersByKey, type LoraPart, parseLoraName } from './lora-names.ts';

export interface LoraFile {
  readonly layers: readonly LoraLayer[];
  /** What the file says of itself: a stranger's text, to be shown as text only. */
  readonly metadata: ReadonlyMap<string, string>;
}

type Parts = Partial<Record<LoraPart, TensorReference>>;

const limits = { maxHeaderBytes: 4_000_000 };
const maxRank = 1024;
const maxAlpha = 1e5;
const maxTensorBytes = 2 ** 31;
const maxTotalBytes = 2 ** 33;

/**
 * Reads a LoRA for an SD 1.x base model. A layer without alpha has loraAlpha = rank; a raw PEFT adapter takes it from
 * adapter_config.json beside the file.
 * Refuses with a UserError: files that are no LoRA, LoRAs of other architectures or of models with other layers,
 * LyCORIS and DoRA forms, ranks and alphas that cannot be meant, numbers that are not finite.
 */
export async function readLora(file: string, weights: AdaptedWeights): Promise<LoraFile> {
  const { tensors, metadata } = await readSafetensorsHeader(file, limits);
  const names = [...tensors.keys()];
  if (!isAdapter(names)) throw notALora(file, kindInWords(tensors));
  const family = otherFamily(tensors);
  if (family) throw otherArchitecture(file, family);
  checkBytes(file, tensors);
  const model = layersByKey(adaptableLayers(weights));
  const fileAlpha = names.some((name) => name.startsWith('base_model.model.')) ? await peftAlpha(file) : undefined;
  const layers: LoraLayer[] = [];
  for (const [key, parts] of groupByLayer(file, tensors)) {
    const layer = model.get(key);
    if (!layer) throw doesNotFit(file, key, 'it has a layer that this model does not');
    layers.push(await readLayer(file, layer, parts, fileAlpha));
  }
  const paths = new Set(layers.map(({ network, modulePath }) => `${network}/${modulePath}`));
  if (paths.size !== layers.length) throw brokenLora(file, layers[0]!.modulePath, 'it names a layer in two ways');
  return { layers, metadata };
}

function groupByLayer(file: string, tensors: ReadonlyMap<string, TensorReference>): Map<string, Parts> {
  const groups = new Map<string, Parts>();
  for (const [name, reference] of tensors) {
    const parsed = parseLoraName(name);
    if (!parsed) throw unsupportedForm(file, name);
    const group = groups.get(parsed.layerKey) ?? {};
    if (group[parsed.part]) throw brokenLora(file, name, 'it names a part of a layer twice');
    group[parsed.part] = reference;
    groups.set(parsed.layerKey, group);
  }
  return groups;
}

async function readLayer(
  file: string, layer: AdaptableLayer, { down, up, alpha }: Parts, fileAlpha: number | undefined,
): Promise<LoraLayer> {
  const { network, modulePath, kind, weightShape } = layer;
  if (!down || !up) throw brokenLora(file, modulePath, 'half of a layer is missing');
  const rank = down.shape[0] ?? 0;
  if (rank < 1 || rank > maxRank) throw brokenLora(file, modulePath, `its rank is ${rank}`);
  if (up.shape[1] !== rank) throw brokenLora(file, modulePath, 'its two matrices have different ranks');
  const [out, ...input] = weightShape;
  const downShape = [rank, ...input];
  const upShape = kind === 'linear' ? [out!, rank] : [out!, rank, 1, 1];
  if (!isSameMatrix(down.shape, downShape) || !isSameMatrix(up.shape, upShape)) {
    const sizes = `its layer is ${up.shape[0]} by ${down.shape[1]}, the model's ${out} by ${input[0]}`;
    throw doesNotFit(file, modulePath, sizes);
  }
  const loraAlpha = alpha ? await readAlpha(file, modulePath, alpha) : fileAlpha ?? rank;
  if (!Number.isFinite(loraAlpha) || Math.abs(loraAlpha) > maxAlpha) {
    throw brokenLora(file, modulePath, `its alpha is ${loraAlpha}`);
  }
  return {
    network, modulePath, kind, rank, loraAlpha,
    down: await readMatrix(file, modulePath, down, downShape), up: await readMatrix(file, modulePath, up, upShape),
  };
}

/** Equal, or equal but for the ones at the end that some writers keep and others drop for 1x1 convolutions. */
function isSameMatrix(actual: Shape, expected: Shape): boolean {
  const trimmed = (shape: Shape): string => shape.join().replace(/(?:,1)+$/, '');
  return trimmed(actual) === trimmed(expected);
}

async function readMatrix(file: string, layer: string, reference: TensorReference, shape: Shape): Promise<Tensor> {
  if (!['float32', 'float16', 'bfloat16', 'float64'].includes(reference.dtype)) {
    throw brokenLora(file, layer, `its numbers are ${reference.dtype}`);
  }
  const tensor = await readTensor(reference);
  const values = toFloat32(tensor).data as Float32Array;
  if (!values.every(Number.isFinite)) throw brokenLora(file, layer, 'it holds numbers that are not finite');
  return { ...tensor, shape };
}

async function readAlpha(file: string, layer: string, reference: TensorReference): Promise<number> {
  if (elementCount(reference.shape) !== 1) throw brokenLora(file, layer, 'its alpha is not one number');
  return (toFloat32(await readTensor(reference)).data as Float32Array)[0]!;
}

const peftConfig = z.object({
  r: z.number().positive(), lora_alpha: z.number(), use_rslora: z.boolean().default(false),
  rank_pattern: z.record(z.string(), z.number()).default({}),
  alpha_pattern: z.record(z.string(), z.number()).default({}),
});

/** lora_alpha of 'adapter_config.json' or '<stem>.adapter_config.json'; undefined where there is neither. */
async function peftAlpha(file: string): Promise<number | undefined> {
  const stem = path.join(path.dirname(file), path.basename(file, '.safetensors'));
  for (const candidate of [`${stem}.adapter_config.json`, path.join(path.dirname(file), 'adapter_config.json')]) {
    const text = await readFile(candidate, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const config = peftConfig.safeParse(parseJson(text));
    const isPlain = config.success && [config.data.rank_pattern, config.data.alpha_pattern]
      .every((pattern) => Object.keys(pattern).length === 0);
    if (!isPlain) throw brokenLora(file, path.basename(candidate), 'its settings cannot be read');
    const { r, lora_alpha: loraAlpha, use_rslora: isRankStabilized } = config.data;
    // Kalajdzievski 2023: alpha / sqrt(r) in place of alpha / r
    return isRankStabilized ? loraAlpha * Math.sqrt(r) : loraAlpha;
  }
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The family of a LoRA that is not for SD 1.x, from names and from the width of the text it attends to. */
function otherFamily(tensors: ReadonlyMap<string, TensorReference>): string | undefined {
  for (const [name, { shape }] of tensors) {
    if (/double_blocks|single_blocks|single_transformer_blocks/.test(name)) return 'Flux';
    if (/joint_blocks|^(?:transformer\.|lora_transformer_)/.test(name)) return 'Stable Diffusion 3 or newer';
    if (/^lora_te2_|^text_encoder_2\.|^lora_unet_(?:input|output|middle)_block/.test(name)) return 'SDXL';
    if (!/attn2[._](?:processor\.)?to_k(?:\.lora_down|\.lora_A|\.lora\.down|_lora\.down)/.test(name)) continue;
    if (shape[1] === 2048) return 'SDXL';
    if (shape[1] === 1024) return 'Stable Diffusion 2';
  }
  return undefined;
}

function checkBytes(file: string, tensors: ReadonlyMap<string, TensorReference>): void {
  let total = 0;
  for (const [name, { lengthBytes }] of tensors) {
    total += lengthBytes;
    if (lengthBytes > maxTensorBytes || total > maxTotalBytes) throw brokenLora(file, name, 'it is far too large');
  }
}

function kindInWords(tensors: ReadonlyMap<string, TensorReference>): string {
  const kind = detectFileKind(tensors);
  if (kind === 'textual-inversion') return 'a textual-inversion embedding';
  if (kind === 'controlnet') return 'a ControlNet';
  return kind === 'unknown' ? 'a file of another kind' : 'a base model';
}
