// The operations of golden/op-grads, said with the graph builder.

import type { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Value } from '../../src-main/compiler/1-build/graph.ts';

interface Operation {
  readonly case: string;
  readonly op: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly outputs: readonly string[];
}

type Build = (g: GraphBuilder, inputs: readonly Value[], operation: Operation) => Value | readonly Value[];
type Pair = readonly [number, number];
type Quad = readonly [number, number, number, number];

const unary = (f: (g: GraphBuilder, x: Value) => Value): Build => (g, [x]) => f(g, x!);
const numbers = (value: unknown): readonly number[] => value as readonly number[];

function all(x: Value): number[] {
  return x.shape.map((_, axis) => axis);
}

function mean(g: GraphBuilder, x: Value): Value {
  return g.reduceMean(x, all(x), false);
}

function reduce(kind: 'reduceSum' | 'reduceMean' | 'reduceMax'): Build {
  return (g, [x], { attrs }) => g[kind](x!, attrs['axes'] ? numbers(attrs['axes']) : all(x!), attrs['keepdims'] === 1);
}

function loss(elementwise: (g: GraphBuilder, difference: Value, attrs: Operation['attrs']) => Value): Build {
  return (g, [prediction, target], { attrs }) => {
    const each = elementwise(g, g.sub(prediction!, target!), attrs);
    return attrs['reduction'] === 'none' ? each : mean(g, each);
  };
}

/** d²/2 within the bound, linear beyond: bound (|d| - bound/2). */
function huber(g: GraphBuilder, d: Value, bound: number): Value {
  const size = g.abs(d);
  const inside = g.mul(g.scalar(0.5), g.mul(d, d));
  const outside = g.mul(g.scalar(bound), g.sub(size, g.scalar(bound / 2)));
  return g.where(g.less(size, g.scalar(bound)), inside, outside);
}

const conv: Build = (g, [x, weight, bias], { attrs }) =>
  g.conv(x!, weight!, bias, {
    strides: attrs['strides'] as Pair,
    pads: attrs['pads_tlbr'] as Quad,
    dilations: attrs['dilations'] as Pair,
    group: attrs['group'] as number,
  });

const convTranspose: Build = (g, [x, weight, bias], { attrs }) =>
  g.convTranspose(x!, weight!, bias, {
    strides: attrs['strides'] as Pair,
    pads: attrs['pads_tlbr'] as Quad,
    outputPadding: attrs['output_padding'] as Pair,
    group: attrs['group'] as number,
  });

const matmul: Build = (g, [a, b, c], { attrs }) => {
  if (c) {
    const product = g.matmul(a!, b!, { transposeB: attrs['transB'] === 1, alpha: attrs['alpha'] as number });
    return g.add(product, g.mul(c, g.scalar(attrs['beta'] as number)));
  }
  if (b!.shape.length > 1) return g.matmul(a!, b!);
  return g.reshape(g.matmul(a!, g.reshape(b!, [-1, 1])), a!.shape.slice(0, -1));
};

function affine(g: GraphBuilder, scale: Value | undefined, bias: Value | undefined, size: number): [Value, Value] {
  return [scale ?? g.expand(g.scalar(1), [size]), bias ?? g.expand(g.scalar(0), [size])];
}

const attention: Build = (g, inputs, { attrs }) => {
  const heads = attrs['heads'] as number | undefined;
  if (!heads) {
    const [q, k, v, mask] = inputs as [Value, Value, Value, Value | undefined];
    return g.attention(q, k, v, mask ? { mask } : {});
  }
  const [x, context, wq, wk, wv, wo, bo] = inputs as [Value, Value, Value, Value, Value, Value, Value];
  const split = (y: Value): Value => g.transpose(g.reshape(y, [y.shape[0]!, y.shape[1]!, heads, -1]), [0, 2, 1, 3]);
  const [q, k, v] = [
    g.linear(x, wq, undefined),
    g.linear(context, wk, undefined),
    g.linear(context, wv, undefined),
  ].map(split) as [Value, Value, Value];
  const joined = g.reshape(g.transpose(g.attention(q, k, v), [0, 2, 1, 3]), [x.shape[0]!, x.shape[1]!, -1]);
  return g.linear(joined, wo, bo);
};

const slice: Build = (g, [x], { attrs }) => {
  const [starts, ends, steps] = ['starts', 'ends', 'steps'].map((name) => numbers(attrs[name])) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  return numbers(attrs['axes']).reduce((y, axis, i) => g.slice(y, axis, starts[i]!, ends[i]!, steps[i]), x!);
};

