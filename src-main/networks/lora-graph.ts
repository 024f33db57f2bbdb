// LoRA (Hu et al. 2021) inside a network's graph: y = layer(x) + scale · up(down(x)), added through the layer hook.
// down is rank×in, up is out×rank; for a convolution down has the layer's kernel, stride and padding, up is 1×1
// (LoCon). The matrices are slices of ONE flat vector, an input of the graph, so that adapters swap without reopening
// a session.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { GraphBuilder as Builder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { UnetConfig } from '../checkpoint/configs.ts';
import type { BuiltLayer, LayerHook } from '../models/network-scope.ts';
import { unet } from '../models/unet.ts';
import type { Shape } from '../tensor/tensor.ts';

/** Which layers of a UNet learn: attention projections; the transformers' linear layers; these and all convolutions. */
export type LoraTargets = 'attention' | 'transformer' | 'transformer-and-convolution';

export interface LoraModule {
  /** Module path, e.g. 'mid_block.attentions.0.transformer_blocks.0.attn1.to_q'. */
  readonly path: string;
  readonly kind: 'linear' | 'conv';
  /** The layer's weight in torch's layout. */
  readonly weightShape: Shape;
  readonly rank: number;
}

const attentionProjection = /\.attn[12]\.(to_q|to_k|to_v|to_out\.0)$/;
const insideTransformer = /\.attentions\.\d+\./;
/** conv_in, conv_out and the time embedding stay as they are, as in sd-scripts. */
const insideBlock = /^(down_blocks|mid_block|up_blocks)\./;

function isTarget(path: string, targets: LoraTargets): boolean {
  if (targets === 'attention') return attentionProjection.test(path);
  if (targets === 'transformer') return insideTransformer.test(path);
  return insideBlock.test(path);
}

/** The modules of a UNet that a LoRA of these targets has, in the order in which the network runs them. */
export function unetLoraModules(config: UnetConfig, targets: LoraTargets, rank: number): LoraModule[] {
  const modules: LoraModule[] = [];
  visitUnetLayers(config, ({ path, kind, weightShape }) => {
    if (isTarget(path, targets)) modules.push({ path, kind, weightShape, rank });
  });
  return modules;
}

/** Calls `visit` for every linear and convolution layer of a UNet. */
export function visitUnetLayers(config: UnetConfig, visit: (layer: BuiltLayer) => void): void {
  const g = new Builder('layers');
  const sizePx = 2 ** (config.blockOutChannels.length - 1);
  unet({
    g,
    parameter: (name, shape) => g.input(name, 'float32', shape),
    layer: (layer) => {
      visit(layer);
      return layer.output;
    },
  }, config, {
    sample: g.input('sample', 'float32', [1, config.inChannels, sizePx, sizePx]),
    timestep: g.input('timestep', 'float32', [1]),
    encoderHiddenStates: g.input('encoder_hidden_states', 'float32', [1, 1, config.crossAttentionDim]),
  });
}

/** Shapes of lora_down and lora_up as sd-scripts writes them; a 1×1 convolution keeps its four axes. */
export function loraShapes({ kind, weightShape, rank }: LoraModule): { down: Shape; up: Shape } {
  const out = weightShape[0]!;
  const rest = weightShape.slice(1);
  return kind === 'linear'
    ? { down: [rank, ...rest], up: [out, rank] }
    : { down: [rank, ...rest], up: [out, rank, 1, 1] };
}

export function downName(path: string): string {
  return `${path}.lora_down.weight`;
}

export function upName(path: string): string {
  return `${path}.lora_up.weight`;
}

/** Names and shapes of the trainable parameters, down before up, module by module. */
export function loraTrainables(modules: readonly LoraModule[]): { name: string; shape: Shape }[] {
  return modules.flatMap((module) => {
    const { down, up } = loraShapes(module);
    return [{ name: downName(module.path), shape: down }, { name: upName(module.path), shape: up }];
  });
}

/**
 * The hook that adds each module's share. `parameter` gives the matrices by name; `scale` is a scalar value
 * (adapterStrength · loraAlpha / rank), or undefined for 1.
 */
export function loraHook(
  g: GraphBuilder, modules: readonly LoraModule[], parameter: (name: string) => Value, scale: Value | undefined,
): LayerHook {
  const paths = new Set(modules.map((module) => module.path));
  return (layer) => {
    if (!paths.has(layer.path)) return layer.output;
    return g.scope('lora', () => {
      const down = parameter(downName(layer.path));
      const up = parameter(upName(layer.path));
      const low = layer.kind === 'linear'
        ? g.linear(layer.input, down, undefined)
        : g.conv(layer.input, down, undefined, { strides: layer.strides, pads: layer.pads });
      // scaled while it is narrow
      const scaled = scale ? g.mul(low, scale) : low;
      const share = layer.kind === 'linear' ? g.linear(scaled, up, undefined) : g.conv(scaled, up, undefined);
      return g.add(layer.output, share);
    });
  };
}
