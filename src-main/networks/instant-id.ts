// InstantID's networks beside a checkpoint: InstantID's own files beside SDXL, or a miniature that a pack brings for
// its own UNet. Opened in place, and refused with words where they do not fit.

import path from 'node:path';

import type { ControlNetConfig, UnetConfig } from '../checkpoint/configs.ts';
import { imageAttentionWeights, numberedName } from '../checkpoint/image-attention-names.ts';
import { type ImageAdapterFile, openIdentityNet, openImageAdapter } from '../checkpoint/instant-id-files.ts';
import { needsSdxl, otherDrive, otherImageAdapter, otherNetwork } from '../checkpoint/instant-id-refusals.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { openResamplerConfig, type ResamplerConfig } from '../checkpoint/resampler-config.ts';
import type { InstantIdPlaces } from '../contract/engine-faces.ts';
import { checkExactWeights } from '../models/exact-weights.ts';
import {
  controlNetParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
} from '../models/parameter-shapes.ts';
import type { WeightSource, WeightTable } from '../tensor/weights.ts';

export interface InstantId {
  readonly resampler: { readonly config: ResamplerConfig; readonly weights: WeightTable };
  /** to_k_ip.weight and to_v_ip.weight under the paths of the UNet's cross-attentions. */
  readonly imageAttention: WeightTable;
  readonly identityNet: { readonly config: ControlNetConfig; readonly weights: WeightTable };
}

export interface InstantIdFiles {
  /** ip-adapter.bin, or its safetensors edition. */
  readonly imageAdapter: string;
  /** The folder ControlNetModel, or its weights alone. */
  readonly identityNet: string;
}

export interface InstantIdOptions {
  /** Numbers of a face embedding, or any; ArcFace's 512 unless told. */
  readonly faceEmbeddingWidth?: number | 'any';
  /** A pack's own miniature may be for a UNet of any family; InstantID's files are for SDXL. */
  readonly isMiniature?: boolean;
  /** Where the file's Resampler has heads of another width than InstantID's 64. */
  readonly resampler?: ResamplerConfig;
  /** Where IdentityNet's file comes without config.json and has other head widths than SDXL. */
  readonly identityNet?: ControlNetConfig;
}

const arcFaceWidth = 512;

type CheckpointBeside = Pick<Checkpoint, 'architecture' | 'path' | 'unetConfig' | 'vaeConfig'>;

/**
 * Opens InstantID where the studio says that it lies. A pack's own encoder stands for a pack's own miniature, whose
 * embeddings are as wide as its Resampler reads; `resampler.json` beside the adapter tells the Resampler's sizes.
 * Refuses what openInstantId() refuses, and a resampler.json that describes none.
 */
export async function openInstantIdAt(places: InstantIdPlaces, checkpoint: CheckpointBeside): Promise<InstantId> {
  const isMiniature = places.encoder.kind === 'pack';
  const resampler = await openResamplerConfig(path.join(path.dirname(places.imageAdapter), 'resampler.json'));
  return openInstantId(places, checkpoint, {
    isMiniature, ...(isMiniature ? { faceEmbeddingWidth: 'any' } : {}), ...(resampler ? { resampler } : {}),
  });
}

/**
 * Opens InstantID by its headers. Refuses with a UserError checkpoints other than SDXL (but a pack's own miniature's),
 * files of something else, of another network or another adapter, and any that lack weights, have them in another shape
 * or have more.
 */
