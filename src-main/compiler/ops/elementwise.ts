// Ops that work element by element: unary functions, broadcasting arithmetic, comparisons, choice, casts.
// Each derivative stands beside its function. Broadcast axes are summed away by differentiate().

import type { DType } from '../../tensor/tensor.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Value } from '../1-build/graph.ts';
import { erf } from './error-function.ts';
import type { GradientContext, NumberArray, OpRule, OpTable, ValueType } from './op-rule.ts';
import { broadcastShapes, broadcastStrides, forEachOffset, numberAttribute, sameShape } from './shapes.ts';

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A required input is absent.');
  return value;
}

/** derivative(g, x, y) is dy/dx as a value; `y` is the op's own output, kept where that is cheaper than redoing it. */
function unary(
  f: (x: number, attribute: (name: string) => number) => number,
  derivative: ((g: GraphBuilder, x: Value, y: Value, attribute: (name: string) => number) => Value) | 'none',
): OpRule {
  return {
    infer: ([x]) => [present(x)],
    gradient: derivative === 'none' ? 'none' : ({ g, node, input, output, gradient }) => {
      const attribute = (name: string): number => numberAttribute(node.attributes, name);
      return [g.mul(gradient, derivative(g, input(0), output, attribute))];
    },
    evaluate: ([x], node) => {
      const attribute = (name: string): number => numberAttribute(node.attributes, name);
      return [{ shape: x!.shape, values: x!.values.map((value) => f(value, attribute)) }];
    },
  };
}

export function evaluateBinary(a: NumberArray, b: NumberArray, f: (a: number, b: number) => number): NumberArray {
  const shape = broadcastShapes(a.shape, b.shape);
  const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
  if (sameShape(a.shape, b.shape)) {
    for (let i = 0; i < values.length; i++) values[i] = f(a.values[i]!, b.values[i]!);
    return { shape, values };
  }
  forEachOffset(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (i, [atA, atB]) => {
    values[i] = f(a.values[atA!]!, b.values[atB!]!);
  });
  return { shape, values };
}

function inferBinary(inputs: readonly (ValueType | undefined)[], dtype?: DType): ValueType[] {
  const a = present(inputs[0]);
  const b = present(inputs[1]);
  if (a.dtype !== b.dtype) throw new Error(`Operands have different dtypes, ${a.dtype} and ${b.dtype}.`);
  return [{ dtype: dtype ?? a.dtype, shape: broadcastShapes(a.shape, b.shape) }];
}

function binary(f: (a: number, b: number) => number, gradient: OpRule['gradient']): OpRule {
  return {
    infer: (inputs) => inferBinary(inputs),
    gradient,
    evaluate: ([a, b]) => [evaluateBinary(a!, b!, f)],
  };
}

