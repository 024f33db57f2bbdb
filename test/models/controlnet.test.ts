// The ControlNet's description beyond what the golden numbers say: what it adds to a UNet, and what it refuses.

import { expect, test } from 'vitest';

import type { ControlNetConfig } from '../../src-main/checkpoint/configs.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';
import { controlNet } from '../../src-main/models/controlnet.ts';
import { convolution } from '../../src-main/models/layers.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import type { NetworkScope } from '../../src-main/models/network-scope.ts';
import { controlNetParameters, unetParameters } from '../../src-main/models/parameter-shapes.ts';
import { type ControlResiduals, unet } from '../../src-main/models/unet.ts';
import { downBlock, midBlock, trunkOf } from '../../src-main/models/unet-trunk.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';
import type { WeightTable } from '../../src-main/tensor/weights.ts';
import { buildGraph, evaluateNetwork, type Network, randomTensor, randomWeights, tinyUnet } from './tiny-networks.ts';

const config: ControlNetConfig = { ...tinyUnet, conditioningEmbeddingOutChannels: [3, 5] };
const weights = randomWeights(controlNetParameters(config));
const unetWeights = randomWeights(unetParameters(tinyUnet));
const feeds = {
  sample: randomTensor([2, 16, 4, 6], 1), timestep: float32Tensor([2], [7, 940]), context: randomTensor([2, 5, 6], 2),
  picture: randomTensor([2, 3, 8, 12], 3), strength: float32Tensor([1], [0.7]),
};

type Inputs = Readonly<Record<string, Value>>;

const trunkInputs = (inputs: Inputs) => ({
  sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
});

function residualsOf(scope: NetworkScope, inputs: Inputs): ControlResiduals {
  return controlNet(scope, config, {
    ...trunkInputs(inputs), conditioning: inputs['picture']!, strength: inputs['strength']!,
  });
}

function named({ down, mid }: ControlResiduals): Record<string, Value> {
  return { ...Object.fromEntries(down.map((value, i) => [`down${i}`, value])), mid };
}

function network(changed: Readonly<Record<string, Tensor>> = {}, table: WeightTable = weights): Network {
  return {
    weights: table, feeds: { ...feeds, ...changed }, describe: (scope, inputs) => named(residualsOf(scope, inputs)),
  };
}

/** The UNet with the ControlNet's residuals: [2, 16, 4, 6]. */
function controlled(changed: Readonly<Record<string, Tensor>>): Network {
  return {
    ...network(changed), weights: unetWeights,
    describe: ({ g }, inputs) => ({
      noise: unet(frozenScope(g, unetWeights), tinyUnet, {
        ...trunkInputs(inputs), controlResiduals: residualsOf(frozenScope(g, weights), inputs),
      }),
    }),
  };
}

const largestDifference = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test('one residual for the first convolution, each resnet and each downsampler of the way down, and one for the middle',
  () => {
    const outputs = evaluate(buildGraph(network()), feeds);
    const shapes = Object.fromEntries(Object.entries(outputs).map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({
      down0: [2, 8, 4, 6], down1: [2, 8, 4, 6], down2: [2, 8, 2, 3], down3: [2, 12, 2, 3], mid: [2, 12, 2, 3],
    });
  });

test('with 1x1 convolutions of ones and a picture that says nothing, the residuals are the way down itself', () => {
  const plain = new Map([...weights].map(([name, source]) => {
    const { shape } = source;
    if (name.startsWith('controlnet_cond_embedding.conv_out')) return [name, zeros(shape)] as const;
    if (!/^controlnet_(?:down_blocks|mid_block)/.test(name)) return [name, source] as const;
    return [name, shape.length === 1 ? zeros(shape) : identity(shape[0]!)] as const;
  }));
  const trunk = evaluateNetwork({
    weights, feeds: { sample: feeds.sample, timestep: feeds.timestep, context: feeds.context },
    describe: (scope, inputs) => {
      const shared = trunkOf(scope, config, trunkInputs(inputs), 'ControlNet');
      const skips = [convolution(scope, 'conv_in', inputs['sample']!, 8)];
      config.blockOutChannels.forEach((_, level) => downBlock(scope, shared, level, skips));
      return named({ down: skips, mid: midBlock(scope, shared, skips.at(-1)!) });
    },
  });
  const residuals = evaluateNetwork(network({}, plain));
  for (const [name, values] of Object.entries(trunk)) {
    // 0.7 as float32
    expect(largestDifference(residuals[name]!, values.map((value) => value * Math.fround(0.7)))).toBeLessThan(1e-12);
  }
});

test('the picture is made small by 3x3 convolutions, each second one halving, with SiLU between them', () => {
  const only = new Map([...weights].map(([name, source]) => {
    const { shape } = source;
    if (name.startsWith('conv_in.')) return [name, zeros(shape)] as const;
    if (!name.startsWith('controlnet_down_blocks.0.')) return [name, source] as const;
    return [name, shape.length === 1 ? zeros(shape) : identity(shape[0]!)] as const;
  }));
  const one = randomTensor([1, 3, 8, 12], 6);
  const path = 'controlnet_cond_embedding';
  const silu = (x: Planes): Planes => x.map((plane) => plane.map((row) => row.map((v) => v / (1 + Math.exp(-v)))));
  let x = silu(plainConvolution(planesOf(one), `${path}.conv_in`, 1));
  x = silu(plainConvolution(x, `${path}.blocks.0`, 1));
  x = silu(plainConvolution(x, `${path}.blocks.1`, 2));
  const expected = plainConvolution(x, `${path}.conv_out`, 1).flat(2);
  const actual = evaluateNetwork(network({ picture: one, strength: float32Tensor([1], [1]) }, only))['down0']!;
  expect(expected.length).toBe(actual.length / 2);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 9));
});

