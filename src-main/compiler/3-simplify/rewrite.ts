// Copies a graph node by node through a rule that may put other nodes in a node's place.

import { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Graph, Node, Value } from '../1-build/graph.ts';

/** Returns the values that stand for the node's outputs, or undefined to keep the node as it is. */
export type RewriteRule = (
  g: GraphBuilder, node: Node, inputs: readonly (Value | undefined)[],
) => readonly Value[] | undefined;

export function rewrite(graph: Graph, rule: RewriteRule): Graph {
  const g = new GraphBuilder(graph.name);
  const standIn = new Map<Value, Value>();
  for (const input of graph.inputs) standIn.set(input, g.input(input.name, input.dtype, input.shape));
  for (const [value, source] of graph.initializers) standIn.set(value, g.initializer(value.name, source));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((value) => value && standIn.get(value));
    const outputs = g.inScope(node.scope, () => rule(g, node, inputs) ?? g.nodeLike(node, inputs));
    node.outputs.forEach((value, index) => standIn.set(value, outputs[index]!));
  }
  for (const [name, value] of graph.outputs) g.output(name, standIn.get(value)!);
  return g.graph();
}

/** Leaves out nodes and initializers that no output depends on. Inputs stay: they are the graph's signature. */
export function removeDead(graph: Graph): Graph {
  const live = new Set<Value>(graph.outputs.values());
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((value) => live.has(value))) continue;
    nodes.push(node);
    for (const value of node.inputs) if (value) live.add(value);
  }
  const initializers = new Map([...graph.initializers].filter(([value]) => live.has(value)));
  return { ...graph, nodes: nodes.reverse(), initializers };
}
