// How far the backward pass has come while a graph is copied node by node: a value that is known only once the gradient
// has arrived where the copying is. What is computed of the forward pass's numbers for the backward pass alone can wait
// for it; ONNX Runtime would compute it at once and keep the result, which may be larger than what it is made of.

import { type Graph, type Node, type Value, presentInputs } from '../1-build/graph.ts';

export function isGradientScope(scope: string): boolean {
  return scope === 'gradient' || scope.startsWith('gradient/');
}

/** Values that recomputation makes again, in the backward pass already. */
export function isAgain({ producer }: Value): boolean {
  return producer !== undefined && /^again(\/|$)/.test(producer.scope);
}

/** Nodes must pass in the graph's order. */
export class GradientFront {
  readonly #position: ReadonlyMap<Node, number>;
  /** Of each value, the last node of the forward pass that it depends on. */
  readonly #depth = new Map<Value, number>();
  #deepest = 0;
  #value: Value | undefined;

  constructor(graph: Graph) {
    this.#position = new Map(graph.nodes.map((node, index) => [node, index]));
  }

  /** Made last of those that depend on the end of the forward pass; undefined before the backward pass. */
  get value(): Value | undefined {
    return this.#value;
  }

  pass(node: Node): void {
    const [output] = node.outputs as [Value];
    const isBackward = isGradientScope(node.scope) || isAgain(output);
    const depth = isBackward
      ? Math.max(0, ...presentInputs(node).map((value) => this.#depth.get(value) ?? 0))
      : this.#position.get(node)!;
    for (const value of node.outputs) this.#depth.set(value, depth);
    if (!isGradientScope(node.scope) || depth < this.#deepest || !output.dtype.includes('float')) return;
    this.#deepest = depth;
    this.#value = output;
  }
}
