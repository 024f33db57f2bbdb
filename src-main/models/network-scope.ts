// What a network's description is written against: a graph under construction, its parameters by name,
// and a place where an adapter may add to the output of a layer.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import type { Shape } from '../tensor/tensor.ts';

/** One linear or convolution layer as it is being built. */
export interface BuiltLayer {
  /** The module path, e.g. 'mid_block.attentions.0.proj_in'. */
  readonly path: string;
  readonly kind: 'linear' | 'conv';
  /** torch layout: [out, in] or [out, in, kh, kw]. */
  readonly weightShape: Shape;
  /** Linear: tokens of the whole batch as rows, [B·N, in]; convolution: [B, in, H, W]. */
  readonly input: Value;
  /** The layer's own output, bias included. */
  readonly output: Value;
  /** Convolutions only. */
  readonly strides?: readonly [number, number];
  /** Convolutions only: top, left, bottom, right. */
  readonly pads?: readonly [number, number, number, number];
}

/** Returns what stands in for the layer's output: the output itself, or the output plus an adapter's share. */
export type LayerHook = (layer: BuiltLayer) => Value;

export interface NetworkScope {
  readonly g: GraphBuilder;
  /** The parameter of this name. The shape is what the configuration demands; a file that disagrees is refused. */
  parameter(name: string, shape: Shape): Value;
  readonly layer?: LayerHook;
}
