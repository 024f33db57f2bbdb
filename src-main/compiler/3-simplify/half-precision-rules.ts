// Which nodes of a float32 graph compute in float16 and which stay in float32, op by op and by what they are fed.
// Products of matrices and convolutions are where the time goes; sums over many numbers, exponentials, quotients and
// squares are where eleven bits or 65504 do not suffice (Micikevicius et al. 2018, sections 3.1 and 3.3).

import { elementCount } from '../../tensor/tensor.ts';
import { type Graph, type Node, type Value, countUses, presentInputs } from '../1-build/graph.ts';
import { isGradientScope } from './gradient-front.ts';

/**
 * What stands for a value: numbers in float16 or in float32; 'factor', one float32 number from outside that may be
 * rounded, as a strength; 'frozen', the same in every run and to be had in either; 'other', no float numbers.
 */
export type Kind = 'half' | 'single' | 'factor' | 'frozen' | 'other';

/** 'follow': as what it is fed; 'narrow': in float32, its result as what it is fed. Ops not listed stay in float32. */
type OpKind = 'half' | 'narrow' | 'follow';

const opKinds: Readonly<Record<string, OpKind>> = {
  ...all('half', ['MatMul', 'Conv', 'ConvTranspose', 'Attention', 'AttentionGradient']),
  ...all('narrow', ['GroupNorm', 'LayerNorm', 'Softmax']),
  ...all('follow', [
    'Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Min', 'Max', 'Where', 'Relu', 'Sigmoid', 'Tanh', 'Gelu', 'QuickGelu',
    'Reshape', 'Transpose', 'Slice', 'Concat', 'Expand', 'Pad', 'Gather', 'ResizeNearest', 'ReduceMax',
  ]),
};

const structural = new Set(['Reshape', 'Transpose', 'Slice', 'Expand', 'Pad']);
const arithmetic = new Set(['Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Min', 'Max', 'Where', 'Sigmoid', 'Tanh']);

function all(kind: OpKind, ops: readonly string[]): Record<string, OpKind> {
  return Object.fromEntries(ops.map((op) => [op, kind]));
}

/** Nodes of these scopes stay in float32: master copies of what learns, and the scale of the loss. */
const islands = /^(optimizer|loss-scale)(\/|$)/;

export interface HalfPrecisionOptions {
  /** 'float32' for networks whose attention scores exceed 65504 (diffusers' upcast_attention: Stable Diffusion 2.1). */
  readonly attention?: 'float16' | 'float32';
}

/** The largest rounding error of a normal float16, relative. */
const halfUnit = 2 ** -11;

/** Whether float16 holds a number as well as it holds numbers about 1. */
export function fitsHalf(number: number): boolean {
  if (!Number.isFinite(number)) return true;
  return Math.abs(new Float16Array([number])[0]! - number) <= halfUnit * Math.abs(number);
}

/** Decides for a whole graph; what it says of values and nodes never changes. */
export class HalfPrecisionPlan {
  readonly #graph: Graph;
  readonly #options: HalfPrecisionOptions;
  readonly #kinds = new Map<Value, Kind>();
  readonly #single = new Set<Node>();
  readonly #consumers = new Map<Value, Node[]>();

  constructor(graph: Graph, options: HalfPrecisionOptions = {}) {
    this.#graph = graph;
    this.#options = options;
    for (const node of graph.nodes) {
      for (const value of presentInputs(node)) {
        const known = this.#consumers.get(value);
        if (known) known.push(node);
        else this.#consumers.set(value, [node]);
      }
    }
    this.#decide();
    this.#widen();
    this.#decide();
    this.#narrow();
  }

  kindOf(value: Value): Kind {
    return this.#kinds.get(value) ?? 'other';
  }

  /** The type that a node's float inputs are to have. */
  dtypeOf(node: Node): 'float16' | 'float32' {
    const output = node.outputs[0]!;
    return this.kindOf(output) === 'half' && !this.#isNarrow(node) ? 'float16' : 'float32';
  }

  #isNarrow(node: Node): boolean {
    if (this.#options.attention === 'float32' && node.op.startsWith('Attention')) return true;
    return opKinds[node.op] === 'narrow';
  }

