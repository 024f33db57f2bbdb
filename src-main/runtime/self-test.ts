// Whether a provider computes right: the operators that the networks and their training are made of, in a graph small
// enough to be evaluated in float64 beside it. Drivers exist on which some are silently wrong.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { differentiate } from '../compiler/2-differentiate/differentiate.ts';
import { evaluate } from '../compiler/evaluate.ts';
import { normalNumbers } from '../diffusion/seeded-noise.ts';
import { type Shape, type Tensor, elementCount, float32Tensor } from '../tensor/tensor.ts';
import type { Session } from './session.ts';

/** float32 with fast divisions and exponentials stays well below; a wrong operator is far above. */
export const selfTestTolerance = 1e-3;
/** Of the same graph in float16, whose numbers have eleven bits: errors add up over its dozen of layers. */
export const halfSelfTestTolerance = 5e-2;

/**
 * The largest error of a provider's results, relative to the largest number of each. `open` opens the graph on it;
 * what it or the run throws is thrown on.
 */
export async function selfTestError(open: (graph: Graph) => Promise<Session>): Promise<number> {
  const { graph, feeds } = selfTest();
  const session = await open(graph);
  try {
    const actual = await session.run(feeds);
    const errors = Object.entries(evaluate(graph, feeds)).map(([name, { values }]) => (
      largestError(actual[name]!.data as Float32Array, values)));
    return Math.max(...errors);
  } finally {
    await session.release();
  }
}

function largestError(actual: Float32Array, expected: Float64Array): number {
  let error = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return error / size;
}

function selfTest(): { graph: Graph; feeds: Record<string, Tensor> } {
  const g = new GraphBuilder('self-test');
  const x = g.input('x', 'float32', [2, 8, 7, 6]);
  let stream = 1;
  const weights: Value[] = [];
  const weight = (shape: Shape): Value => {
    const numbers = normalNumbers(1, stream++, elementCount(shape)).map((value) => value / 3);
    weights.push(g.weight(`w${stream}`, float32Tensor(shape, numbers)));
    return weights.at(-1)!;
  };
  const y = smallNetwork(g, x, weight);
  const loss = g.reduceMean(g.mul(y, y), [0, 1, 2, 3], false);
  g.output('y', y);
  differentiate(g, loss, [x, ...weights]).forEach((gradient, i) => g.output(`gradient${i}`, gradient));
  return { graph: g.graph(), feeds: { x: float32Tensor(x.shape, normalNumbers(1, 0, elementCount(x.shape))) } };
}

/** A resnet block that halves, two heads of attention with a gated layer, and a block that doubles: [2, 8, 8, 6]. */
function smallNetwork(g: GraphBuilder, x: Value, weight: (shape: Shape) => Value): Value {
  const normed = g.silu(g.groupNorm(x, weight([8]), weight([8]), 4, 1e-5));
  const halved = g.conv(normed, weight([8, 8, 3, 3]), weight([8]), { strides: [2, 2], pads: [1, 0, 1, 1] });
  const [batch, channels, height, width] = halved.shape as [number, number, number, number];
  const tokens = g.transpose(g.reshape(halved, [batch, channels, height * width]), [0, 2, 1]);
  const rows = g.layerNorm(tokens, weight([8]), weight([8]));
  const heads = (): Value => {
    const projected = g.linear(rows, weight([8, 8]), undefined);
    return g.transpose(g.reshape(projected, [batch, height * width, 2, 4]), [0, 2, 1, 3]);
  };
  const attended = g.transpose(g.attention(heads(), heads(), heads()), [0, 2, 1, 3]);
  const gated = g.mul(g.gelu(g.linear(rows, weight([8, 8]), weight([8]))), g.reshape(attended, tokens.shape));
  const picture = g.reshape(g.transpose(g.add(tokens, gated), [0, 2, 1]), halved.shape);
  const doubled = g.resizeNearest(picture, 2 * height, 2 * width);
  return g.conv(doubled, weight([8, 8, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
}
