// The layers that every network here is made of, with diffusers' module paths as parameter names.
// Each linear and convolution passes through one place, so that an adapter can add its share to any of them.

import type { Value } from '../compiler/1-build/graph.ts';
import type { Shape } from '../tensor/tensor.ts';
import type { BuiltLayer, NetworkScope } from './network-scope.ts';

/** y = x·Wᵀ + b over the last axis of `x`; W is `path`.weight [outFeatures, inFeatures]. */
export function linear(
  scope: NetworkScope, path: string, x: Value, outFeatures: number, options: { readonly bias?: boolean } = {},
): Value {
  const weightShape = [outFeatures, x.shape.at(-1)!];
  const weight = scope.parameter(`${path}.weight`, weightShape);
  const bias = options.bias === false ? undefined : scope.parameter(`${path}.bias`, [outFeatures]);
  const output = scope.g.linear(x, weight, bias);
  return withAdapter(scope, { path, kind: 'linear', weightShape, input: x, output });
}

export interface ConvolutionOptions {
  /** Height and width of the kernel; 3 unless told. */
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  /** Top, left, bottom, right; keeps the size at stride 1 unless told. */
  readonly pads?: readonly [number, number, number, number];
}

/** Convolution of `x` [B, C, H, W] with `path`.weight [outChannels, C, kernel, kernel] and a bias. */
export function convolution(
  scope: NetworkScope, path: string, x: Value, outChannels: number, options: ConvolutionOptions = {},
): Value {
  const { kernel = 3, stride = 1 } = options;
  const margin = (kernel - 1) / 2;
  const pads = options.pads ?? ([margin, margin, margin, margin] as const);
  const strides = [stride, stride] as const;
  const weightShape = [outChannels, x.shape[1]!, kernel, kernel];
  const weight = scope.parameter(`${path}.weight`, weightShape);
  const bias = scope.parameter(`${path}.bias`, [outChannels]);
  const output = scope.g.conv(x, weight, bias, { strides, pads });
  return withAdapter(scope, { path, kind: 'conv', weightShape, input: x, output, strides, pads });
}

/** GroupNorm of `x` [B, C, H, W]. */
export function groupNorm(scope: NetworkScope, path: string, x: Value, groups: number, epsilon: number): Value {
  const [weight, bias] = normParameters(scope, path, [x.shape[1]!]);
  return scope.g.groupNorm(x, weight, bias, groups, epsilon);
}

/** LayerNorm over the last axis of `x`. */
export function layerNorm(scope: NetworkScope, path: string, x: Value, epsilon: number): Value {
  const [weight, bias] = normParameters(scope, path, [x.shape.at(-1)!]);
  return scope.g.layerNorm(x, weight, bias, epsilon);
}

function normParameters(scope: NetworkScope, path: string, shape: Shape): [Value, Value] {
  return [scope.parameter(`${path}.weight`, shape), scope.parameter(`${path}.bias`, shape)];
}

function withAdapter(scope: NetworkScope, layer: BuiltLayer): Value {
  return scope.layer ? scope.layer(layer) : layer.output;
}
