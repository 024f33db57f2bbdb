// What the networks of a pipeline take of memory, told from their graphs alone: weights that are read, and the most
// that values take at one moment. Nothing is loaded and nothing runs.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { type SimplifyOptions, simplify } from '../compiler/3-simplify/simplify.ts';
import { peakBytes } from '../compiler/peak-memory.ts';
import type { MemoryPart } from '../contract/memory-plan.ts';
import { type Shape, bytesPerElement, elementCount } from '../tensor/tensor.ts';
import { decoderGraph, textGraph, unetGraph } from './pipeline-graphs.ts';
import { type Precision, precisionOptions, vaePrecision } from './precision.ts';

export interface PortraitSize {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pictures that go through the UNet together: two for each with guidance. */
  readonly rows: number;
  readonly precision: Precision;
}

const promptTokens = 77;

/** Text encoders, UNet and the VAE's decoder, all of which stay loaded together. */
export function portraitParts(checkpoint: Checkpoint, size: PortraitSize): MemoryPart[] {
  const { vaeConfig, textEncoders } = checkpoint;
  const factor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  const one: Shape = [vaeConfig.latentChannels, Math.ceil(size.heightPx / factor), Math.ceil(size.widthPx / factor)];
  const width = textEncoders.reduce((sum, { config }) => sum + config.hiddenSize, 0);
  const simplified = precisionOptions(checkpoint, size.precision);
  const vae = precisionOptions(checkpoint, vaePrecision(checkpoint, size.precision));
  return [
    partOf('text-encoder', textGraph(checkpoint, { count: promptTokens, skipLayers: 0 }), simplified),
    partOf('unet', unetGraph(checkpoint, {
      latents: [size.rows, ...one], context: [size.rows, promptTokens, width],
    }), simplified),
    partOf('vae', decoderGraph(checkpoint, one), vae),
  ];
}

/** Weights count in the number type that they lie in; a number that stands in several places counts once. */
export function partOf(name: string, graph: Graph, options: SimplifyOptions): MemoryPart {
  const simple = simplify(graph, options);
  let weightBytes = 0;
  for (const source of new Set(simple.initializers.values())) {
    weightBytes += bytesPerElement[source.dtype] * elementCount(source.shape);
  }
  return { name, weightBytes, activationBytes: peakBytes(simple), trainingBytes: 0, stage: 0 };
}

/** Parts that are loaded together, of which one runs at a time. */
export function peakOf(parts: readonly MemoryPart[]): number {
  const weights = parts.reduce((sum, part) => sum + part.weightBytes, 0);
  return weights + Math.max(0, ...parts.map((part) => part.activationBytes + part.trainingBytes));
}
