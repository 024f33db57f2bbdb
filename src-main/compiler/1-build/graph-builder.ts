// Builds a graph op by op, one method an op; a few are made of several.

import { type DType, type Shape, elementCount } from '../../tensor/tensor.ts';
import { normalizeAxis, sameShape } from '../ops/shapes.ts';
import type { Attributes, Value } from './graph.ts';
import { NodeBuilder } from './node-builder.ts';

export interface ConvolutionWindow {
  readonly strides?: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly group?: number;
}

/** Output padding: rows below and columns to the right that no product reached. */
export interface TransposedWindow extends ConvolutionWindow {
  readonly outputPadding?: readonly [number, number];
}

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
}

export class GraphBuilder extends NodeBuilder {
  // element by element

  neg(x: Value): Value { return this.#one('Neg', [x]); }
  exp(x: Value): Value { return this.#one('Exp', [x]); }
  log(x: Value): Value { return this.#one('Log', [x]); }
  sqrt(x: Value): Value { return this.#one('Sqrt', [x]); }
  reciprocal(x: Value): Value { return this.#one('Reciprocal', [x]); }
  sigmoid(x: Value): Value { return this.#one('Sigmoid', [x]); }
  tanh(x: Value): Value { return this.#one('Tanh', [x]); }
  erf(x: Value): Value { return this.#one('Erf', [x]); }
  sin(x: Value): Value { return this.#one('Sin', [x]); }
  cos(x: Value): Value { return this.#one('Cos', [x]); }
  atan(x: Value): Value { return this.#one('Atan', [x]); }
  abs(x: Value): Value { return this.#one('Abs', [x]); }
  relu(x: Value): Value { return this.#one('Relu', [x]); }
  floor(x: Value): Value { return this.#one('Floor', [x]); }
  clip(x: Value, min: number, max: number): Value { return this.#one('Clip', [x], { min, max }); }
  silu(x: Value): Value { return this.#one('QuickGelu', [x], { alpha: 1 }); }
  quickGelu(x: Value): Value { return this.#one('QuickGelu', [x], { alpha: 1.702 }); }
  gelu(x: Value): Value { return this.#one('Gelu', [x]); }

  /** GELU's tanh form: x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), Hendrycks & Gimpel 2016. */
  geluTanh(x: Value): Value {
    const cubic = this.mul(this.scalar(0.044715), this.mul(x, this.mul(x, x)));
    const inner = this.mul(this.scalar(Math.sqrt(2 / Math.PI)), this.add(x, cubic));
    return this.mul(this.mul(this.scalar(0.5), x), this.add(this.scalar(1), this.tanh(inner)));
  }

  add(a: Value, b: Value): Value { return this.#one('Add', [a, b]); }
  sub(a: Value, b: Value): Value { return this.#one('Sub', [a, b]); }
  mul(a: Value, b: Value): Value { return this.#one('Mul', [a, b]); }
  div(a: Value, b: Value): Value { return this.#one('Div', [a, b]); }
  pow(a: Value, b: Value): Value { return this.#one('Pow', [a, b]); }
  min(a: Value, b: Value): Value { return this.#one('Min', [a, b]); }
  max(a: Value, b: Value): Value { return this.#one('Max', [a, b]); }
  greater(a: Value, b: Value): Value { return this.#one('Greater', [a, b]); }
  less(a: Value, b: Value): Value { return this.#one('Less', [a, b]); }
  equal(a: Value, b: Value): Value { return this.#one('Equal', [a, b]); }
  where(condition: Value, a: Value, b: Value): Value { return this.#one('Where', [condition, a, b]); }
  cast(x: Value, to: DType): Value { return x.dtype === to ? x : this.#one('Cast', [x], { to }); }

  // products

  matmul(a: Value, b: Value, { transposeA = false, transposeB = false, alpha = 1 }: MatMulOptions = {}): Value {
    return this.#one('MatMul', [a, b], { transposeA, transposeB, alpha });
  }

  /** x [..., in] by a weight [out, in] as torch stores it. */
  linear(x: Value, weight: Value, bias: Value | undefined): Value {
    const y = this.matmul(x, weight, { transposeB: true });
    return bias ? this.add(y, bias) : y;
  }

  conv(x: Value, weight: Value, bias: Value | undefined, window: ConvolutionWindow = {}): Value {
    return this.#one('Conv', [x, weight, bias], windowAttributes(window));
  }

  convTranspose(
    x: Value, weight: Value, bias: Value | undefined,
    { outputPadding = [0, 0], ...window }: TransposedWindow = {},
  ): Value {
    return this.#one('ConvTranspose', [x, weight, bias], { ...windowAttributes(window), outputPadding });
  }

  /**
   * q [B,h,N,d], k [B,h,M,d], v [B,h,M,e] → [B,h,N,e]. The mask is added to the scores and has no gradient; scale
   * defaults to 1/sqrt(d).
   */
  attention(q: Value, k: Value, v: Value, { mask, scale }: { mask?: Value; scale?: number } = {}): Value {
    return this.#one('Attention', [q, k, v, mask], { scale: scale ?? 1 / Math.sqrt(q.shape.at(-1)!) });
  }

  // normalisation and reduction

  softmax(x: Value): Value { return this.#one('Softmax', [x]); }
  layerNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value {
    return this.#one('LayerNorm', [x, scale, bias], { epsilon });
  }
  /** x [B, C, ...], normalised over each group of C/groups channels. */
  groupNorm(x: Value, scale: Value, bias: Value, groups: number, epsilon: number): Value {
    return this.#one('GroupNorm', [x, scale, bias], { groups, epsilon });
  }
  reduceSum(x: Value, axes: readonly number[], keepDims = true): Value {
    return this.#reduce('ReduceSum', x, axes, keepDims);
  }
  reduceMean(x: Value, axes: readonly number[], keepDims = true): Value {
    return this.#reduce('ReduceMean', x, axes, keepDims);
  }
  reduceMax(x: Value, axes: readonly number[], keepDims = true): Value {
    return this.#reduce('ReduceMax', x, axes, keepDims);
  }

  // structure of values

  /** One size may be -1. */
  reshape(x: Value, shape: Shape): Value {
    const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
    const full = shape.map((size) => (size === -1 ? elementCount(x.shape) / known : size));
    return sameShape(full, x.shape) ? x : this.#one('Reshape', [x], { shape: full });
  }
  transpose(x: Value, permutation: readonly number[]): Value {
    return permutation.every((axis, i) => axis === i) ? x : this.#one('Transpose', [x], { permutation });
  }
  /** Elements start, start + step, … below end along one axis; negative bounds count from the end. */
  slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
    const at = normalizeAxis(axis, x.shape.length);
    const size = x.shape[at]!;
    const bounds = [start, end].map((bound) => Math.min(bound < 0 ? bound + size : bound, size)) as [number, number];
    if (bounds[0] === 0 && bounds[1] === size && step === 1) return x;
    return this.#one('Slice', [x], { axis: at, start: bounds[0], end: bounds[1], step });
  }
  concat(values: readonly Value[], axis: number): Value {
    const only = values.length === 1 ? values[0] : undefined;
    return only ?? this.#one('Concat', values, { axis: normalizeAxis(axis, values[0]!.shape.length) });
  }
  split(x: Value, axis: number, sizes: readonly number[]): Value[] {
    let start = 0;
    return sizes.map((size) => this.slice(x, axis, start, (start += size)));
  }
  expand(x: Value, shape: Shape): Value { return sameShape(x.shape, shape) ? x : this.#one('Expand', [x], { shape }); }
  /** Whole copies one after the other along each axis. */
  tile(x: Value, repeats: readonly number[]): Value {
    const apart = x.shape.flatMap((size) => [1, size]);
    const repeated = x.shape.flatMap((size, axis) => [repeats[axis]!, size]);
    const shape = x.shape.map((size, axis) => size * repeats[axis]!);
    return this.reshape(this.expand(this.reshape(x, apart), repeated), shape);
  }
  pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
    return [...before, ...after].every((n) => n === 0) ? x : this.#one('Pad', [x], { before, after, value });
  }
  gather(x: Value, indices: Value, axis = 0): Value {
    return this.#one('Gather', [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
  }
  /** x [B,C,H,W] to height × width by nearest neighbour. */
  resizeNearest(x: Value, height: number, width: number): Value {
    return this.#one('ResizeNearest', [x], { height, width });
  }

  #reduce(op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
    const normal = axes.map((axis) => normalizeAxis(axis, x.shape.length)).sort((a, b) => a - b);
    return this.#one(op, [x], { axes: normal, keepDims });
  }

  #one(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.node(op, inputs, attributes)[0]!;
  }
}

function windowAttributes(window: ConvolutionWindow): Attributes {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], group = 1 } = window;
  return { strides, pads, dilations, group };
}
