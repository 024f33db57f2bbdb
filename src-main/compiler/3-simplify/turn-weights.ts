// The gradient of a convolution towards its input as a plain convolution with turned weights: of stride 1,
//   ConvTranspose(dY, W) = Conv(dY, turned W),  turned W[i, o, r, s] = W[o, i, kh-1-r, kw-1-s]
// ONNX Runtime's Conv takes 0.5 to 0.7 of the time of its ConvTranspose (measured). The turned weights are made of
// frozen ones by nodes that it folds when the session is created: a copy in memory, so only where most time is won for
// it, in the layers of the largest pictures. Behind a doubling by nearest neighbour a quarter of the products will do.

import { elementCount } from '../../tensor/tensor.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import { type Graph, type Node, type Value, countUses } from '../1-build/graph.ts';
import { numberAttribute, numbersAttribute, sameShape } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

/** Below this many positions a product over channels is too short to win anything. */
const leastPositions = 1024;

/** Turns weights as long as all turned ones together take at most `maxBytes`. */
export function turnWeights(graph: Graph, maxBytes: number): RewriteRule {
  const chosen = chooseNodes(graph, maxBytes);
  const uses = countUses(graph);
  return (g, node, [x, weight]) => {
    if (node.op === 'ReduceSum') {
      const whole = halvedConvolution(uses, node);
      return whole && chosen.has(whole) ? [halfOf(g, x!, node.outputs[0]!)] : undefined;
    }
    if (!chosen.has(node)) return undefined;
    const kernel = weight!.shape.slice(2);
    const pads = numbersAttribute(node.attributes, 'pads').map((pad, side) => kernel[side % 2]! - 1 - pad);
    const turned = g.node('TurnKernels', [weight!])[0]!;
    return [g.conv(x!, turned, undefined, { pads: pads as [number, number, number, number] })];
  };
}

/** The transposed convolution of which a sum takes two rows and two columns together, and which nothing else reads. */
function halvedConvolution(uses: ReadonlyMap<Value, number>, { inputs: [parts], attributes }: Node): Node | undefined {
  const whole = parts!.producer?.op === 'Reshape' ? parts!.producer.inputs[0]! : undefined;
  if (whole?.producer?.op !== 'ConvTranspose' || uses.get(parts!) !== 1 || uses.get(whole) !== 1) return undefined;
  const [batch, channels, height, width] = whole.shape as [number, number, number, number];
  const isHalved = whole.dtype === 'float32' && sameShape(parts!.shape, [batch * channels, height / 2, 2, width / 2, 2])
    && sameShape(numbersAttribute(attributes, 'axes'), [2, 4]);
  return isHalved ? whole.producer : undefined;
}

/**
 * Sums of two by two of a convolution's results, as nearest-neighbour doubling has for its gradient: the convolution
 * of such sums of its input, at every second place. `parts`: the results as they were to be summed.
 */
function halfOf(g: GraphBuilder, parts: Value, { shape }: Value): Value {
  const { inputs: [x, turned], attributes } = parts.producer!.inputs[0]!.producer!;
  const channels = x!.shape[1]!;
  const taps = { dtype: 'float32', shape: [channels, 1, 2, 2], data: new Float32Array(4 * channels).fill(1) } as const;
  const pads = numbersAttribute(attributes, 'pads') as [number, number, number, number];
  const sums = g.conv(x!, g.constant(taps), undefined, { group: channels, pads });
  return g.reshape(g.conv(sums, turned!, undefined, { strides: [2, 2] }), shape);
}

function chooseNodes(graph: Graph, maxBytes: number): Set<Node> {
  const positions = (node: Node): number => elementCount(node.inputs[0]!.shape) / node.inputs[0]!.shape[1]!;
  const candidates = graph.nodes.filter((node) => (
    isTurnable(node) && isFrozen(graph, node.inputs[1]!) && positions(node) >= leastPositions));
  // a stable sort: of equals the first in the graph
  candidates.sort((a, b) => positions(b) - positions(a));
  const chosen = new Set<Node>();
  const weights = new Set<Value>();
  let bytes = 0;
  for (const node of candidates) {
    const weight = node.inputs[1]!;
    const more = weights.has(weight) ? 0 : 4 * elementCount(weight.shape);
    if (bytes + more > maxBytes) continue;
    bytes += more;
    weights.add(weight);
    chosen.add(node);
  }
  return chosen;
}

function isTurnable({ op, inputs, attributes }: Node): boolean {
  if (op !== 'ConvTranspose' || inputs[2]) return false;
  const isOne = (name: string): boolean => numbersAttribute(attributes, name).every((n) => n === 1);
  const kernel = inputs[1]!.shape.slice(2);
  return isOne('strides') && isOne('dilations') && numberAttribute(attributes, 'group') === 1
    && sameShape(numbersAttribute(attributes, 'outputPadding'), [0, 0])
    && numbersAttribute(attributes, 'pads').every((pad, side) => pad < kernel[side % 2]!);
}

/** Frozen, or frozen half-precision numbers as float32. */
function isFrozen(graph: Graph, value: Value): boolean {
  const source = value.producer?.op === 'Cast' ? value.producer.inputs[0]! : value;
  return graph.initializers.has(source);
}
