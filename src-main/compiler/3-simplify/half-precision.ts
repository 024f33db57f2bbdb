// Makes a float16 graph of a float32 one, for GPUs: products and what lies between them in float16, the rest in float32
// (half-precision-rules.ts says which). Weights that a file holds in float16 are read as they are. Inputs and outputs
// of the graph keep their type.

import type { DType, Tensor } from '../../tensor/tensor.ts';
import { toFloatDType } from '../../tensor/half.ts';
import { isTensorReference } from '../../tensor/weights.ts';
import { heldBack, zeroAfter } from '../1-build/barrier.ts';
import { GraphBuilder } from '../1-build/graph-builder.ts';
import type { Graph, Node, Value } from '../1-build/graph.ts';
import { GradientFront, isAgain, isGradientScope } from './gradient-front.ts';
import { type HalfPrecisionOptions, HalfPrecisionPlan } from './half-precision-rules.ts';

type FloatType = 'float16' | 'float32';

/** The graph in mixed precision. Differentiate first: gradients take the precision of what they are made of. */
export function halfPrecision(graph: Graph, options: HalfPrecisionOptions = {}): Graph {
  return new Conversion(graph, new HalfPrecisionPlan(graph, options)).graph();
}

class Conversion {
  readonly #g: GraphBuilder;
  readonly #graph: Graph;
  readonly #plan: HalfPrecisionPlan;
  /** What stands for a value, in the type it was made in. */
  readonly #made = new Map<Value, Value>();
  /** The same in the other type, one for the forward and one for the backward pass. */
  readonly #cast = { forward: new Map<Value, Value>(), backward: new Map<Value, Value>() };
  readonly #front: GradientFront;
  /** By scope of the backward pass: a zero that is known once the gradient has arrived there. */
  readonly #zeros = new Map<string, Value>();
  readonly #frozen: Readonly<Record<FloatType, Map<Value, Value>>> = { float16: new Map(), float32: new Map() };

  constructor(graph: Graph, plan: HalfPrecisionPlan) {
    this.#g = new GraphBuilder(graph.name);
    this.#graph = graph;
    this.#plan = plan;
    this.#front = new GradientFront(graph);
  }

  graph(): Graph {
    for (const input of this.#graph.inputs) {
      this.#made.set(input, this.#g.input(input.name, input.dtype, input.shape));
    }
    for (const node of this.#graph.nodes) {
      if (this.#plan.kindOf(node.outputs[0]!) === 'frozen') continue;
      this.#g.inScope(node.scope, () => this.#convert(node));
      this.#front.pass(node);
    }
    for (const [name, value] of this.#graph.outputs) {
      this.#g.output(name, isFloat(value) ? this.#in(value, 'float32', 'forward', '') : this.#whole(value));
    }
    return this.#g.graph();
  }

  #convert(node: Node): void {
    const dtype = this.#plan.dtypeOf(node);
    const pass = isGradientScope(node.scope) ? 'backward' : 'forward';
    const inputs = node.inputs.map((value) => (
      value && (isFloat(value) ? this.#in(value, dtype, pass, node.scope) : this.#whole(value))));
    const outputs = this.#g.node(node.op, inputs, node.attributes);
    node.outputs.forEach((value, index) => {
      const output = outputs[index]!;
      const isRounded = this.#plan.kindOf(value) === 'half' && output.dtype === 'float32';
      this.#made.set(value, isRounded ? this.#g.cast(output, 'float16') : output);
    });
  }

  /** A value that is not of floats. */
  #whole(value: Value): Value {
    return this.#made.get(value) ?? this.#frozenIn(value, 'float32');
  }

  #in(value: Value, dtype: FloatType, pass: 'forward' | 'backward', scope: string): Value {
    if (this.#plan.kindOf(value) === 'frozen') return this.#frozenIn(value, dtype);
    const made = this.#made.get(value)!;
    if (made.dtype === dtype) return made;
    const known = this.#cast[pass].get(value);
    if (known) return known;
    const isKept = pass === 'backward' && !isAgain(value) && !isGradientScope(value.producer?.scope ?? '');
    const source = isKept && dtype === 'float32' ? this.#heldBack(made, scope) : made;
    const cast = this.#g.cast(source, dtype);
    this.#cast[pass].set(value, cast);
    return cast;
  }

  /** Kept in float16 until the backward pass comes to this scope: only then is it made float32. */
  #heldBack(x: Value, scope: string): Value {
    let zero = this.#zeros.get(scope);
    if (!zero) {
      const arrived = this.#front.value && this.#made.get(this.#front.value);
      if (!arrived) return x;
      zero = zeroAfter(this.#g, arrived);
      this.#zeros.set(scope, zero);
    }
    return heldBack(this.#g, x, zero);
  }

  /** Weights and what is made of them alone, in the type that is asked for; others as they are. */
  #frozenIn(value: Value, dtype: FloatType): Value {
    const known = this.#frozen[dtype].get(value);
    if (known) return known;
    const made = value.producer ? this.#frozenNode(value, value.producer, dtype) : this.#weight(value, dtype);
    this.#frozen[dtype].set(value, made);
    return made;
  }

  #frozenNode(value: Value, node: Node, dtype: FloatType): Value {
    const isFloatCast = node.op === 'Cast' && isFloat(value) && isFloat(node.inputs[0]!);
    if (isFloatCast) return this.#frozenIn(node.inputs[0]!, dtype);
    const inputs = node.inputs.map((input) => input && this.#frozenIn(input, dtype));
    const attributes = node.op === 'Cast' && isFloat(value) ? { to: dtype } : node.attributes;
    const outputs = this.#g.inScope(node.scope, () => this.#g.node(node.op, inputs, attributes));
    node.outputs.forEach((output, index) => this.#frozen[dtype].set(output, outputs[index]!));
    return outputs[node.outputs.indexOf(value)]!;
  }

  #weight(value: Value, dtype: FloatType): Value {
    const source = this.#graph.initializers.get(value)!;
    if (!isFloat(value) || source.dtype === dtype) return this.#source(value);
    if (isTensorReference(source)) return this.#g.cast(this.#source(value), dtype);
    const converted: Tensor = toFloatDType(source, dtype);
    return this.#g.initializer(`${value.name}/${dtype}`, converted);
  }

  /** The initializer as its file has it. */
  #source(value: Value): Value {
    let made = this.#made.get(value);
    if (!made) {
      made = this.#g.initializer(value.name, this.#graph.initializers.get(value)!);
      this.#made.set(value, made);
    }
    return made;
  }
}

function isFloat({ dtype }: { readonly dtype: DType }): boolean {
  return dtype.includes('float');
}
