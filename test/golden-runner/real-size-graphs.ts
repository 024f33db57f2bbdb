// Every graph of a real-size model, built from the shapes of its tensors alone: no number is read, and each network
// takes every one of its tensors once.

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import type { TextEncoderConfig, UnetConfig, VaeConfig } from '../../src-main/checkpoint/configs.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import { clipTextEncoder, textProjection } from '../../src-main/models/text-encoder.ts';
import { unet } from '../../src-main/models/unet.ts';
import { vaeDecoder, vaeEncoder } from '../../src-main/models/vae.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { exactRow, type GoldenRow } from './case.ts';

export interface BuildableModel {
  readonly unet: WeightTable;
  readonly vae: WeightTable;
  readonly textEncoders: readonly { readonly weights: WeightTable; readonly config: TextEncoderConfig }[];
  readonly unetConfig: UnetConfig;
  readonly vaeConfig: VaeConfig;
}

/** A row a network. */
export function buildGraphs(name: string, { unetConfig, vaeConfig, ...model }: BuildableModel): GoldenRow[] {
  return [
    build(`${name}: UNet`, model.unet, (scope) => addUnet(scope, unetConfig)),
    build(`${name}: VAE`, model.vae, (scope) => addVae(scope, unetConfig, vaeConfig)),
    ...model.textEncoders.map(({ weights, config }, i) => {
      return build(`${name}: text encoder ${i + 1}`, weights, (scope) => addTextEncoder(scope, config, weights));
    }),
  ];
}

function build(name: string, weights: WeightTable, describe: (scope: NetworkScope) => void): GoldenRow {
  const g = new GraphBuilder('real size');
  const taken = new Map<string, number>();
  const scope = frozenScope(g, weights);
  try {
    describe({
      ...scope,
      parameter: (parameter, shape) => {
        taken.set(parameter, (taken.get(parameter) ?? 0) + 1);
        return scope.parameter(parameter, shape);
      },
    });
    const graph = g.graph();
    verify(graph);
    const wrong = [...weights.keys()].filter((key) => taken.get(key) !== 1);
    const note = wrong.length > 0 ? `not taken once: ${wrong.slice(0, 5).join(' ')}`
      : `${taken.size} tensors in ${graph.nodes.length} nodes`;
    return exactRow(`${name} builds`, wrong.length === 0, note);
  } catch (error) {
    return exactRow(`${name} builds`, false, String((error as Error).message));
  }
}

function addUnet({ g, ...scope }: NetworkScope, config: UnetConfig): void {
  const size = config.sampleSize;
  const pooledWidth = config.textTime && config.textTime.projectionInputDim - 6 * config.textTime.timeEmbedDim;
  g.output('noise', unet({ g, ...scope }, config, {
    sample: g.input('sample', 'float32', [2, config.inChannels, size, size]),
    timestep: g.input('timestep', 'float32', [2]),
    encoderHiddenStates: g.input('context', 'float32', [2, 77, config.crossAttentionDim]),
    ...(pooledWidth === undefined ? {} : {
      textEmbeds: g.input('pooled', 'float32', [2, pooledWidth]), timeIds: g.input('time_ids', 'float32', [2, 6]),
    }),
  }));
}

function addVae({ g, ...scope }: NetworkScope, unetConfig: UnetConfig, config: VaeConfig): void {
  const size = unetConfig.sampleSize;
  const edgePx = size * 2 ** (config.blockOutChannels.length - 1);
  g.output('moments', vaeEncoder({ g, ...scope }, config, g.input('image', 'float32', [1, 3, edgePx, edgePx])));
  const latent = g.input('latent', 'float32', [1, config.latentChannels, size, size]);
  g.output('picture', vaeDecoder({ g, ...scope }, config, latent));
}

function addTextEncoder({ g, ...scope }: NetworkScope, config: TextEncoderConfig, weights: WeightTable): void {
  const tokens = config.maxPositionEmbeddings;
  const encoding = clipTextEncoder({ g, ...scope }, config, g.input('ids', 'int64', [1, tokens]));
  g.output('states', encoding.lastHiddenState);
  if (!weights.has('text_projection.weight')) return;
  g.output('pooled', textProjection({ g, ...scope }, config, encoding.pooled(config.vocabSize - 1)));
}
