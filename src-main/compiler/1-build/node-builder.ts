// What every graph under construction has: inputs, initializers, scopes, outputs, and nodes of any op in the table.
// Shapes are inferred and checked at once; names carry the scope they were made in.

import type { DType, Shape, Tensor } from '../../tensor/tensor.ts';
import { toFloatDType } from '../../tensor/half.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import type { ValueType } from '../ops/op-rule.ts';
import { ruleOf } from '../ops/op-table.ts';
import { sameShape } from '../ops/shapes.ts';
import type { Attributes, Graph, Node, Value } from './graph.ts';

/** A graph under construction, to which nodes of any op can be added. */
export class NodeBuilder {
  readonly name: string;
  readonly #inputs: Value[] = [];
  readonly #initializers = new Map<Value, WeightSource>();
  readonly #nodes: Node[] = [];
  readonly #outputs = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #scalars = new Map<string, Value>();
  readonly #members = new Set<Value>();
  /** By scope, what names that were made in it begin with: those are taken. */
  readonly #basesOf = new Map<string, Set<string>>();
  /** Names of the open scopes with '/' between them. */
  #scope = '';
  #nextId = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that goes on from a finished graph: its values and nodes are taken over as they are. */
  static from<B extends NodeBuilder>(this: new (name: string) => B, graph: Graph): B {
    const builder = new this(graph.name);
    const own = (value: Value): void => {
      builder.#members.add(value);
      builder.#names.add(value.name);
      builder.#nextId = Math.max(builder.#nextId, value.id + 1);
    };
    for (const value of graph.inputs) { own(value); builder.#inputs.push(value); }
    for (const [value, source] of graph.initializers) { own(value); builder.#initializers.set(value, source); }
    for (const node of graph.nodes) {
      node.outputs.forEach(own);
      builder.#nodes.push(node);
      builder.#nextId = Math.max(builder.#nextId, node.id + 1);
    }
    for (const [name, value] of graph.outputs) builder.#outputs.set(name, value);
    return builder;
  }

  // structure of the graph

  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.#names.has(name)) throw new Error(`The graph ${this.name} already has a value named ${name}.`);
    const value = this.#value(name, dtype, shape, undefined);
    this.#inputs.push(value);
    return value;
  }

  /** A frozen parameter, as float32 whatever float type its file holds. */
  weight(name: string, source: WeightSource): Value {
    // its own name, whatever the scope: a parameter's name is its path in the network already
    const value = this.#value(this.#names.has(name) ? this.#unique(name) : name, source.dtype, source.shape, undefined);
    this.#initializers.set(value, source);
    const isHalf = source.dtype === 'float16' || source.dtype === 'bfloat16';
    return isHalf ? this.node('Cast', [value], { to: 'float32' })[0]! : value;
  }

  constant(tensor: Tensor): Value {
    return this.initializer(this.#unique('constant'), tensor);
  }

  /** Frozen numbers with the dtype they are stored in. */
  initializer(name: string, source: WeightSource): Value {
    const value = this.#value(this.#names.has(name) ? this.#unique(name) : name, source.dtype, source.shape, undefined);
    this.#initializers.set(value, source);
    return value;
  }

  /** A number that broadcasts with everything of its type; one initializer for each distinct number. */
  scalar(number: number, dtype: 'float32' | 'float16' = 'float32'): Value {
    const key = `${Object.is(number, -0) ? '-0' : String(number)} ${dtype}`;
    let value = this.#scalars.get(key);
    if (!value) {
      value = this.constant(toFloatDType({ dtype: 'float32', shape: [], data: Float32Array.of(number) }, dtype));
      this.#scalars.set(key, value);
    }
    return value;
  }

  /** Whether a value is an initializer: the same in every run. */
  isFrozen(value: Value): boolean {
    return this.#initializers.has(value);
  }

  /** An initializer's numbers; undefined for other values. */
  frozenSource(value: Value): WeightSource | undefined {
    return this.#initializers.get(value);
  }

  output(name: string, value: Value): void {
    this.#checkMember(value);
    this.#outputs.set(name, value);
  }

  /** Names made inside `build` begin with `name/`. */
  scope<T>(name: string, build: () => T): T {
    return name === '' ? build() : this.inScope(this.#scope === '' ? name : `${this.#scope}/${name}`, build);
  }

  /** Like scope(), with a whole path in place of the present one. */
  inScope<T>(path: string, build: () => T): T {
    const outer = this.#scope;
    this.#scope = path;
    try {
      return build();
    } finally {
      this.#scope = outer;
    }
  }

  graph(): Graph {
    return {
      name: this.name, inputs: [...this.#inputs], initializers: new Map(this.#initializers),
      nodes: [...this.#nodes], outputs: new Map(this.#outputs),
    };
  }

  /** Adds a node of any op in the table and returns its outputs. */
  node(op: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): readonly Value[] {
    return this.#add(op, inputs, attributes, this.#infer(op, inputs, attributes, this.#scope));
  }

  /** Adds a node like that of another graph, over other inputs; where they have the same types nothing is inferred. */
  nodeLike({ op, attributes, inputs: own, outputs }: Node, inputs: readonly (Value | undefined)[]): readonly Value[] {
    const isSame = inputs.every((value, index) => (
      value?.dtype === own[index]?.dtype && sameShape(value?.shape ?? [], own[index]?.shape ?? [])));
    return isSame ? this.#add(op, inputs, attributes, outputs) : this.node(op, inputs, attributes);
  }

  #add(
    op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, types: readonly ValueType[],
  ): readonly Value[] {
    for (const value of inputs) if (value) this.#checkMember(value);
    const scope = this.#scope;
    const outputs: Value[] = [];
    const node: Node = { id: this.#nextId++, op, inputs: [...inputs], attributes, outputs, scope };
    for (const type of types) outputs.push(this.#value(this.#unique(op.toLowerCase()), type.dtype, type.shape, node));
    this.#nodes.push(node);
    return outputs;
  }

  #infer(
    op: string, inputs: readonly (Value | undefined)[], attributes: Attributes, scope: string,
  ): readonly ValueType[] {
    try {
      return ruleOf(op).infer(inputs, attributes);
    } catch (error) {
      throw new Error(`${op} in ${this.name}/${scope}: ${(error as Error).message}`, { cause: error });
    }
  }

  #checkMember(value: Value): void {
    if (!this.#members.has(value)) throw new Error(`${value.name} belongs to another graph than ${this.name}.`);
  }

  #unique(base: string): string {
    let taken = this.#basesOf.get(this.#scope);
    if (!taken) this.#basesOf.set(this.#scope, taken = new Set());
    const full = this.#scope === '' ? base : `${this.#scope}/${base}`;
    let name = taken.has(base) ? `${full}_${this.#nextId}` : full;
    for (let id = this.#nextId; this.#names.has(name); id++) name = `${full}_${id}`;
    taken.add(base);
    return name;
  }

  #value(name: string, dtype: DType, shape: Shape, producer: Node | undefined): Value {
    const value: Value = { id: this.#nextId++, name, dtype, shape: [...shape], producer };
    this.#names.add(name);
    this.#members.add(value);
    return value;
  }
}
