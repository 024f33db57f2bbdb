// Reads LoRA files of every naming, safetensors or torch, for one base model: each layer is looked up in the model, its
// matrices are checked against the layer's weight, and what a file cannot mean is refused before anything is computed
// with it.

import { detectFileKind, isAdapter } from '../checkpoint/architecture.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import { isTorchFile, openTensorFile, type TensorFile } from '../checkpoint/tensor-file.ts';
import { toFloat32 } from '../tensor/half.ts';
import { bytesPerElement, elementCount, type Shape, type Tensor } from '../tensor/tensor.ts';
import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import { isBundledEmbedding, readBundledEmbeddings } from './bundled-embeddings.ts';
import { familyOfLora, familyOfModel, foreignFamily } from './families.ts';
import type { LearnedEmbedding } from './learned-embedding.ts';
import { adaptableLayers, type AdaptableLayer, type AdaptedWeights, type LoraLayer } from './lora-layers.ts';
import { brokenLora, doesNotFit, notALora, otherArchitecture, unsupportedForm } from './lora-errors.ts';
import { layersByKey, type LoraPart, parseLoraName } from './lora-names.ts';
import { peftAlpha, type PeftSettings, readPeftSettings } from './peft-settings.ts';
import { foldTucker } from './tucker.ts';

export interface LoraFile {
  readonly layers: readonly LoraLayer[];
  /** Words that were learned with the layers and lie in the same file (bundle_emb). */
  readonly embeddings: readonly LearnedEmbedding[];
  /** What the file says of itself: a stranger's text, to be shown as text only. */
  readonly metadata: ReadonlyMap<string, string>;
}

type Parts = Partial<Record<LoraPart, WeightSource>>;

const limits = { maxHeaderBytes: 4_000_000 };
/** Far beyond what anyone trains; a rank larger than its layer says nothing more, but can be computed. */
const maxRank = 4096;
const maxAlpha = 1e5;
const maxTensorBytes = 2 ** 31;
const maxTotalBytes = 2 ** 33;

/**
 * Reads a LoRA for a base model. A layer without alpha has loraAlpha = rank, unless PEFT's settings in the file or
 * beside it say otherwise.
 * Refuses with a UserError: files that are no LoRA, LoRAs of other architectures or of models with other layers,
 * LyCORIS and DoRA forms, ranks and alphas that cannot be meant, numbers that are not finite.
 */
export async function readLora(file: string, weights: AdaptedWeights): Promise<LoraFile> {
  const { tensors: outlines, metadata, part } = await openAdapter(file);
  const names = [...outlines.keys()];
  const model = familyOfModel(weights);
  if (!isAdapter(names)) throw notALora(file, kindInWords(outlines), model);
  const foreign = foreignFamily(names);
  if (foreign) throw otherArchitecture(file, foreign, model);
  checkBytes(file, outlines);
  const tensors = await part('');
  const found = findLayers(file, tensors, weights);
  const misfit = found.find(({ reason }) => reason);
  if (misfit) {
    const family = familyOfLora(tensors, metadata);
    if (family && family !== model) throw otherArchitecture(file, family, model);
    throw doesNotFit(file, misfit.key, misfit.reason!);
  }
  const settings = await readPeftSettings(file, names, metadata);
  const layers: LoraLayer[] = [];
  const seen = new Set<AdaptableLayer>();
  for (const { layer, parts } of found) {
    if (seen.has(layer!)) throw brokenLora(file, layer!.modulePath, 'it names a layer in two ways');
    seen.add(layer!);
    layers.push(await readLayer(file, layer!, parts, settings));
  }
  return { layers, embeddings: await readBundledEmbeddings(file, tensors, weights.textEncoders), metadata };
}

/** diffusers' first LoRAs are torch files (pytorch_lora_weights.bin). */
async function openAdapter(file: string): Promise<TensorFile> {
  if (await isTorchFile(file)) return await openTensorFile(file);
  const header = await readSafetensorsHeader(file, limits);
  return { ...header, part: () => Promise.resolve(new Map(header.tensors)) };
}

interface FoundLayer {
  readonly key: string;
  readonly parts: Parts;
  readonly layer?: AdaptableLayer;
  /** Why the layer is not one of the model's. */
  readonly reason?: string;
}

/** Every layer that the file names, looked up in the model and compared with it as far as there are parts. */
function findLayers(file: string, tensors: WeightTable, weights: AdaptedWeights): FoundLayer[] {
  const model = layersByKey(adaptableLayers(weights));
  return [...groupByLayer(file, tensors)].map(([key, parts]) => {
    const layer = model.get(key);
    if (!layer) return { key, parts, reason: 'it has a layer that this model does not' };
    const reason = misfitOf(layer, parts);
    return { key: layer.modulePath, parts, layer, ...(reason ? { reason } : {}) };
  });
}