  #decide(): void {
    const { inputs, initializers, nodes } = this.#graph;
    for (const value of inputs) this.#kinds.set(value, isFloat(value) ? outsideKind(value) : 'other');
    for (const value of initializers.keys()) this.#kinds.set(value, 'frozen');
    for (const node of nodes) {
      const kind = this.#kindOfNode(node);
      for (const value of node.outputs) this.#kinds.set(value, isFloat(value) || kind === 'frozen' ? kind : 'other');
    }
  }

  #kindOfNode(node: Node): Kind {
    if (presentInputs(node).every((value) => this.kindOf(value) === 'frozen')) return 'frozen';
    if (this.#single.has(node) || islands.test(node.scope)) return 'single';
    if (this.#isNarrow(node)) return this.kindOf(node.inputs[0]!) === 'half' ? 'half' : 'single';
    const rule = opKinds[node.op];
    if (rule === undefined) return 'single';
    return rule === 'half' ? 'half' : this.#followed(node);
  }

  #followed(node: Node): Kind {
    const kinds = presentInputs(node).map((value) => this.kindOf(value));
    // squares overflow long before their roots do; derivatives of curves need more than eleven bits
    if (node.op === 'Mul' && node.inputs[0] === node.inputs[1]) return 'single';
    if (isGradientScope(node.scope) && (node.op === 'Sigmoid' || node.op === 'Tanh')) return 'single';
    if (node.op === 'Gather' && kinds[0] === 'frozen') return 'half';
    const isHalf = kinds.includes('half') && (node.op === 'Add' || !kinds.includes('single'));
    if (isHalf) return node.inputs.every((value) => !value || this.#fits(value)) ? 'half' : 'single';
    const isFactor = kinds.includes('factor') && !kinds.includes('single') && !isGradientScope(node.scope);
    return isFactor && elementCount(node.outputs[0]!.shape) === 1 ? 'factor' : 'single';
  }

  /** Frozen single numbers must survive the rounding. */
  #fits(value: Value): boolean {
    const source = this.#graph.initializers.get(value);
    if (!source || 'file' in source || source.dtype !== 'float32' || elementCount(source.shape) !== 1) return true;
    return fitsHalf(Number(source.data[0]));
  }

  /** Arithmetic of which float32 alone is made is done in float32 from the start. */
  #widen(): void {
    const isSingle = (node: Node): boolean => this.#single.has(node) || this.dtypeOf(node) === 'float32';
    const feedsSingle = (node: Node): boolean => {
      const consumers = node.outputs.flatMap((value) => this.#consumers.get(value) ?? []);
      return consumers.length > 0
        && consumers.every((each) => (structural.has(each.op) ? feedsSingle(each) : isSingle(each)));
    };
    for (const node of this.#graph.nodes.toReversed()) {
      // a sum in the forward pass is often kept for the backward pass, and then in float16
      const mayWiden = arithmetic.has(node.op) && (node.op !== 'Add' || isGradientScope(node.scope));
      if (mayWiden && !isSingle(node) && feedsSingle(node)) this.#single.add(node);
    }
  }

  /** Float32 numbers that are only moved before all of their readers round them are rounded first. */
  #narrow(): void {
    const uses = countUses(this.#graph);
    for (const node of this.#graph.nodes.toReversed()) {
      const output = node.outputs[0]!;
      const consumers = this.#consumers.get(output) ?? [];
      const isMoved = structural.has(node.op) && this.kindOf(output) === 'single' && !islands.test(node.scope);
      if (!isMoved || consumers.length === 0 || uses.get(output) !== consumers.length) continue;
      if (consumers.every((each) => this.dtypeOf(each) === 'float16')) this.#kinds.set(output, 'half');
    }
  }
}

function isFloat({ dtype }: Value): boolean {
  return dtype.includes('float');
}

/** Of what comes from outside only strengths and the like may be rounded. */
function outsideKind(value: Value): Kind {
  return elementCount(value.shape) === 1 ? 'factor' : 'single';
}