const split: Build = (g, [x], { attrs, outputs }) =>
  g.split(x!, attrs['axis'] as number, numbers(attrs['sizes'])).slice(-outputs.length);

const expand: Build = (g, [x], { attrs }) => {
  const shape = [...x!.shape];
  for (const axis of numbers(attrs['axes'] ?? [])) shape.splice(axis, 0, 1);
  return g.expand(g.reshape(x!, shape), numbers(attrs['expand']));
};

const pad: Build = (g, [x], { attrs }) => {
  const pads = numbers(attrs['pads_last_to_first']);
  const before = all(x!).map((axis) => pads[2 * (x!.shape.length - 1 - axis)] ?? 0);
  const after = all(x!).map((axis) => pads[2 * (x!.shape.length - 1 - axis) + 1] ?? 0);
  return g.pad(x!, before, after, attrs['value'] as number);
};

// row i takes x[i, index[i, 1]]: one row of the flattened first two axes
const gatherRows: Build = (g, [x, index]) => {
  const [rows, positions] = x!.shape as readonly [number, number];
  const at = g.cast(g.reshape(g.slice(index!, 1, 1, 2), [rows]), 'float32');
  const start = g.constant({
    dtype: 'float32',
    shape: [rows],
    data: Float32Array.from({ length: rows }, (_, i) => i * positions),
  });
  return g.gather(g.reshape(x!, [rows * positions, ...x!.shape.slice(2)]), g.cast(g.add(at, start), 'int64'));
};

const averagePool: Build = (g, [x]) => {
  const [batch, channels, height, width] = x!.shape as Quad;
  return g.reduceMean(g.reshape(x!, [batch, channels, height / 2, 2, width / 2, 2]), [3, 5], false);
};

