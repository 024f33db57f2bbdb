// LoRA (Hu et al. 2021) inside a network's graph: y = layer(x) + strength · loraAlpha/rank · up(down(x)), added through
// the layer hook. down is rank×in, up is out×rank; for a convolution down has the layer's kernel, stride and padding,
// up is 1×1 (LoCon). The matrices are slices of ONE flat vector, an input of the graph, so that adapters swap without
// reopening a session.

import type { AdaptedNetwork } from '../adapter/lora-layers.ts';
import type { TextEncoderConfig, UnetConfig } from '../checkpoint/configs.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { BuiltLayer, LayerHook, NetworkScope } from '../models/network-scope.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { textTimeInputs, unet } from '../models/unet.ts';
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
  /** The module's share is multiplied by loraAlpha / rank. */
  readonly loraAlpha: number;
}

/** How large the modules of a LoRA are; 3×3 convolutions have sizes of their own (sd-scripts' conv_dim, conv_alpha). */
export interface LoraSize {
  readonly rank: number;
  readonly loraAlpha: number;
  /** rank unless told. */
  readonly convRank?: number;
  /** loraAlpha unless told. */
  readonly convAlpha?: number;
}

/** What stands before a parameter's name where several networks learn in one graph. */
export const networkPrefixes = {
  unet: 'unet.', textEncoder: 'text_encoder.', textEncoder2: 'text_encoder_2.',
} as const satisfies Readonly<Record<AdaptedNetwork, string>>;

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
export function unetLoraModules(config: UnetConfig, targets: LoraTargets, size: LoraSize): LoraModule[] {
  const modules: LoraModule[] = [];
  visitUnetLayers(config, (layer) => {
    if (isTarget(layer.path, targets)) modules.push(moduleOf(layer, size));
  });
  return modules;
}

/** The modules of a text encoder: q, k, v, out_proj, fc1 and fc2 of every layer; no projection of the pooled text. */
export function textLoraModules(config: TextEncoderConfig, size: LoraSize): LoraModule[] {
  const modules: LoraModule[] = [];
  const scope = visitingScope((layer) => modules.push(moduleOf(layer, size)));
  clipTextEncoder(scope, config, scope.g.input('input_ids', 'int64', [1, 1]));
  return modules;
}

function moduleOf({ path, kind, weightShape }: BuiltLayer, size: LoraSize): LoraModule {
  const isWide = kind === 'conv' && weightShape[2]! > 1;
  const { rank, loraAlpha, convRank = rank, convAlpha = loraAlpha } = size;
  return { path, kind, weightShape, rank: isWide ? convRank : rank, loraAlpha: isWide ? convAlpha : loraAlpha };
}

/** Calls `visit` for every linear and convolution layer of a UNet. */
export function visitUnetLayers(config: UnetConfig, visit: (layer: BuiltLayer) => void): void {
  const scope = visitingScope(visit);
  const { g } = scope;
  const sizePx = 2 ** (config.blockOutChannels.length - 1);
  unet(scope, config, {
    sample: g.input('sample', 'float32', [1, config.inChannels, sizePx, sizePx]),
    timestep: g.input('timestep', 'float32', [1]),
    encoderHiddenStates: g.input('encoder_hidden_states', 'float32', [1, 1, config.crossAttentionDim]),
    ...textTimeInputs(g, config, 1),
  });
}

/** Parameters are inputs, so no weights are needed. */
function visitingScope(visit: (layer: BuiltLayer) => void): NetworkScope {
  const g = new GraphBuilder('layers');
  return {
    g,
    parameter: (name, shape) => g.input(name, 'float32', shape),
    layer: (layer) => {
      visit(layer);
      return layer.output;
    },
  };
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
 * The hook that adds each module's share, times loraAlpha / rank and times `strength` (a scalar value; 1 unless told).
 * `parameter` gives the matrices by name.
 */
export function loraHook(
  g: GraphBuilder, modules: readonly LoraModule[], parameter: (name: string) => Value, strength?: Value,
): LayerHook {
  const moduleAt = new Map(modules.map((module) => [module.path, module]));
  return (layer) => {
    const module = moduleAt.get(layer.path);
    if (!module) return layer.output;
    return g.scope('lora', () => {
      const down = parameter(downName(layer.path));
      const up = parameter(upName(layer.path));
      const low = layer.kind === 'linear'
        ? g.linear(layer.input, down, undefined)
        : g.conv(layer.input, down, undefined, { strides: layer.strides, pads: layer.pads });
      // scaled while it is narrow
      const scaled = scaledBy(g, low, module.loraAlpha / module.rank, strength);
      const share = layer.kind === 'linear' ? g.linear(scaled, up, undefined) : g.conv(scaled, up, undefined);
      return g.add(layer.output, share);
    });
  };
}

function scaledBy(g: GraphBuilder, x: Value, scale: number, strength: Value | undefined): Value {
  if (!strength) return scale === 1 ? x : g.mul(x, g.scalar(scale));
  return g.mul(x, scale === 1 ? strength : g.mul(strength, g.scalar(scale)));
}