function groupByLayer(file: string, tensors: WeightTable): Map<string, Parts> {
  const groups = new Map<string, Parts>();
  for (const [name, reference] of tensors) {
    if (isBundledEmbedding(name)) continue;
    const parsed = parseLoraName(name);
    if (!parsed) throw unsupportedForm(file, name);
    const group = groups.get(parsed.layerKey) ?? {};
    if (group[parsed.part]) throw brokenLora(file, name, 'it names a part of a layer twice');
    group[parsed.part] = reference;
    groups.set(parsed.layerKey, group);
  }
  return groups;
}

/** Input and output sizes that are not the layer's; whether the two matrices agree is looked at later. */
function misfitOf({ kind, weightShape }: AdaptableLayer, { down, up, mid }: Parts): string | undefined {
  const [out, ...input] = weightShape;
  const sizes = (side: string, has: number | undefined, wants: number | undefined): string =>
    `a layer's ${side} has ${has ?? 'no'} channels, the model's ${wants}`;
  if (up && up.shape[0] !== out) return sizes('output', up.shape[0], out);
  if (!down) return undefined;
  const kernel = mid ? [down.shape[1]!, ...mid.shape.slice(2)] : down.shape.slice(1);
  if (down.shape[1] !== input[0]) return sizes('input', down.shape[1], input[0]);
  if (isSameShape(kernel, input) && (!mid || kind === 'conv')) return undefined;
  const [has, wants] = [kernel, input].map((shape) => shape.slice(1).join(' by ') || 'none');
  return `a layer's kernel is ${has}, the model's ${wants}`;
}

async function readLayer(
  file: string, layer: AdaptableLayer, parts: Parts, settings: PeftSettings,
): Promise<LoraLayer> {
  const { network, modulePath, kind, weightShape } = layer;
  const { down, up, mid, alpha } = parts;
  if (!down || !up) throw brokenLora(file, modulePath, 'half of a layer is missing');
  const rank = down.shape[0] ?? 0;
  if (rank < 1 || rank > maxRank) throw brokenLora(file, modulePath, `its rank is ${rank}`);
  if (up.shape[1] !== rank) throw brokenLora(file, modulePath, 'its two matrices have different ranks');
  if (mid && (mid.shape[0] !== rank || mid.shape[1] !== rank)) {
    throw brokenLora(file, modulePath, 'its three matrices have different ranks');
  }
  const downShape = [rank, ...weightShape.slice(1)];
  const upShape = kind === 'linear' ? [weightShape[0]!, rank] : [weightShape[0]!, rank, 1, 1];
  if (!isSameShape(up.shape, upShape)) throw brokenLora(file, modulePath, 'one of its matrices has too many axes');
  const loraAlpha = alpha
    ? await readAlpha(file, modulePath, alpha)
    : peftAlpha(settings, file, network, modulePath, rank) ?? rank;
  if (!Number.isFinite(loraAlpha) || Math.abs(loraAlpha) > maxAlpha) {
    throw brokenLora(file, modulePath, `its alpha is ${loraAlpha}`);
  }
  const matrix = (reference: WeightSource): Promise<Tensor> => readMatrix(file, modulePath, reference);
  const lower = mid ? foldTucker(await matrix(down), await matrix(mid)) : await matrix(down);
  return {
    network, modulePath, kind, rank, loraAlpha,
    down: { ...lower, shape: downShape }, up: { ...await matrix(up), shape: upShape },
  };
}

/** Equal, or equal but for the ones at the end that some writers keep and others drop for 1x1 convolutions. */
function isSameShape(actual: Shape, expected: Shape): boolean {
  const trimmed = (shape: Shape): string => shape.join().replace(/(?:,1)+$/, '');
  return trimmed(actual) === trimmed(expected);
}

async function readMatrix(file: string, layer: string, reference: WeightSource): Promise<Tensor> {
  if (!['float32', 'float16', 'bfloat16', 'float64'].includes(reference.dtype)) {
    throw brokenLora(file, layer, `its numbers are ${reference.dtype}`);
  }
  const tensor = await readTensor(reference);
  const values = toFloat32(tensor).data as Float32Array;
  if (!values.every(Number.isFinite)) throw brokenLora(file, layer, 'it holds numbers that are not finite');
  return tensor;
}

async function readAlpha(file: string, layer: string, reference: WeightSource): Promise<number> {
  if (elementCount(reference.shape) !== 1) throw brokenLora(file, layer, 'its alpha is not one number');
  return (toFloat32(await readTensor(reference)).data as Float32Array)[0]!;
}

function checkBytes(file: string, tensors: TensorFile['tensors']): void {
  let total = 0;
  for (const [name, { dtype, shape }] of tensors) {
    const lengthBytes = elementCount(shape) * bytesPerElement[dtype];
    total += lengthBytes;
    if (lengthBytes > maxTensorBytes || total > maxTotalBytes) throw brokenLora(file, name, 'it is far too large');
  }
}

function kindInWords(tensors: TensorFile['tensors']): string {
  const kind = detectFileKind(tensors);
  if (kind === 'textual-inversion') return 'a textual-inversion embedding';
  if (kind === 'controlnet') return 'a ControlNet';
  return kind === 'unknown' ? 'a file of another kind' : 'a base model';
}