function comparison(f: (a: number, b: number) => boolean): OpRule {
  return {
    infer: (inputs) => inferBinary(inputs, 'bool'),
    gradient: 'none',
    evaluate: ([a, b]) => [evaluateBinary(a!, b!, (x, y) => (f(x, y) ? 1 : 0))],
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const unaryOps: OpTable = {
  Neg: {
    ...unary((x) => -x, 'none'),
    gradient: ({ g, gradient }) => [g.neg(gradient)],
  },
  Exp: unary(Math.exp, (_g, _x, y) => y),
  Log: unary(Math.log, (g, x) => g.reciprocal(x)),
  Sqrt: unary(Math.sqrt, (g, _x, y) => g.div(g.scalar(0.5), y)),
  Reciprocal: unary((x) => 1 / x, (g, _x, y) => g.neg(g.mul(y, y))),
  Sigmoid: unary(sigmoid, (g, _x, y) => g.mul(y, g.sub(g.scalar(1), y))),
  Tanh: unary(Math.tanh, (g, _x, y) => g.sub(g.scalar(1), g.mul(y, y))),
  Erf: unary(erf, (g, x) => g.mul(g.scalar(2 / Math.sqrt(Math.PI)), g.exp(g.neg(g.mul(x, x))))),
  Sin: unary(Math.sin, (g, x) => g.cos(x)),
  Cos: unary(Math.cos, (g, x) => g.neg(g.sin(x))),
  Atan: unary(Math.atan, (g, x) => g.reciprocal(g.add(g.scalar(1), g.mul(x, x)))),
  // dLoss/dx of |x| is 0 at x = 0, as torch has it
  Abs: unary(Math.abs, (g, x) => {
    const zero = g.scalar(0);
    return g.sub(g.cast(g.greater(x, zero), 'float32'), g.cast(g.less(x, zero), 'float32'));
  }),
  Relu: unary((x) => Math.max(x, 0), (g, x) => g.cast(g.greater(x, g.scalar(0)), 'float32')),
  Floor: unary(Math.floor, 'none'),
  // torch passes the gradient at the bounds themselves
  Clip: unary((x, a) => Math.min(Math.max(x, a('min')), a('max')), (g, x, _y, a) => {
    const within = g.where(g.less(x, g.scalar(a('min'))), g.scalar(0), g.scalar(1));
    return g.where(g.greater(x, g.scalar(a('max'))), g.scalar(0), within);
  }),
  // SiLU (Hendrycks & Gimpel 2016; Elfwing et al. 2017): x s with s = sigmoid(x); derivative s (1 + x (1 - s)).
  // QuickGelu with alpha is the same with s = sigmoid(alpha x): derivative s (1 + alpha x (1 - s)).
  QuickGelu: unary((x, a) => x * sigmoid(a('alpha') * x), (g, x, _y, a) => {
    const scaled = a('alpha') === 1 ? x : g.mul(x, g.scalar(a('alpha')));
    const s = g.sigmoid(scaled);
    return g.mul(s, g.add(g.scalar(1), g.mul(scaled, g.sub(g.scalar(1), s))));
  }),
  // GELU, erf form: x cdf(x); derivative cdf(x) + x pdf(x), with t = x / sqrt(2) cdf(x) + t exp(ln(1/sqrt(pi)) - t²).
  Gelu: unary((x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), (g, x) => {
    const half = g.scalar(0.5);
    const t = g.mul(x, g.scalar(Math.SQRT1_2));
    const cdf = g.add(half, g.mul(half, g.erf(t)));
    const factor = g.exp(g.sub(g.scalar(-0.5 * Math.log(Math.PI)), g.mul(t, t)));
    return g.add(cdf, g.mul(t, factor));
  }),
};

const arithmeticOps: OpTable = {
  Add: binary((a, b) => a + b, ({ gradient }) => [gradient, gradient]),
  Sub: binary((a, b) => a - b, ({ g, gradient, wants }) => [gradient, wants(1) ? g.neg(gradient) : undefined]),
  Mul: binary((a, b) => a * b, ({ g, gradient, input, wants }) => [
    wants(0) ? g.mul(gradient, input(1)) : undefined,
    wants(1) ? g.mul(gradient, input(0)) : undefined,
  ]),
  Div: binary((a, b) => a / b, ({ g, gradient, input, output, wants }) => [
    wants(0) ? g.div(gradient, input(1)) : undefined,
    wants(1) ? g.neg(g.div(g.mul(gradient, output), input(1))) : undefined,
  ]),
  // d(a^b) = b a^(b-1) da + a^b ln(a) db
  Pow: binary((a, b) => a ** b, ({ g, gradient, input, output, wants }) => {
    const power = (): Value => g.pow(input(0), g.sub(input(1), g.scalar(1)));
    return [
      wants(0) ? g.mul(gradient, g.mul(input(1), power())) : undefined,
      wants(1) ? g.mul(gradient, g.mul(output, g.log(input(0)))) : undefined,
    ];
  }),
  // At equal operands torch halves the gradient between them.
  Min: binary(Math.min, (context) => shareGradient(context, context.g.less(context.input(0), context.input(1)))),
  Max: binary(Math.max, (context) => shareGradient(context, context.g.greater(context.input(0), context.input(1)))),
};

function shareGradient({ g, gradient, input }: GradientContext, firstWins: Value): Value[] {
  const isTie = g.equal(input(0), input(1));
  const share = g.where(isTie, g.scalar(0.5), g.cast(firstWins, 'float32'));
  return [g.mul(gradient, share), g.mul(gradient, g.sub(g.scalar(1), share))];
}

const choiceOps: OpTable = {
  Greater: comparison((a, b) => a > b),
  Less: comparison((a, b) => a < b),
  Equal: comparison((a, b) => a === b),
  Where: {
    infer: ([condition, a, b]) => {
      if (present(condition).dtype !== 'bool') throw new Error('Where chooses by a bool.');
      const [chosen] = inferBinary([a, b]);
      return [{ dtype: chosen!.dtype, shape: broadcastShapes(condition!.shape, chosen!.shape) }];
    },
    gradient: ({ g, gradient, input, wants }) => [
      undefined,
      wants(1) ? g.where(input(0), gradient, g.scalar(0)) : undefined,
      wants(2) ? g.where(input(0), g.scalar(0), gradient) : undefined,
    ],
    evaluate: ([condition, a, b]) => {
      const shape = broadcastShapes(condition!.shape, broadcastShapes(a!.shape, b!.shape));
      const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
      const strides = [condition!, a!, b!].map((array) => broadcastStrides(array.shape, shape));
      forEachOffset(shape, strides, (i, [at, atA, atB]) => {
        values[i] = condition!.values[at!] ? a!.values[atA!]! : b!.values[atB!]!;
      });
      return [{ shape, values }];
    },
  },
  Cast: {
    infer: ([x], attributes) => [{ dtype: attributes['to'] as DType, shape: present(x).shape }],
    gradient: ({ g, gradient, input }) => [g.cast(gradient, input(0).dtype)],
    evaluate: ([x], node) => {
      const to = node.attributes['to'] as DType;
      const convert = to === 'bool' ? (v: number): number => (v ? 1 : 0) : to.includes('int') ? Math.trunc : undefined;
      return [convert ? { shape: x!.shape, values: x!.values.map((v) => convert(v)) } : x!];
    },
  },
  // x as float32, not before `zero` (zeroAfter()'s, one element) is known: see 3-simplify/late-casts.ts
  LateCast: {
    infer: ([x, zero]) => {
      if (present(zero).shape.join() !== '1') throw new Error('LateCast waits for one number.');
      return [{ dtype: 'float32', shape: present(x).shape }];
    },
    gradient: 'none',
    evaluate: ([x]) => [x!],
  },
};

export const elementwiseOps: OpTable = { ...unaryOps, ...arithmeticOps, ...choiceOps };