const builders: Readonly<Record<string, Build>> = {
  conv2d: conv,
  conv_transpose2d: convTranspose,
  linear: (g, [x, weight, bias]) => g.linear(x!, weight!, bias),
  matmul,
  group_norm: (g, [x, scale, bias], { attrs }) =>
    g.groupNorm(x!, ...affine(g, scale, bias, x!.shape[1]!), attrs['num_groups'] as number, attrs['eps'] as number),
  layer_norm: (g, [x, scale, bias], { attrs }) =>
    g.layerNorm(x!, ...affine(g, scale, bias, x!.shape.at(-1)!), attrs['eps'] as number),
  silu: unary((g, x) => g.silu(x)),
  gelu: (g, [x], { attrs }) => (attrs['approximate'] === 'tanh' ? g.geluTanh(x!) : g.gelu(x!)),
  quick_gelu: unary((g, x) => g.quickGelu(x)),
  sigmoid: unary((g, x) => g.sigmoid(x)),
  tanh: unary((g, x) => g.tanh(x)),
  erf: unary((g, x) => g.erf(x)),
  relu: unary((g, x) => g.relu(x)),
  leaky_relu: (g, [x], { attrs }) => g.sub(g.relu(x!), g.mul(g.scalar(attrs['alpha'] as number), g.relu(g.neg(x!)))),
  softplus: unary((g, x) => g.log(g.add(g.scalar(1), g.exp(x)))),
  mish: unary((g, x) => g.mul(x, g.tanh(g.log(g.add(g.scalar(1), g.exp(x)))))),
  geglu: (g, [x, weight, bias]) => {
    const [hidden, gate] = g.split(g.linear(x!, weight!, bias), -1, [weight!.shape[0]! / 2, weight!.shape[0]! / 2]) as [
      Value,
      Value,
    ];
    return g.mul(hidden, g.gelu(gate));
  },
  softmax: (g, [x], { attrs }) => {
    const axis = ((attrs['dim'] as number) + x!.shape.length) % x!.shape.length;
    const last = x!.shape.length - 1;
    const swap = all(x!).map((a) => (a === axis ? last : a === last ? axis : a));
    return g.transpose(g.softmax(g.transpose(x!, swap)), swap);
  },
  log_softmax: unary((g, x) => g.log(g.softmax(x))),
  attention,
  resize_nearest: (g, [x], { attrs }) => g.resizeNearest(x!, ...(numbers(attrs['size']) as Pair)),
  avg_pool2d: averagePool,
  concat: (g, [a, ...rest], { attrs, case: name }) =>
    g.concat(
      name === 'concat_same_tensor_twice' ? [a!, g.mul(a!, g.scalar(2))] : [a!, ...rest],
      attrs['axis'] as number,
    ),
  split,
  slice,
  reshape: (g, [x], { attrs }) => g.reshape(x!, numbers(attrs['shape'])),
  transpose: (g, [x], { attrs }) => g.transpose(x!, numbers(attrs['perm'])),
  expand,
  tile: (g, [x], { attrs }) => g.tile(x!, numbers(attrs['repeats'])),
  pad,
  flatten: (g, [x], { attrs }) => g.reshape(x!, [...x!.shape.slice(0, attrs['axis'] as number), -1]),
  embedding: (g, [table, ids]) => g.gather(table!, ids!),
  gather: (g, [x, ids], { attrs }) => g.gather(x!, ids!, attrs['axis'] as number),
  gather_nd: gatherRows,
  mean_all: reduce('reduceMean'), mean_12_keep: reduce('reduceMean'), mean_last: reduce('reduceMean'),
  sum_all: reduce('reduceSum'), sum_0: reduce('reduceSum'), sum_13_keep: reduce('reduceSum'),
  max_last: reduce('reduceMax'),
  norm_l2: unary((g, x) => g.sqrt(g.reduceSum(g.mul(x, x), all(x), false))),
  var_last_biased: unary((g, x) => {
    const centred = g.sub(x, g.reduceMean(x, [-1]));
    return g.reduceMean(g.mul(centred, centred), [-1], false);
  }),
  add: (g, [a, b]) => g.add(a!, b!),
  sub: (g, [a, b]) => g.sub(a!, b!),
  mul: (g, [a, b]) => g.mul(a!, b ?? a!),
  div: (g, [a, b]) => g.div(a!, b!),
  diamond: unary((g, a) => g.add(g.mul(g.sin(a), a), g.reduceSum(a, [0]))),
  sqrt: unary((g, x) => g.sqrt(x)),
  rsqrt: unary((g, x) => g.reciprocal(g.sqrt(x))),
  exp: unary((g, x) => g.exp(x)),
  log: unary((g, x) => g.log(x)),
  sin: unary((g, x) => g.sin(x)),
  cos: unary((g, x) => g.cos(x)),
  neg: unary((g, x) => g.neg(x)),
  abs: unary((g, x) => g.abs(x)),
  reciprocal: unary((g, x) => g.reciprocal(x)),
  square: unary((g, x) => g.mul(x, x)),
  atan: unary((g, x) => g.atan(x)),
  log1p: unary((g, x) => g.log(g.add(g.scalar(1), x))),
  expm1: unary((g, x) => g.sub(g.exp(x), g.scalar(1))),
  pow: (g, [x, exponent], { attrs }) => g.pow(x!, exponent ?? g.scalar(attrs['exponent'] as number)),
  clip: (g, [x], { attrs }) => g.clip(x!, attrs['min'] as number, attrs['max'] as number),
  minimum: (g, [a, b]) => g.min(a!, b!),
  maximum: (g, [a, b]) => g.max(a!, b!),
  where: (g, [condition, a, b]) => g.where(condition!, a!, b!),
  mse_loss: (g, [prediction, target, weight], { attrs }) => {
    const d = g.sub(prediction!, target!);
    const square = g.mul(d, d);
    if (!weight) return attrs['reduction'] === 'none' ? square : mean(g, square);
    return mean(g, g.mul(weight, g.reduceMean(square, all(square).slice(1), false)));
  },
  huber_loss: loss((g, d, attrs) => huber(g, d, attrs['delta'] as number)),
  smooth_l1_loss: loss((g, d, attrs) =>
    g.mul(huber(g, d, attrs['beta'] as number), g.scalar(1 / (attrs['beta'] as number))),
  ),
  pseudo_huber: loss((g, d, attrs) => {
    const c = attrs['c'] as number;
    return g.mul(g.scalar(2 * c), g.sub(g.sqrt(g.add(g.mul(d, d), g.scalar(c * c))), g.scalar(c)));
  }),
  l1_loss: loss((g, d) => g.abs(d)),
};

/** The outputs of an operation, or undefined when there is no builder for it. */
export function buildOperation(
  g: GraphBuilder,
  operation: Operation,
  inputs: readonly Value[],
): readonly Value[] | undefined {
  const built = builders[operation.op]?.(g, inputs, operation);
  return built && (Array.isArray(built) ? built as readonly Value[] : [built as Value]);
}
