// Every op: evaluate.ts against ONNX Runtime, gradients against central differences and against ONNX Runtime.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../src-main/compiler/2-differentiate/differentiate.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { opTable } from '../../src-main/compiler/ops/op-table.ts';
import { verify } from '../../src-main/compiler/verify.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';
import { emitStyles, randomTensor, relativeError, runOnnx } from './numbers.ts';
import { type OpCase, opCases } from './op-cases.ts';

/** float32 sums of up to a hundred terms. */
const float32Tolerance = 3e-5;
/** The step's own error is about 1e-9; constants inside the rules are float32, good to 6e-8. */
const gradientTolerance = 1e-6;
const differenceStep = 1e-4;

interface BuiltCase {
  readonly graph: Graph;
  readonly feeds: Record<string, Tensor>;
  /** Names of the inputs that have a gradient among the outputs. */
  readonly wanted: readonly string[];
}

/** The op's result y, the loss sum(y · weights), and the loss' gradients towards the wanted inputs. */
function buildCase({ op, inputs, build, wanted }: OpCase): BuiltCase {
  const g = new GraphBuilder(op);
  const tensors = inputs.map((input, i) => ('dtype' in input ? input : randomTensor(input, 100 + i)));
  const feeds: Record<string, Tensor> = {};
  const values = tensors.map((tensor, i) => {
    feeds[`x${i}`] = tensor;
    return g.input(`x${i}`, tensor.dtype, tensor.shape);
  });
  const y = build(g, ...values);
  g.output('y', y);
  const indices = wanted ?? tensors.flatMap(({ dtype }, i) => (dtype === 'float32' ? [i] : []));
  if (indices.length > 0) {
    feeds['weights'] = randomTensor(y.shape, 99);
    const weighted = g.mul(y, g.input('weights', 'float32', y.shape));
    const loss = g.reduceSum(weighted, y.shape.map((_, axis) => axis), false);
    g.output('loss', loss);
    const gradients = differentiate(g, loss, indices.map((i) => values[i]!));
    gradients.forEach((gradient, i) => g.output(`gradient ${indices[i]!}`, gradient));
  }
  const graph = g.graph();
  verify(graph);
  return { graph, feeds, wanted: indices.map((i) => `x${i}`) };
}

function centralDifferences({ graph, feeds }: BuiltCase, name: string): Float64Array {
  const loss = graph.outputs.get('loss')!;
  const forward = { ...graph, nodes: graph.nodes.slice(0, graph.nodes.indexOf(loss.producer!) + 1) };
  forward.outputs = new Map([['loss', loss]]);
  const exact = Float64Array.from(feeds[name]!.data as Float32Array);
  return exact.map((x, i) => {
    const lossAt = (value: number): number => {
      const data = Float64Array.from(exact);
      data[i] = value;
      return evaluate(forward, { ...feeds, [name]: { ...feeds[name]!, data } })['loss']!.values[0]!;
    };
    return (lossAt(x + differenceStep) - lossAt(x - differenceStep)) / (2 * differenceStep);
  });
}

const named = opCases.map((each) => [`${each.op}: ${each.about}`, each] as const);

test.each(named)('%s: ONNX Runtime computes the same', async (_name, each) => {
  const { graph, feeds } = buildCase(each);
  const expected = evaluate(graph, feeds);
  for (const style of emitStyles) {
    const actual = await runOnnx(graph, feeds, style);
    for (const [name, { shape, values }] of Object.entries(expected)) {
      expect(actual[name]!.shape).toEqual([...shape]);
      expect(relativeError(actual[name]!.data, values)).toBeLessThan(float32Tolerance);
    }
  }
});

test.each(named.filter(([, each]) => each.wanted?.length !== 0))('%s: the gradient is right', (_name, each) => {
  const built = buildCase(each);
  const results = evaluate(built.graph, built.feeds);
  for (const name of built.wanted) {
    const { shape, values } = results[`gradient ${name.slice(1)}`]!;
    expect(shape).toEqual(built.feeds[name]!.shape);
    const expected = centralDifferences(built, name);
    expect(expected.some((number) => Math.abs(number) > 1e-3)).toBe(true);
    expect(relativeError(values, expected)).toBeLessThan(gradientTolerance);
  }
});

test('every op of the table has a case, and every derivative is looked at', () => {
  const made = new Set<string>();
  const differentiated = new Set<string>();
  for (const each of opCases) {
    const { graph, wanted } = buildCase(each);
    for (const node of graph.nodes) made.add(node.op);
    if (wanted.length > 0) differentiated.add(each.op);
    expect(graph.nodes.some((node) => node.op === each.op), `${each.op} in its own case`).toBe(true);
  }
  expect([...made].sort()).toEqual(Object.keys(opTable).sort());
  const derivatives = Object.entries(opTable).filter(([, rule]) => rule.gradient !== 'none').map(([op]) => op);
  expect([...differentiated].sort()).toEqual(derivatives.sort());
});

const misfits: readonly [string, RegExp, (g: GraphBuilder, x: Value, y: Value) => unknown][] = [
  ['shapes that do not broadcast', /do not broadcast/, (g, x) => g.add(x, g.input('z', 'float32', [2, 2]))],
  ['different dtypes', /different dtypes/, (g, x) => g.add(x, g.input('z', 'int64', [2, 3]))],
  ['inner sizes of a product', /3 is not 2/, (g, x) => g.matmul(x, x)],
  ['channels of a convolution', /does not fit/,
    (g, _x, y) => g.conv(y, g.input('w', 'float32', [1, 3, 1, 1]), undefined)],
  ['a slice out of bounds', /leaves axis/, (g, x) => g.slice(x, 0, 2, 1)],
  ['an axis that is not there', /Axis 2 does not exist/, (g, x) => g.reduceSum(x, [2])],
  ['too few elements', /cannot be reshaped/, (g, x) => g.reshape(x, [5])],
  ['a wrong permutation', /does not permute/, (g, x) => g.transpose(x, [1, 1])],
  ['rows of different width', /cannot be joined/, (g, x) => g.concat([x, g.input('z', 'float32', [1, 2])], 0)],
  ['groups that do not divide', /in 2 groups does not fit/, (g, x) => g.groupNorm(x, x, x, 2, 1e-5)],
  ['heads that differ', /does not fit/, (g, _x, y) => g.attention(y, g.slice(y, 1, 0, 1), y)],
  ['a mask of another size', /do not broadcast/, (g, _x, y) => g.attention(y, y, y, { mask: g.input('m', 'float32', [5, 5]) })],
  ['a mask larger than the scores', /A mask .* does not fit/,
    (g, _x, y) => g.attention(y, y, y, { mask: g.input('m', 'float32', [2, 1, 1, 1]) })],
  ['a value of another graph', /belongs to another graph/, (g, x) => new GraphBuilder('other').neg(x)],
];

test.each(misfits)('%s: refused at once, with words', (_name, words, build) => {
  const g = new GraphBuilder('misfits');
  const [x, y] = [g.input('x', 'float32', [2, 3]), g.input('y', 'float32', [1, 2, 3, 4])];
  expect(() => g.scope('here', () => build(g, x, y))).toThrow(words);
});
