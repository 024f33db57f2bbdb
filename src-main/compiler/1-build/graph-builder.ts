// Builds a graph op by op. Shapes are inferred and checked at once; names carry the scope they were made in.

import { type DType, type Shape, type Tensor, elementCount } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import { ruleOf } from '../ops/op-table.ts';
import { normalizeAxis, sameShape } from '../ops/shapes.ts';
import type { Attributes, Graph, Node, Value } from './graph.ts';

export interface ConvolutionWindow {
  readonly strides?: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly group?: number;
}

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
}

export class GraphBuilder {
  readonly name: string;
  readonly #inputs: Value[] = [];
  readonly #initializers = new Map<Value, WeightSource>();
  readonly #nodes: Node[] = [];
  readonly #outputs = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #scalars = new Map<string, Value>();
  readonly #members = new Set<Value>();
  #scope: string[] = [];
  #nextId = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that goes on from a finished graph: its values and nodes are taken over as they are. */
  static from(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder(graph.name);
    const own = (value: Value): void => {
      builder.#members.add(value);
      builder.#names.add(value.name);
      builder.#nextId = Math.max(builder.#nextId, value.id + 1);
    };
    for (const value of graph.inputs) { own(value); builder.#inputs.push(value); }
    for (const [value, source] of graph.initializers) { own(value); builder.#initializers.set(value, source); }
    for (const node of graph.nodes) {
      node.outputs.forEach(own);
      builder.#nodes.push(node);
      builder.#nextId = Math.max(builder.#nextId, node.id + 1);
    }
    for (const [name, value] of graph.outputs) builder.#outputs.set(name, value);
    return builder;
  }

  // structure of the graph

  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.#names.has(name)) throw new Error(`The graph ${this.name} already has a value named ${name}.`);
    const value = this.#value(name, dtype, shape, undefined);
    this.#inputs.push(value);
    return value;
  }

  /** A frozen parameter, as float32 whatever float type its file holds. */
  weight(name: string, source: WeightSource): Value {
    // its own name, whatever the scope: a parameter's name is its path in the network already
    const value = this.#value(this.#names.has(name) ? this.#unique(name) : name, source.dtype, source.shape, undefined);
    this.#initializers.set(value, source);
    return source.dtype === 'float16' || source.dtype === 'bfloat16' ? this.cast(value, 'float32') : value;
  }

  constant(tensor: Tensor): Value {
    return this.initializer(this.#unique('constant'), tensor);
  }

  /** Frozen numbers with the dtype they are stored in. */
  initializer(name: string, source: WeightSource): Value {
    const value = this.#value(this.#names.has(name) ? this.#unique(name) : name, source.dtype, source.shape, undefined);
    this.#initializers.set(value, source);
    return value;
  }

  /** A number that broadcasts with everything; one initializer for each distinct number. */
  scalar(number: number): Value {
    const key = Object.is(number, -0) ? '-0' : String(number);
    let value = this.#scalars.get(key);
    if (!value) {
      value = this.constant({ dtype: 'float32', shape: [], data: Float32Array.of(number) });
      this.#scalars.set(key, value);
    }
    return value;
  }

  output(name: string, value: Value): void {
    this.#checkMember(value);
    this.#outputs.set(name, value);
  }

  /** Names made inside `build` begin with `name/`. */
  scope<T>(name: string, build: () => T): T {
    this.#scope.push(name);
    try {
      return build();
    } finally {
      this.#scope.pop();
    }
  }

  /** Like scope(), with a whole path in place of the present one. */
  inScope<T>(path: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = path === '' ? [] : path.split('/');
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  graph(): Graph {
    return {
      name: this.name, inputs: [...this.#inputs], initializers: new Map(this.#initializers),
      nodes: [...this.#nodes], outputs: new Map(this.#outputs),
    };
  }

  /** Adds a node of any op in the table and returns its outputs. */
  node(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): readonly Value[] {
    for (const value of inputs) if (value) this.#checkMember(value);
    const scope = this.#scope.join('/');
    const types = this.#infer(op, inputs, attributes, scope);
    const outputs: Value[] = [];
    const node: Node = { id: this.#nextId++, op, inputs: [...inputs], attributes, outputs, scope };
    for (const type of types) outputs.push(this.#value(this.#unique(op.toLowerCase()), type.dtype, type.shape, node));
    this.#nodes.push(node);
    return outputs;
  }

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
    { outputPadding = [0, 0], ...window }: ConvolutionWindow & { readonly outputPadding?: readonly [number, number] } = {},
  ): Value {
    return this.#one('ConvTranspose', [x, weight, bias], { ...windowAttributes(window), outputPadding });
  }

  /** q [B,h,N,d], k [B,h,M,d], v [B,h,M,e] → [B,h,N,e]; the mask is added to the scores; scale defaults to 1/sqrt(d). */
  attention(q: Value, k: Value, v: Value, { mask, scale }: { mask?: Value; scale?: number } = {}): Value {
    return this.#one('Attention', [q, k, v, mask], { scale: scale ?? 1 / Math.sqrt(q.shape.at(-1)!) });
  }

  // normalisation and reduction

  softmax(x: Value): Value { return this.#one('Softmax', [x]); }
  layerNorm(x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value { return this.#one('LayerNorm', [x, scale, bias], { epsilon }); }
  /** x [B, C, ...], normalised over each group of C/groups channels. */
  groupNorm(x: Value, scale: Value, bias: Value, groups: number, epsilon: number): Value {
    return this.#one('GroupNorm', [x, scale, bias], { groups, epsilon });
  }
  reduceSum(x: Value, axes: readonly number[], keepDims = true): Value { return this.#reduce('ReduceSum', x, axes, keepDims); }
  reduceMean(x: Value, axes: readonly number[], keepDims = true): Value { return this.#reduce('ReduceMean', x, axes, keepDims); }
  reduceMax(x: Value, axes: readonly number[], keepDims = true): Value { return this.#reduce('ReduceMax', x, axes, keepDims); }

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
    return this.reshape(this.expand(this.reshape(x, apart), repeated), x.shape.map((size, axis) => size * repeats[axis]!));
  }
  pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
    return [...before, ...after].every((n) => n === 0) ? x : this.#one('Pad', [x], { before, after, value });
  }
  gather(x: Value, indices: Value, axis = 0): Value {
    return this.#one('Gather', [x, indices], { axis: normalizeAxis(axis, x.shape.length) });
  }
  /** x [B,C,H,W] to height × width by nearest neighbour. */
  resizeNearest(x: Value, height: number, width: number): Value { return this.#one('ResizeNearest', [x], { height, width }); }

  #reduce(op: string, x: Value, axes: readonly number[], keepDims: boolean): Value {
    const normal = axes.map((axis) => normalizeAxis(axis, x.shape.length)).sort((a, b) => a - b);
    return this.#one(op, [x], { axes: normal, keepDims });
  }

  #one(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.node(op, inputs, attributes)[0]!;
  }

  #infer(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, scope: string): ReturnType<ReturnType<typeof ruleOf>['infer']> {
    try {
      return ruleOf(op).infer(inputs, attributes);
    } catch (error) {
      throw new Error(`${op} in ${this.name}/${scope}: ${(error as Error).message}`, { cause: error });
    }
  }

  #checkMember(value: Value): void {
    if (!this.#members.has(value)) throw new Error(`${value.name} belongs to another graph than ${this.name}.`);
  }

  #unique(base: string): string {
    const full = [...this.#scope, base].join('/');
    let name = full;
    if (this.#names.has(name)) name = `${full}_${this.#nextId}`;
    return name;
  }

  #value(name: string, dtype: DType, shape: Shape, producer: Node | undefined): Value {
    const value: Value = { id: this.#nextId++, name, dtype, shape: [...shape], producer };
    this.#names.add(name);
    this.#members.add(value);
    return value;
  }
}

function windowAttributes({ strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], group = 1 }: ConvolutionWindow): Attributes {
  return { strides, pads, dilations, group };
}