export async function openInstantId(
  files: InstantIdFiles, checkpoint: CheckpointBeside, options: InstantIdOptions = {},
): Promise<InstantId> {
  if (!options.isMiniature && checkpoint.architecture !== 'sdxl') {
    throw needsSdxl(checkpoint.path, checkpoint.architecture);
  }
  const { unetConfig } = checkpoint;
  const adapter = await openImageAdapter(files.imageAdapter, options.resampler);
  checkAdapter(adapter, unetConfig, options.faceEmbeddingWidth ?? arcFaceWidth);
  const identityNet = await openIdentityNet(files.identityNet, options.identityNet);
  const reason = misfit(identityNet.config, checkpoint, adapter.resampler.config);
  if (reason) throw otherNetwork(identityNet.path, 'identity-net', reason);
  checkExactWeights(identityNet.weights, controlNetParameters(identityNet.config), {
    file: identityNet.path, network: 'IdentityNet',
  });
  checkDrive(adapter.path, adapter.imageAttention.values(), checkpoint.path);
  checkDrive(identityNet.path, identityNet.weights.values(), checkpoint.path);
  return {
    resampler: adapter.resampler, identityNet,
    imageAttention: imageAttentionWeights(adapter.imageAttention, unetConfig),
  };
}

function checkAdapter(file: ImageAdapterFile, unetConfig: UnetConfig, faceEmbeddingWidth: number | 'any'): void {
  const { config, weights } = file.resampler;
  if (faceEmbeddingWidth !== 'any' && config.embeddingDim !== faceEmbeddingWidth) {
    throw otherImageAdapter(file.path, `it reads ${config.embeddingDim} numbers, a face has ${faceEmbeddingWidth}`);
  }
  const { crossAttentionDim } = unetConfig;
  if (config.outputDim !== crossAttentionDim) {
    const reason = `its tokens have ${config.outputDim} numbers, the UNet reads ${crossAttentionDim}`;
    throw otherNetwork(file.path, 'ip-adapter', reason);
  }
  // by the names of the file, which its owner can look up
  const found: WeightTable = new Map([
    ...prefixed('image_proj.', weights), ...prefixed('ip_adapter.', file.imageAttention),
    ...file.otherNames.map((name) => [name, { dtype: 'float32', shape: [], data: new Float32Array(1) }] as const),
  ]);
  const attention = [...imageAttentionParameters(unetConfig)].map(([name, shape]) => (
    [numberedName(name, unetConfig), shape] as const));
  const wanted: ParameterShapes = new Map([
    ...prefixed('image_proj.', resamplerParameters(config)), ...prefixed('ip_adapter.', attention),
  ]);
  checkExactWeights(found, wanted, { file: file.path, network: 'InstantID adapter' });
}

function prefixed<T>(prefix: string, entries: Iterable<readonly [string, T]>): [string, T][] {
  return [...entries].map(([name, value]) => [prefix + name, value]);
}

/** Why a ControlNet cannot add to the checkpoint's UNet or read the Resampler's tokens; undefined where it can. */
function misfit(
  config: ControlNetConfig, { unetConfig, vaeConfig }: Pick<Checkpoint, 'unetConfig' | 'vaeConfig'>,
  { outputDim }: ResamplerConfig,
): string | undefined {
  const sizes: readonly [string, unknown, unknown][] = [
    ['latent channels', config.inChannels, unetConfig.inChannels],
    ['channels a block', config.blockOutChannels.join(', '), unetConfig.blockOutChannels.join(', ')],
    ['layers a block', config.layersPerBlock, unetConfig.layersPerBlock],
    ['numbers of pooled text and sizes', config.textTime?.projectionInputDim, unetConfig.textTime?.projectionInputDim],
    ['numbers a token', config.crossAttentionDim, outputDim],
    ['halvings of the picture', config.conditioningEmbeddingOutChannels.length, vaeConfig.blockOutChannels.length],
  ];
  const wrong = sizes.find(([, found, wanted]) => found !== wanted);
  return wrong && `it has ${String(wrong[1] ?? 'no')} ${wrong[0]} in place of ${String(wrong[2] ?? 'none')}`;
}

/** Weights of another drive are fed as inputs, which ONNX Runtime's binding takes in no bfloat16. */
function checkDrive(file: string, weights: Iterable<WeightSource>, checkpoint: string): void {
  const [root, other] = [file, checkpoint].map((each) => path.parse(path.resolve(each)).root.toLowerCase());
  if (root !== other && [...weights].some(({ dtype }) => dtype === 'bfloat16')) throw otherDrive(file, checkpoint);
}
