// What the networks of a pipeline take of memory, told from their graphs alone: weights that are read, and the most
// that values take at one moment. Nothing is loaded and nothing runs.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { type ProviderForm, providerOptions } from '../compiler/3-simplify/provider-options.ts';
import { simplify } from '../compiler/3-simplify/simplify.ts';
import { graphMemory } from '../compiler/peak-memory.ts';
import type { MemoryPart } from '../contract/memory-plan.ts';
import type { Shape } from '../tensor/tensor.ts';
import { contextLength } from '../text/tokenizer.ts';
import type { AdapterForm } from './adapter-input.ts';
import type { InstantId } from './instant-id.ts';
import { resamplerGraph } from './instant-id-graph.ts';
import { decoderGraph, textGraph, unetGraph } from './pipeline-graphs.ts';
import { type Precision, precisionOptions, vaePrecision } from './precision.ts';
import { defaultTiling } from './vae-tiles.ts';

/** What computes, and how: graphs are made for it. */
export interface MemoryForm extends ProviderForm {
  readonly precision: Precision;
}

export interface PortraitForm extends MemoryForm {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pictures that go through the UNet together: two with guidance where both sides are one call. */
  readonly rows: number;
  readonly adapter?: AdapterForm;
  /** With a face that is drawn without teaching. */
  readonly instantId?: InstantId;
}

/** How a pipeline saves memory: its networks one after another, its pictures' decoder tile by tile. */
export interface PipelineSaving {
  readonly isSequential: boolean;
  readonly isTiled: boolean;
}

/**
 * Text encoders, Resampler, UNet with IdentityNet, and the VAE's decoder. One stage where they stay loaded together,
 * else a stage each.
 */
export function portraitParts(
  checkpoint: Checkpoint, form: PortraitForm, saving: PipelineSaving = { isSequential: false, isTiled: false },
): MemoryPart[] {
  const { vaeConfig, textEncoders } = checkpoint;
  const { widthPx, heightPx, rows, adapter, instantId } = form;
  const factor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  const edge = (px: number): number => Math.ceil(px / factor);
  const channels = vaeConfig.latentChannels;
  const one: Shape = [channels, edge(heightPx), edge(widthPx)];
  const decoded: Shape = saving.isTiled
    ? [channels, Math.min(one[1]!, defaultTiling.tile), Math.min(one[2]!, defaultTiling.tile)] : one;
  const width = textEncoders.reduce((sum, { config }) => sum + config.hiddenSize, 0);
  const face = instantId && faceOf(instantId, form);
  const parts = [
    partOf('text-encoder', textGraph(checkpoint, { count: contextLength, adapter, skipLayers: 0 }), form, checkpoint),
    ...(instantId ? [partOf('resampler', resamplerGraph(instantId, embeddingShape(instantId)), form, checkpoint)] : []),
    partOf(face ? 'unet-and-identity-net' : 'unet', unetGraph(checkpoint, {
      latents: [rows, ...one], context: [rows, contextLength, width], adapter, face,
    }), form, checkpoint),
    partOf('vae', decoderGraph(checkpoint, decoded), {
      ...form, precision: vaePrecision(checkpoint, form.precision),
    }, checkpoint),
  ];
  return parts.map((part, stage) => ({ ...part, stage: saving.isSequential ? stage : 0 }));
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
  const { weightBytes, foldedBytes, peakBytes } = graphMemory(simplify(graph, options));
  return {
    name, weightBytes: weightBytes + foldedBytes, activationBytes: peakBytes, trainingBytes: 0, stage: 0,
  };
}

/** Of the stage that takes most: parts of one stage are loaded together, of which one runs at a time. */
export function peakOf(parts: readonly MemoryPart[]): number {
  const stages = [...Map.groupBy(parts, ({ stage }) => stage).values()];
  return Math.max(0, ...stages.map((own) => (
    own.reduce((sum, { weightBytes }) => sum + weightBytes, 0)
      + Math.max(...own.map(({ activationBytes, trainingBytes }) => activationBytes + trainingBytes)))));
}
