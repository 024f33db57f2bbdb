// The law of the graph: every value is made once and before it is used, shapes are what the rules say, names are
// unique. Run after every phase in tests; throws with the first bad node and the nodes around it.

import type { Graph, Node, Value } from './1-build/graph.ts';
import { ruleOf } from './ops/op-table.ts';
import { sameShape, shapeText } from './ops/shapes.ts';
import { printNode } from './print.ts';

export function verify(graph: Graph): void {
  const known = new Set<Value>([...graph.inputs, ...graph.initializers.keys()]);
  const names = new Set<string>();
  const claim = (value: Value): void => {
    if (names.has(value.name)) throw new Error(`Two values of ${graph.name} are named ${value.name}.`);
    names.add(value.name);
  };
  known.forEach(claim);
  graph.nodes.forEach((node, index) => {
    const problem = nodeProblem(node, known);
    if (problem) throw new Error(`${problem}\n${excerpt(graph, index)}`);
    for (const output of node.outputs) {
      known.add(output);
      claim(output);
    }
  });
  const inputNames = new Set(graph.inputs.map((value) => value.name));
  for (const [name, value] of graph.outputs) {
    if (inputNames.has(name)) throw new Error(`${graph.name} has an input and an output named ${name}.`);
    if (names.has(name) && value.name !== name) throw new Error(`Two values of ${graph.name} are named ${name}.`);
    if (!known.has(value)) throw new Error(`The output ${name} of ${graph.name} is made nowhere.`);
  }
}

function nodeProblem(node: Node, known: ReadonlySet<Value>): string | undefined {
  for (const value of node.inputs) {
    if (value && !known.has(value)) return `${node.op} uses ${value.name} before it is made.`;
  }
  const types = ruleOf(node.op).infer(node.inputs, node.attributes);
  for (const [index, output] of node.outputs.entries()) {
    const type = types[index];
    if (!type || type.dtype !== output.dtype || !sameShape(type.shape, output.shape)) {
      const made = type ? `${type.dtype}${shapeText(type.shape)}` : 'nothing';
      return `${output.name} is ${output.dtype}${shapeText(output.shape)}, its op makes ${made}.`;
    }
    if (output.producer !== node) return `${output.name} names another producer.`;
  }
  return undefined;
}

function excerpt(graph: Graph, index: number): string {
  return graph.nodes.slice(Math.max(0, index - 5), index + 6)
    .map((node, i) => `${i === Math.min(5, index) ? '→' : ' '} ${printNode(node)}`).join('\n');
}
