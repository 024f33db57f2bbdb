// The configs of a single-file checkpoint, read off its tensors' shapes: such files carry no config.json.
// What shapes cannot tell is what the family always has: 32 normalisation groups, CLIP heads of 64, 8 heads in the UNet
// of SD 1 and heads of 64 in those of SD 2 and SDXL.

import type { Shape } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { Architecture } from './architecture.ts';
import type {
  ControlNetConfig, TextEncoderConfig, UnetConfig, UnetTrunkConfig, VaeConfig,
} from './configs.ts';
import { incompleteCheckpoint, unusualSize } from './refusals.ts';

const sd1Heads = 8;
const headWidth = 64;
const normGroups = 32;

/** Latent edge that each family was trained at; SD 2 with v-prediction is the 768-pixel model. */
const sampleSizes: Readonly<Record<Architecture, number>> = { sd15: 64, sd2: 64, sdxl: 128 };
const sampleSizeSd2Velocity = 96;

/** Rombach et al. 2022; Podell et al. 2023 trained SDXL's VAE anew. */
const scalingFactors: Readonly<Record<Architecture, number>> = { sd15: 0.18215, sd2: 0.18215, sdxl: 0.13025 };

/** Podell et al. 2023: six numbers about each picture's size and crop, each as a sinusoid, after the pooled text. */
const timeIdCount = 6;

export interface TrunkInference {
  /** Names the checkpoint in errors. */
  readonly file: string;
  readonly architecture: Architecture;
  /** Width of SDXL's pooled text. */
  readonly pooledWidth?: number;
}

export interface UnetInference extends TrunkInference {
  readonly predictionType: 'epsilon' | 'v_prediction';
}

