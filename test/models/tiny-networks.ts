// Small networks with random parameters, evaluated in float64: what the tests of this folder look at.

import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import type { TextEncoderConfig, UnetConfig, VaeConfig } from '../../src-main/checkpoint/configs.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import type { LayerHook, NetworkScope } from '../../src-main/models/network-scope.ts';
import type { ParameterShapes } from '../../src-main/models/parameter-shapes.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';

/** Two resolutions, one layer each, 16 latent channels: the starter pack's shape, smaller. */
export const tinyUnet: UnetConfig = {
  sampleSize: 4, inChannels: 16, outChannels: 16,
  downBlockTypes: ['CrossAttnDownBlock2D', 'DownBlock2D'], upBlockTypes: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  blockOutChannels: [8, 12], layersPerBlock: 1, normNumGroups: 4, normEps: 1e-5, crossAttentionDim: 6,
  transformerLayersPerBlock: [1, 1], attentionHeads: [2, 3], useLinearProjection: false, upcastAttention: false,
};

export const tinyVae: VaeConfig = {
  blockOutChannels: [4, 8], layersPerBlock: 1, latentChannels: 16, normNumGroups: 4, scalingFactor: 0.4,
  forceUpcast: false,
};

export const tinyTextEncoder: TextEncoderConfig = {
  vocabSize: 20, hiddenSize: 8, intermediateSize: 16, numHiddenLayers: 3, numAttentionHeads: 2,
  maxPositionEmbeddings: 9, hiddenAct: 'quick_gelu', layerNormEps: 1e-5,
};

/** Numbers in −scale…scale that depend on nothing but the seed (mulberry32). */
export function randomTensor(shape: Shape, seed: number, scale = 1): Tensor {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return float32Tensor(shape, Float32Array.from({ length: elementCount(shape) }, () => (next() * 2 - 1) * scale));
}

export function randomWeights(shapes: ParameterShapes): WeightTable {
  return new Map([...shapes].map(([name, shape], index) => [name, randomTensor(shape, index + 1, 0.5)]));
}

export interface Network {
  readonly weights: WeightTable;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly layer?: LayerHook;
  describe(scope: NetworkScope, inputs: Readonly<Record<string, Value>>): Readonly<Record<string, Value>>;
}

export function buildGraph({ weights, feeds, layer, describe }: Network): Graph {
  const g = new GraphBuilder('tiny');
  const inputs = Object.entries(feeds).map(([name, { dtype, shape }]) => [name, g.input(name, dtype, shape)] as const);
  const outputs = describe(frozenScope(g, weights, layer), Object.fromEntries(inputs));
  for (const [name, value] of Object.entries(outputs)) g.output(name, value);
  const graph = g.graph();
  verify(graph);
  return graph;
}

/** Every output's numbers in float64. */
export function evaluateNetwork(network: Network): Record<string, Float64Array> {
  const outputs = evaluate(buildGraph(network), network.feeds);
  return Object.fromEntries(Object.entries(outputs).map(([name, { values }]) => [name, values]));
}
