// The UNet's description beyond what the golden numbers say: any configuration, any adapter, clear refusals.

import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { parseUnetConfig, type UnetConfig } from '../../src-main/checkpoint/configs.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import type { BuiltLayer, LayerHook } from '../../src-main/models/network-scope.ts';
import { unetParameters } from '../../src-main/models/parameter-shapes.ts';
import { unet } from '../../src-main/models/unet.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import { evaluateNetwork, type Network, randomTensor, randomWeights, tinyUnet } from './tiny-networks.ts';

const weights = randomWeights(unetParameters(tinyUnet));

function network(feeds: Record<string, Tensor>, options: Partial<Network> = {}): Network {
  return {
    weights, feeds,
    describe: (scope, inputs) => ({
      noise: unet(scope, tinyUnet, {
        sample: inputs['sample']!, timestep: inputs['timestep']!, encoderHiddenStates: inputs['context']!,
      }),
    }),
    ...options,
  };
}

/** Inputs of a batch; each row depends on its own number alone. */
function feedsOf(rows: readonly number[]): Record<string, Tensor> {
  const stack = (shape: readonly number[], salt: number) => {
    const parts = rows.map((row) => randomTensor(shape, row * 10 + salt).data as Float32Array);
    return float32Tensor([rows.length, ...shape], parts.flatMap((part) => [...part]));
  };
  return {
    sample: stack([16, 4, 6], 1),
    timestep: float32Tensor([rows.length], rows.map((row) => row * 100)),
    context: stack([5, 6], 2),
  };
}

test('each row of a batch is what it is alone', () => {
  const together = evaluateNetwork(network(feedsOf([1, 7])))['noise']!;
  const alone = evaluateNetwork(network(feedsOf([7])))['noise']!;
  expect(together.length).toBe(2 * alone.length);
  expect(alone.some((value) => Math.abs(value) > 1e-3)).toBe(true);
  alone.forEach((value, i) => expect(together[alone.length + i]).toBeCloseTo(value, 10));
});

test('timestep and text reach the output', () => {
  const base = evaluateNetwork(network(feedsOf([3])))['noise']!;
  const later = { ...feedsOf([3]), timestep: float32Tensor([1], [900]) };
  const otherText = { ...feedsOf([3]), context: feedsOf([4])['context']! };
  for (const feeds of [later, otherText]) {
    const changed = evaluateNetwork(network(feeds))['noise']!;
    expect(Math.max(...changed.map((value, i) => Math.abs(value - base[i]!)))).toBeGreaterThan(1e-4);
  }
});

function recordLayers(config: UnetConfig): BuiltLayer[] {
  const g = new GraphBuilder('layers');
  const layers: BuiltLayer[] = [];
  unet({
    g,
    parameter: (name, shape) => g.input(name, 'float32', shape),
    layer: (layer) => {
      layers.push(layer);
      return layer.output;
    },
  }, config, {
    sample: g.input('sample', 'float32', [1, config.inChannels, 8, 8]),
    timestep: g.input('timestep', 'float32', [1]),
    encoderHiddenStates: g.input('context', 'float32', [1, 77, config.crossAttentionDim]),
  });
  return layers;
}

test('every linear and convolution layer is offered to the adapter once', () => {
  const matrices = [...unetParameters(tinyUnet)].filter(([, shape]) => shape.length > 1);
  const layers = recordLayers(tinyUnet).map(({ path, weightShape }) => [`${path}.weight`, weightShape]);
  expect(layers.sort()).toEqual(matrices.sort());
});

test('the layers of SD 1.5 include every target that kohya trains', () => {
  const read = (name: string) => JSON.parse(readFileSync(new URL(`../golden/${name}`, import.meta.url), 'utf8'));
  const configs = read('key-manifests/configs.json') as Record<string, unknown>;
  const manifest = read('lora-files/manifest_sd15_linear.json') as Record<string, unknown>;
  const targets = Object.keys(manifest)
    .filter((key) => key.startsWith('lora_unet_') && key.endsWith('.lora_down.weight'))
    .map((key) => key.slice('lora_unet_'.length, -'.lora_down.weight'.length));
  const paths = new Set(recordLayers(parseUnetConfig(configs['sd15-unet'], 'sd15')).map(({ path }) => {
    return path.replaceAll('.', '_');
  }));
  expect(targets.length).toBe(192);
  expect(targets.filter((target) => !paths.has(target))).toEqual([]);
});

test('what the adapter returns stands in for the layer', () => {
  const feeds = feedsOf([2]);
  const silent: LayerHook = ({ output }) => output;
  const base = evaluateNetwork(network(feeds))['noise']!;
  expect(evaluateNetwork(network(feeds, { layer: silent }))['noise']).toEqual(base);
  const doubled = evaluateNetwork({
    ...network(feeds),
    describe: (scope, inputs) => {
      const layer: LayerHook = ({ path, output }) => (path === 'conv_out' ? scope.g.add(output, output) : output);
      return network(feeds).describe({ ...scope, layer }, inputs);
    },
  })['noise']!;
  expect(doubled.length).toBe(base.length);
  doubled.forEach((value, i) => expect(value).toBeCloseTo(2 * base[i]!, 12));
});

function refusalOf(change: (table: Map<string, Tensor>) => void): UserError {
  const changed = new Map(weights as ReadonlyMap<string, Tensor>);
  change(changed);
  try {
    evaluateNetwork(network(feedsOf([1]), { weights: changed }));
  } catch (error) {
    return error as UserError;
  }
  throw new Error('The network was built.');
}

test('a checkpoint that lacks a parameter is refused by its name', () => {
  const error = refusalOf((table) => table.delete('mid_block.attentions.0.proj_in.weight'));
  expect(error).toBeInstanceOf(UserError);
  expect(error.code).toBe('checkpoint.weight-missing');
  expect(error.message).toContain('mid_block.attentions.0.proj_in.weight');
});

test('a parameter of another shape is refused with both shapes', () => {
  const error = refusalOf((table) => table.set('conv_in.weight', randomTensor([8, 4, 3, 3], 1)));
  expect(error.code).toBe('checkpoint.weight-shape');
  expect(error.message).toContain('8×4×3×3');
  expect(error.message).toContain('8×16×3×3');
});

test('latents that cannot be halved, or have other channels, are refused', () => {
  const refused = (shape: readonly number[]) => () =>
    evaluateNetwork(network({ ...feedsOf([1]), sample: randomTensor(shape, 1) }));
  expect(refused([1, 16, 5, 4])).toThrow('5×4');
  expect(refused([1, 4, 4, 4])).toThrow('16 latent channels');
});
