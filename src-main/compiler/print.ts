// Graphs as text, one node a line: what golden samples hold and what an error shows. Same graph, same text.

import type { AttributeValue, Graph, Node, Value } from './1-build/graph.ts';

export function printGraph(graph: Graph): string {
  const lines = [`graph ${graph.name}`];
  for (const value of graph.inputs) lines.push(`  input   ${value.name}  ${type(value)}`);
  for (const value of graph.initializers.keys()) lines.push(`  frozen  ${value.name}  ${type(value)}`);
  for (const node of graph.nodes) lines.push(`  ${printNode(node)}`);
  for (const [name, value] of graph.outputs) lines.push(`  output  ${name} = ${value.name}`);
  return `${lines.join('\n')}\n`;
}

export function printNode(node: Node): string {
  const inputs = node.inputs.map((value) => value?.name ?? 'absent');
  const attributes = Object.entries(node.attributes).map(([name, value]) => `${name}=${attribute(value)}`);
  const outputs = node.outputs.map((value) => value.name).join(', ');
  const types = node.outputs.map(type).join(', ');
  return `${outputs} = ${node.op}(${[...inputs, ...attributes].join(', ')})  ${types}`;
}

function type(value: Value): string {
  return `${value.dtype}[${value.shape.join(', ')}]`;
}

function attribute(value: AttributeValue): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}
