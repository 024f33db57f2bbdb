// What the networks of a pipeline take of memory, told from their graphs alone: weights that are read, and the most
// that values take at one moment. Nothing is loaded and nothing runs.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { type ProviderForm, providerOptions } from '../compiler/3-simplify/provider-options.ts';
import { simplify } from '../compiler/3-simplify/simplify.ts';
import { graphMemory } from '../compiler/peak-memory.ts';
import type { MemoryPart } from '../contract/memory-plan.ts';
import { type Shape, bytesPerElement, elementCount } from '../tensor/tensor.ts';
import { contextLength } from '../text/tokenizer.ts';
import type { AdapterForm } from './adapter-input.ts';
import type { InstantId } from './instant-id.ts';
import { resamplerGraph } from './instant-id-graph.ts';
import { loraShapes } from './lora-graph.ts';
import { decoderGraph, encoderGraph, textGraph, unetGraph } from './pipeline-graphs.ts';
import { type Precision, precisionOptions, vaePrecision } from './precision.ts';
import { defaultTiling } from './vae-tiles.ts';

/** What computes, and how: graphs are made for it. */
export interface MemoryForm extends ProviderForm {
  readonly precision: Precision;
}

interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface PortraitForm extends MemoryForm, PictureSize {
  /** Pictures that go through the UNet together: two with guidance where both sides are one call. */
  readonly rows: number;
  readonly adapter?: AdapterForm;
  /** With a face that is drawn without teaching. */
  readonly instantId?: InstantId;
}

/** How a pipeline saves memory. */
export interface PipelineSaving {
  /** Its networks one after another. */
  readonly isSequential: boolean;
  /** Its pictures' decoder tile by tile. */
  readonly isTiled: boolean;
  /** Attention in smaller slices. */
  readonly isSliced: boolean;
}

/** Text encoders, Resampler, UNet with IdentityNet, and the VAE's decoder last, all of them loaded together. */
export function portraitParts(checkpoint: Checkpoint, form: PortraitForm): MemoryPart[] {
  const { adapter, instantId } = form;
  return [
    partOf('text-encoder', textGraph(checkpoint, { count: contextLength, adapter, skipLayers: 0 }), form, checkpoint),
    ...(instantId ? [partOf('resampler', resamplerGraph(instantId, embeddingShape(instantId)), form, checkpoint)] : []),
    unetPart(checkpoint, form),
    decoderPart(checkpoint, form, false),
  ];
}

/** The UNet for pictures of a size, with what an adapter and IdentityNet add to it. */
export function unetPart(checkpoint: Checkpoint, form: PortraitForm): MemoryPart {
  const { vaeConfig, textEncoders } = checkpoint;
  const { rows, adapter, instantId } = form;
  const width = textEncoders.reduce((sum, { config }) => sum + config.hiddenSize, 0);
  const part = partOf('unet', unetGraph(checkpoint, {
    latents: [rows, ...latentShape(vaeConfig, form)], context: [rows, contextLength, width], adapter,
    face: instantId && faceOf(instantId, form),
  }), form, checkpoint);
  return { ...part, weightBytes: part.weightBytes + adapterBytes(adapter) };
}

/** The matrices of an adapter, which the graphs take as inputs. */
function adapterBytes(adapter: AdapterForm | undefined): number {
  const modules = adapter ? [...adapter.unet, ...adapter.textEncoders.flat()] : [];
  return bytesPerElement.float32 * modules.reduce((sum, module) => {
    const { down, up } = loraShapes(module);
    return sum + elementCount(down) + elementCount(up);
  }, 0);
}

/** The VAE's decoder over the whole picture, or over one tile. */
export function decoderPart(checkpoint: Checkpoint, form: MemoryForm & PictureSize, isTiled: boolean): MemoryPart {
  return vaePart('vae', checkpoint, form, isTiled, (latent) => decoderGraph(checkpoint, latent));
}

/** The VAE's encoder likewise, which reads a picture to start from or to compare with. */
export function encoderPart(checkpoint: Checkpoint, form: MemoryForm & PictureSize, isTiled: boolean): MemoryPart {
  const factor = 2 ** (checkpoint.vaeConfig.blockOutChannels.length - 1);
  return vaePart('vae-encoder', checkpoint, form, isTiled, ([, height, width]) => (
    encoderGraph(checkpoint, [3, height! * factor, width! * factor])));
}

function vaePart(
  name: string, checkpoint: Checkpoint, form: MemoryForm & PictureSize, isTiled: boolean,
  graphOf: (latent: Shape) => Graph,
): MemoryPart {
  const [channels, ...edges] = latentShape(checkpoint.vaeConfig, form);
  const one = isTiled ? edges.map((edge) => Math.min(edge, defaultTiling.tile)) : edges;
  return partOf(name, graphOf([channels!, ...one]), {
    ...form, precision: vaePrecision(checkpoint, form.precision),
  }, checkpoint);
}

/** One picture's. */
function latentShape(
  { latentChannels, blockOutChannels }: Checkpoint['vaeConfig'], { widthPx, heightPx }: PictureSize,
): Shape {
  const factor = 2 ** (blockOutChannels.length - 1);
  return [latentChannels, Math.ceil(heightPx / factor), Math.ceil(widthPx / factor)];
}

/** What encodes captions and photos before teaching: text encoders and the VAE's encoder. */
export function encodingParts(
  checkpoint: Checkpoint, form: MemoryForm & PictureSize,
): MemoryPart[] {
  return [
    partOf('text-encoder', textGraph(checkpoint, { count: contextLength, skipLayers: 0 }), form, checkpoint),
    encoderPart(checkpoint, form, false),
  ];
}

function faceOf(instantId: InstantId, { widthPx, heightPx, rows }: PortraitForm) {
  const { numQueries, outputDim } = instantId.resampler.config;
  return {
    instantId,
    form: { imageTokens: [rows, numQueries, outputDim] as const, keyPoints: [1, 3, heightPx, widthPx] as const },
  };
}

function embeddingShape({ resampler: { config } }: InstantId): Shape {
  return [1, 1, config.embeddingDim];
}

/** A graph as it is opened on this provider. */
export function partOf(
  name: string, graph: Graph, form: MemoryForm, checkpoint: Pick<Checkpoint, 'architecture' | 'unetConfig'>,
): MemoryPart {
  const options = { ...providerOptions(form), ...precisionOptions(checkpoint, form.precision) };
  const simple = simplify(graph, options);
  const { weightBytes, foldedBytes, peakBytes } = graphMemory(simple);
  const sessionBytes = form.provider === 'cpu' ? simple.nodes.length * bytesPerNode : 0;
  return {
    name, weightBytes: weightBytes + foldedBytes, activationBytes: peakBytes + sessionBytes, trainingBytes: 0, stage: 0,
  };
}

/** Plans, names and gaps between values, in the machine's memory: measured with graphs of 1,000 to 8,000 nodes. */
const bytesPerNode = 50_000;

/**
 * What is taken before any network: Node, ONNX Runtime and its kernels' own buffers on the processor (measured); on a
 * graphics card its driver's share (a guess, as far as cards have not been measured).
 */
export const engineBytes = 0.42e9;

/** Of the stage that takes most: parts of one stage are loaded together, of which one runs at a time. */
export function peakOf(parts: readonly MemoryPart[]): number {
  return engineBytes + Math.max(0, ...[...new Set(parts.map(({ stage }) => stage))].map((each) => {
    const own = parts.filter(({ stage }) => stage === each);
    const loaded = own.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
    return loaded + Math.max(...own.map(({ activationBytes, trainingBytes }) => activationBytes + trainingBytes));
  }));
}
