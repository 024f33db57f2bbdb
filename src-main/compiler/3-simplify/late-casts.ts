// Half-precision weights: ONNX Runtime folds a Cast of a constant into a float32 copy when it opens a session, so that
// a file takes twice its size in memory. Weights beyond a limit are converted at each use instead, once the other input
// of the use is there, and the copy is given back right after it.

import { bytesPerElement, elementCount } from '../../tensor/tensor.ts';
import { zeroAfter } from '../1-build/barrier.ts';
import { type Graph, type Node, type Value, presentInputs } from '../1-build/graph.ts';
import { type RewriteRule, rewrite } from './rewrite.ts';

/** Smaller weights, norms and biases above all, are not worth the nodes. */
const leastElements = 4096;

/** Float32 copies of half-precision weights take `maxBytes` at most, in the order of the initializers. */
export function lateCasts(graph: Graph, maxBytes: number): Graph {
  const late = chooseWeights(graph, maxBytes);
  if (late.size === 0) return graph;
  const computed = computedValues(graph);
  const halfOf = (value: Value | undefined): Value | undefined => {
    const source = value?.producer?.op === 'Cast' ? value.producer.inputs[0] : undefined;
    return source && late.has(source) ? source : undefined;
  };
  const rule: RewriteRule = (g, node, inputs) => {
    if (!node.inputs.some(halfOf)) return undefined;
    const half = (index: number): Value => inputs[index]!.producer!.inputs[0]!;
    // of a table only the rows that are read
    if (node.op === 'Gather' && halfOf(node.inputs[0])) {
      return [g.cast(g.gather(half(0), inputs[1]!, Number(node.attributes['axis'])), 'float32')];
    }
    const other = node.inputs.findIndex((value) => value && computed.has(value));
    if (other < 0) return undefined;
    const zero = zeroAfter(g, inputs[other]!);
    const converted = inputs.map((value, index) => (
      halfOf(node.inputs[index]) ? g.node('LateCast', [half(index), zero])[0] : value));
    return g.node(node.op, converted, node.attributes);
  };
  return rewrite(graph, rule);
}

/** Half-precision weights that are read as float32 and for which the limit has no room. */
function chooseWeights(graph: Graph, maxBytes: number): Set<Value> {
  const weights = new Set(graph.nodes.flatMap((node) => (isWeightCast(graph, node) ? [node.inputs[0]!] : [])));
  const late = new Set<Value>();
  let bytes = 0;
  for (const weight of weights) {
    const more = bytesPerElement.float32 * elementCount(weight.shape);
    if (elementCount(weight.shape) < leastElements) continue;
    if (bytes + more > maxBytes) late.add(weight);
    else bytes += more;
  }
  return late;
}

function isWeightCast(graph: Graph, { op, inputs: [x], attributes }: Node): boolean {
  if (op !== 'Cast' || attributes['to'] !== 'float32' || !x || !graph.initializers.has(x)) return false;
  return x.dtype === 'float16' || x.dtype === 'bfloat16';
}

/** The graph's inputs and all that is computed from them. */
function computedValues(graph: Graph): Set<Value> {
  const computed = new Set<Value>(graph.inputs);
  for (const node of graph.nodes) {
    if (presentInputs(node).some((value) => computed.has(value))) node.outputs.forEach((value) => computed.add(value));
  }
  return computed;
}
