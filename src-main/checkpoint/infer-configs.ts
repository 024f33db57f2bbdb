// The configs of a single-file checkpoint, read off its tensors' shapes: such files carry no config.json.
// What shapes cannot tell is what SD 1.x always has: 8 heads, 32 normalisation groups, CLIP heads of 64.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import type { SchedulerConfig, TextEncoderConfig, UnetConfig, VaeConfig } from './configs.ts';
import { stableDiffusionScheduler } from './configs.ts';
import { quote } from './file-errors.ts';

const sd1Heads = 8;
const sd1Groups = 32;
const clipHeadWidth = 64;

/** Infers an SD 1.x UNet's config. `file` names the checkpoint in errors. */
export function inferUnetConfig(weights: WeightTable, file: string): UnetConfig {
  const blocks = indices(weights, /^down_blocks\.(\d+)\./);
  const blockOutChannels = blocks.map((i) => shapeOf(weights, `down_blocks.${i}.resnets.0.conv1.weight`, file)[0]!);
  checkGroups(blockOutChannels, file, 'UNet');
  const hasAttention = (side: string, i: number): boolean => weights.has(`${side}.${i}.attentions.0.norm.weight`);
  const contextWeight = 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight';
  const transformerOf = (i: number): RegExp =>
    new RegExp(`^down_blocks\\.${i}\\.attentions\\.0\\.transformer_blocks\\.(\\d+)\\.`);
  const depth = blocks.map((i) => indices(weights, transformerOf(i)).length);
  return {
    sampleSize: 64,
    inChannels: shapeOf(weights, 'conv_in.weight', file)[1]!,
    outChannels: shapeOf(weights, 'conv_out.weight', file)[0]!,
    downBlockTypes: blocks.map((i) => (hasAttention('down_blocks', i) ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    upBlockTypes: blocks.map((i) => (hasAttention('up_blocks', i) ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    blockOutChannels,
    layersPerBlock: indices(weights, /^down_blocks\.0\.resnets\.(\d+)\./).length,
    normNumGroups: sd1Groups,
    normEps: 1e-5,
    crossAttentionDim: shapeOf(weights, contextWeight, file)[1]!,
    transformerLayersPerBlock: depth.map((count) => Math.max(count, 1)),
    attentionHeads: blocks.map(() => sd1Heads),
    useLinearProjection: shapeOf(weights, 'mid_block.attentions.0.proj_in.weight', file).length === 2,
    upcastAttention: false,
  };
}

/** Infers a VAE's config; the latent factor is Stable Diffusion 1's. */
export function inferVaeConfig(weights: WeightTable, file: string): VaeConfig {
  const blocks = indices(weights, /^encoder\.down_blocks\.(\d+)\./);
  const blockOutChannels = blocks.map(
    (i) => shapeOf(weights, `encoder.down_blocks.${i}.resnets.0.conv1.weight`, file)[0]!);
  checkGroups(blockOutChannels, file, 'VAE');
  return {
    blockOutChannels,
    layersPerBlock: indices(weights, /^encoder\.down_blocks\.0\.resnets\.(\d+)\./).length,
    latentChannels: shapeOf(weights, 'decoder.conv_in.weight', file)[1]!,
    normNumGroups: sd1Groups,
    scalingFactor: 0.18215,
    forceUpcast: true,
  };
}

/** Infers a CLIP ViT-L style text encoder's config. */
export function inferTextEncoderConfig(weights: WeightTable, file: string): TextEncoderConfig {
  const [vocabSize, hiddenSize] = shapeOf(weights, 'text_model.embeddings.token_embedding.weight', file);
  const layers = indices(weights, /^text_model\.encoder\.layers\.(\d+)\./);
  if (hiddenSize! % clipHeadWidth !== 0) throw unusualSize(file, 'text encoder', hiddenSize!);
  return {
    vocabSize: vocabSize!,
    hiddenSize: hiddenSize!,
    intermediateSize: shapeOf(weights, 'text_model.encoder.layers.0.mlp.fc1.weight', file)[0]!,
    numHiddenLayers: layers.length,
    numAttentionHeads: hiddenSize! / clipHeadWidth,
    maxPositionEmbeddings: shapeOf(weights, 'text_model.embeddings.position_embedding.weight', file)[0]!,
    hiddenAct: 'quick_gelu',
    layerNormEps: 1e-5,
  };
}

/** Stable Diffusion's noise schedule, with the prediction type that the file's metadata names, if any. */
export function inferSchedulerConfig(metadata: ReadonlyMap<string, string>): SchedulerConfig {
  const named = metadata.get('modelspec.prediction_type') ?? metadata.get('modelspec.predict_key');
  const isVelocity = named !== undefined && /^v(?:_prediction)?$/.test(named.trim());
  return { ...stableDiffusionScheduler, predictionType: isVelocity ? 'v_prediction' : 'epsilon' };
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

function checkGroups(channels: readonly number[], file: string, network: string): void {
  const odd = channels.find((count) => count % sd1Groups !== 0);
  if (odd !== undefined) throw unusualSize(file, network, odd);
}

/** A checkpoint in which a tensor is missing. */
export function incompleteCheckpoint(file: string, name: string): UserError {
  return new UserError('checkpoint.incomplete', {
    what: `${quote(file)} lacks the tensor ${JSON.stringify(name)}.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Choose a complete checkpoint with UNet, text encoder and VAE, or get the file again.',
  }, { file: path.basename(file), name });
}

function unusualSize(file: string, network: string, width: number): UserError {
  return new UserError('checkpoint.size-unknown', {
    what: `The ${network} in ${quote(file)} has layers of ${width} channels, which no Stable Diffusion 1.x has.`,
    safe: 'The file was only read and nothing was changed.',
    todo: 'Use the diffusers folder of the same model: its config.json files say what a single file cannot.',
  }, { file: path.basename(file), network, width });
}