test('strength 0 leaves the UNet as it is, and the residuals grow with the strength', () => {
  const { sample, timestep, context } = feeds;
  const alone = evaluateNetwork({
    weights: unetWeights, feeds: { sample, timestep, context },
    describe: (scope, inputs) => ({ noise: unet(scope, tinyUnet, trunkInputs(inputs)) }),
  })['noise']!;
  const at = (strength: number) => evaluateNetwork(controlled({ strength: float32Tensor([1], [strength]) }))['noise']!;
  expect(at(0)).toEqual(alone);
  expect(largestDifference(at(1), alone)).toBeGreaterThan(1e-3);
  const [half, whole] = [0.5, 1].map((strength) => (
    evaluateNetwork(network({ strength: float32Tensor([1], [strength]) }))['mid']!));
  expect(largestDifference(whole!, half!.map((value) => 2 * value))).toBeLessThan(1e-12);
});

test('picture, text and timestep reach the residuals; one picture serves the whole batch', () => {
  const base = evaluateNetwork(network())['mid']!;
  const changes = {
    picture: randomTensor([2, 3, 8, 12], 30), context: randomTensor([2, 5, 6], 20),
    timestep: float32Tensor([2], [8, 3]),
  };
  for (const [name, tensor] of Object.entries(changes)) {
    const changed = evaluateNetwork(network({ [name]: tensor }))['mid']!;
    expect(largestDifference(changed, base), name).toBeGreaterThan(1e-4);
  }
  const one = randomTensor([1, 3, 8, 12], 5);
  const twice = float32Tensor([2, 3, 8, 12], Float32Array.from([...one.data, ...one.data] as number[]));
  const [shared, repeated] = [one, twice].map((picture) => evaluateNetwork(network({ picture }))['mid']);
  expect(shared).toEqual(repeated);
});

test('pictures of another size or count, and residuals of another UNet, are refused', () => {
  for (const shape of [[2, 3, 4, 6], [2, 1, 8, 12], [3, 3, 8, 12]]) {
    expect(() => evaluateNetwork(network({ picture: randomTensor(shape, 1) }))).toThrow('[2, 3, 8, 12]');
  }
  const short: Network = {
    ...network(), weights: unetWeights,
    describe: ({ g }, inputs) => {
      const { down, mid } = residualsOf(frozenScope(g, weights), inputs);
      const controlResiduals = { down: down.slice(1), mid };
      return { noise: unet(frozenScope(g, unetWeights), tinyUnet, { ...trunkInputs(inputs), controlResiduals }) };
    },
  };
  expect(() => evaluateNetwork(short)).toThrow('takes 4 residuals');
});

test('a UNet with its ControlNet computes on ONNX Runtime what the reference says', async () => {
  const graph = buildGraph(controlled({}));
  const expected = evaluate(graph, feeds)['noise']!.values;
  const session = await openSession(graph, { provider: 'cpu', threads: 1 });
  try {
    const actual = Float64Array.from((await session.run(feeds))['noise']!.data as Float32Array);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largestDifference(actual, expected) / largest).toBeLessThan(5e-6);
  } finally {
    await session.release();
  }
});

function zeros(shape: readonly number[]): Tensor {
  return float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
}

function identity(size: number): Tensor {
  const data = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
  return float32Tensor([size, size, 1, 1], data);
}

type Planes = number[][][];

function planesOf({ shape, data }: Tensor): Planes {
  const [, channels, height, width] = shape as [number, number, number, number];
  return Array.from({ length: channels }, (_, c) => Array.from({ length: height }, (__, y) => (
    Array.from({ length: width }, (___, x) => Number(data[(c * height + y) * width + x])))));
}

/** Padded by one, in plain loops, with the ControlNet's weights of this name. */
function plainConvolution(x: Planes, path: string, stride: number): Planes {
  const [kernel, bias] = ['weight', 'bias'].map((name) => (weights.get(`${path}.${name}`) as Tensor));
  const [height, width] = [x[0]!.length / stride, x[0]![0]!.length / stride];
  const taps = [0, 1, 2].flatMap((v) => [0, 1, 2].map((u) => [v, u] as const));
  const at = (out: number, y: number, column: number): number => x.reduce((total, plane, c) => (
    taps.reduce((sum, [v, u]) => {
      const pixel = plane[y * stride + v - 1]?.[column * stride + u - 1] ?? 0;
      return sum + pixel * Number(kernel!.data[((out * x.length + c) * 3 + v) * 3 + u]);
    }, total)), Number(bias!.data[out]));
  return Array.from({ length: bias!.shape[0]! }, (_, out) => Array.from({ length: height }, (__, y) => (
    Array.from({ length: width }, (___, column) => at(out, y, column)))));
}
