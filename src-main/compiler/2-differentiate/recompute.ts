// Activations computed again instead of kept (Chen et al. 2016, "Training deep nets with sublinear memory cost"): of
// each block only what comes in stays, and what its gradient needs is computed again from there. The copies hang behind
// a barrier on the gradient that arrives at the block's end, so that nothing merges them with the first computation and
// ONNX Runtime runs them when the block's gradient begins.

import { elementCount } from '../../tensor/tensor.ts';
import { heldBack, zeroAfter } from '../1-build/barrier.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Node, Value } from '../1-build/graph.ts';

/** The block that nodes of a scope belong to, by name, or undefined where values are kept. */
export type BlockOf = (scope: string) => string | undefined;

/**
 * Blocks as networks name them: a scope up to its last part that ends in a number, so that
 * 'mid_block.attentions.0/transformer_blocks.3/lora' is in block 'mid_block.attentions.0/transformer_blocks.3'.
 */
export const numberedBlock: BlockOf = (scope) => /^.*\.\d+(?=\/|$)/.exec(scope)?.[0];

/**
 * An output that costs more operations an element than this is kept: a convolution of many channels or attention over
 * many keys takes long and leaves little. A quarter of a UNet's forward pass runs again instead of all of it.
 */
const keptOperations = 8192;

/** Stands copies in for the values of a block while its gradient is built. */
export class Recomputation {
  readonly #g: GraphBuilder;
  /** The stretch of consecutive nodes of one block that a node lies in. */
  readonly #stretches: ReadonlyMap<Node, number>;
  #stretch: number | undefined;
  #zero: Value | undefined;
  #standIns = new Map<Value, Value>();
  /** What comes into the stretch, behind its barrier. */
  #heldBack = new Map<Value, Value>();

  /** `nodes`: the forward pass, in order. */
  constructor(g: GraphBuilder, nodes: readonly Node[], blockOf: BlockOf) {
    this.#g = g;
    this.#stretches = stretchesOf(nodes, blockOf);
  }

  /** To be called at each node of the walk back, last first, with the gradient that has arrived at its output. */
  reach(node: Node, gradient: Value): void {
    const stretch = this.#stretches.get(node);
    if (stretch === this.#stretch) return;
    this.#stretch = stretch;
    this.#standIns = new Map();
    this.#heldBack = new Map();
    this.#zero = stretch === undefined ? undefined : zeroAfter(this.#g, gradient);
  }

  /** What the present node's gradient is to use for a value of the forward pass. */
  standIn(value: Value): Value {
    const { producer } = value;
    if (!this.#zero || !producer || this.#stretches.get(producer) !== this.#stretch) return value;
    if (!this.#standIns.has(value)) this.#copy(producer);
    return this.#standIns.get(value)!;
  }

  #copy(node: Node): void {
    const isKept = operationsPerElement(node) > keptOperations;
    const inputs = isKept ? node.inputs : this.#copiedInputs(node);
    const isSame = inputs.every((input, index) => input === node.inputs[index]);
    const outputs = isSame
      ? node.outputs
      : this.#g.inScope(`again/${node.scope}`, () => this.#g.node(node.op, inputs, node.attributes));
    node.outputs.forEach((value, index) => this.#standIns.set(value, outputs[index]!));
  }

  /** At least one of them hangs behind the barrier, unless all are frozen or no float32. */
  #copiedInputs(node: Node): readonly (Value | undefined)[] {
    const inputs = node.inputs.map((value) => value && this.standIn(value));
    if (inputs.some((input, index) => input !== node.inputs[index])) return inputs;
    const first = inputs.findIndex((value) => value?.dtype === 'float32' && !this.#g.isFrozen(value));
    return inputs.map((value, index) => (value && index === first ? this.#held(value) : value));
  }

  #held(value: Value): Value {
    let held = this.#heldBack.get(value);
    if (!held) {
      held = this.#g.inScope('again', () => heldBack(this.#g, value, this.#zero!));
      this.#heldBack.set(value, held);
    }
    return held;
  }
}

function stretchesOf(nodes: readonly Node[], blockOf: BlockOf): Map<Node, number> {
  const stretches = new Map<Node, number>();
  let block: string | undefined;
  let stretch = 0;
  for (const node of nodes) {
    const here = blockOf(node.scope);
    if (here !== block) stretch++;
    block = here;
    if (here !== undefined) stretches.set(node, stretch);
  }
  return stretches;
}

/** Roughly how many multiplications and additions one element of a node's output takes; 0 for what is cheap. */
function operationsPerElement({ op, inputs, attributes }: Node): number {
  const [first, second] = inputs;
  if (op === 'Conv') return 2 * elementCount(second!.shape.slice(1));
  if (op === 'Attention') return 4 * second!.shape[2]!;
  return op === 'MatMul' ? 2 * first!.shape.at(attributes['transposeA'] === true ? -2 : -1)! : 0;
}