/** Infers a UNet's config from its weights under diffusers' names. */
export function inferUnetConfig(weights: WeightTable, inference: UnetInference): UnetConfig {
  const { file, architecture, predictionType } = inference;
  const trunk = inferTrunkConfig(weights, inference);
  const hasAttention = (i: number): boolean => weights.has(`up_blocks.${i}.attentions.0.norm.weight`);
  return {
    ...trunk,
    sampleSize: architecture === 'sd2' && predictionType === 'v_prediction'
      ? sampleSizeSd2Velocity : sampleSizes[architecture],
    outChannels: shapeOf(weights, 'conv_out.weight', file)[0]!,
    upBlockTypes: trunk.blockOutChannels.map((_, i) => (hasAttention(i) ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
  };
}

/** Infers a ControlNet's config from its weights under diffusers' names. */
export function inferControlNetConfig(weights: WeightTable, inference: TrunkInference): ControlNetConfig {
  const { file } = inference;
  const blocks = indices(weights, /^controlnet_cond_embedding\.blocks\.(\d+)\.weight$/);
  const widthOf = (i: number): number => shapeOf(weights, `controlnet_cond_embedding.blocks.${i}.weight`, file)[0]!;
  return {
    ...inferTrunkConfig(weights, inference),
    conditioningEmbeddingOutChannels: [
      shapeOf(weights, 'controlnet_cond_embedding.conv_in.weight', file)[0]!,
      ...blocks.filter((i) => i % 2 === 1).map(widthOf),
    ],
  };
}

function inferTrunkConfig(weights: WeightTable, inference: TrunkInference): UnetTrunkConfig {
  const { file, architecture } = inference;
  const blocks = indices(weights, /^down_blocks\.(\d+)\./);
  const blockOutChannels = blocks.map((i) => shapeOf(weights, `down_blocks.${i}.resnets.0.conv1.weight`, file)[0]!);
  checkDivisible(blockOutChannels, normGroups, file, 'UNet');
  if (architecture !== 'sd15') checkDivisible(blockOutChannels, headWidth, file, 'UNet');
  const hasAttention = (i: number): boolean => weights.has(`down_blocks.${i}.attentions.0.norm.weight`);
  const contextWeight = 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight';
  const transformerOf = (i: number): RegExp =>
    new RegExp(`^down_blocks\\.${i}\\.attentions\\.0\\.transformer_blocks\\.(\\d+)\\.`);
  const depth = blocks.map((i) => indices(weights, transformerOf(i)).length);
  return {
    inChannels: shapeOf(weights, 'conv_in.weight', file)[1]!,
    downBlockTypes: blocks.map((i) => (hasAttention(i) ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    blockOutChannels,
    layersPerBlock: indices(weights, /^down_blocks\.0\.resnets\.(\d+)\./).length,
    normNumGroups: normGroups,
    normEps: 1e-5,
    crossAttentionDim: shapeOf(weights, contextWeight, file)[1]!,
    transformerLayersPerBlock: depth.map((count) => Math.max(count, 1)),
    attentionHeads: blockOutChannels.map((channels) => (architecture === 'sd15' ? sd1Heads : channels / headWidth)),
    useLinearProjection: shapeOf(weights, 'mid_block.attentions.0.proj_in.weight', file).length === 2,
    upcastAttention: false,
    ...(architecture === 'sdxl' ? { textTime: inferTextTime(weights, inference) } : {}),
  };
}

function inferTextTime(
  weights: WeightTable, { file, pooledWidth = 0 }: TrunkInference,
): NonNullable<UnetTrunkConfig['textTime']> {
  const projectionInputDim = shapeOf(weights, 'add_embedding.linear_1.weight', file)[1]!;
  const timeEmbedDim = (projectionInputDim - pooledWidth) / timeIdCount;
  if (!Number.isInteger(timeEmbedDim) || timeEmbedDim <= 0) throw unusualSize(file, 'UNet', projectionInputDim);
  return { timeEmbedDim, projectionInputDim };
}

/** Infers a VAE's config; the latent factor is that of the family. */
export function inferVaeConfig(weights: WeightTable, file: string, architecture: Architecture): VaeConfig {
  const blocks = indices(weights, /^encoder\.down_blocks\.(\d+)\./);
  const blockOutChannels = blocks.map(
    (i) => shapeOf(weights, `encoder.down_blocks.${i}.resnets.0.conv1.weight`, file)[0]!);
  checkDivisible(blockOutChannels, normGroups, file, 'VAE');
  return {
    blockOutChannels,
    layersPerBlock: indices(weights, /^encoder\.down_blocks\.0\.resnets\.(\d+)\./).length,
    latentChannels: shapeOf(weights, 'decoder.conv_in.weight', file)[1]!,
    normNumGroups: normGroups,
    scalingFactor: scalingFactors[architecture],
    forceUpcast: true,
  };
}

/** Infers a text encoder's config: OpenAI's CLIP ViT-L computes with quick_gelu, the OpenCLIP models with gelu. */
export function inferTextEncoderConfig(
  weights: WeightTable, file: string, hiddenAct: TextEncoderConfig['hiddenAct'],
): TextEncoderConfig {
  const [vocabSize, hiddenSize] = shapeOf(weights, 'text_model.embeddings.token_embedding.weight', file);
  const layers = indices(weights, /^text_model\.encoder\.layers\.(\d+)\./);
  const projection = weights.get('text_projection.weight');
  checkDivisible([hiddenSize!], headWidth, file, 'text encoder');
  return {
    vocabSize: vocabSize!,
    hiddenSize: hiddenSize!,
    intermediateSize: shapeOf(weights, 'text_model.encoder.layers.0.mlp.fc1.weight', file)[0]!,
    ...(projection ? { projectionDim: projection.shape[0]! } : {}),
    numHiddenLayers: layers.length,
    numAttentionHeads: hiddenSize! / headWidth,
    maxPositionEmbeddings: shapeOf(weights, 'text_model.embeddings.position_embedding.weight', file)[0]!,
    hiddenAct,
    layerNormEps: 1e-5,
  };
}

/** The numbers 0, 1, 2... that the first group of a pattern takes, without gaps. */
function indices(weights: WeightTable, pattern: RegExp): number[] {
  const found = new Set<number>();
  for (const name of weights.keys()) {
    const match = pattern.exec(name);
    if (match) found.add(Number(match[1]));
  }
  const list: number[] = [];
  while (found.has(list.length)) list.push(list.length);
  return list;
}

function shapeOf(weights: WeightTable, name: string, file: string): Shape {
  const tensor = weights.get(name);
  if (!tensor) throw incompleteCheckpoint(file, name);
  return tensor.shape;
}

function checkDivisible(widths: readonly number[], by: number, file: string, network: string): void {
  const odd = widths.find((count) => count % by !== 0);
  if (odd !== undefined) throw unusualSize(file, network, odd);
}
