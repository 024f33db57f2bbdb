// Emits a simplified graph as ONNX bytes, opset 17: the set that every provider has (DirectML stops at 20, and its
// Scatter ops at 16). Ops of ours that ONNX lacks become a few of its own; fused ones are used where the provider
// has them.

import { toFloatDType } from '../../tensor/half.ts';
import { type DType, type Shape, type Tensor, float32Tensor } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import type { Graph, Node, Value } from '../1-build/graph.ts';
import { emitters } from './op-emitters.ts';
import { type OnnxAttribute, type OnnxNode, type OnnxValue, encodeModel } from './onnx-model.ts';
import { executionOrder } from './execution-order.ts';

export interface EmitOptions {
  /** FusedMatMul exists on the CPU and CUDA; elsewhere transposition is spelled out. */
  readonly hasFusedMatMul: boolean;
  /** WebGPU: all of a process' InstanceNormalization nodes must have the same epsilon, see op-emitters.ts. */
  readonly needsCommonEpsilon?: boolean;
  /** Folder that external data is relative to, with a separator at its end: the root of the drive. */
  readonly root: string;
}

/** What an op's emitter writes through. */
export interface EmitContext {
  readonly options: EmitOptions;
  readonly node: Node;
  nameOf(value: Value): string;
  /** Emits one ONNX node with one output and returns the output's name; the last one of an op gets the value's name. */
  emit(
    op: string, inputs: readonly string[], attributes?: Readonly<Record<string, OnnxAttribute>>,
    output?: string, domain?: 'com.microsoft',
  ): string;
  /** Emits one ONNX node whose outputs are the node's own, all of them. */
  emitParts(op: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>>): void;
  /** The value in another shape: of frozen numbers another view, of others a Reshape. */
  shaped(value: Value, shape: Shape): string;
  /** An int64 list as an initializer, one for each distinct list; or the list in another shape. */
  int64s(values: readonly number[], shape?: Shape): string;
  /** A list of floats as an initializer, float32 unless told; a scalar when `values` is a number. */
  floats(values: number | readonly number[], dtype?: DType): string;
}

export function emitOnnx(graph: Graph, options: EmitOptions): Uint8Array {
  const emission = new Emission(graph, options);
  return emission.bytes();
}

class Emission {
  readonly #graph: Graph;
  readonly #options: EmitOptions;
  readonly #nodes: OnnxNode[] = [];
  readonly #tensors = new Map<string, WeightSource>();
  readonly #names = new Map<Value, string>();

  constructor(graph: Graph, options: EmitOptions) {
    this.#graph = graph;
    this.#options = options;
    for (const value of [...graph.inputs, ...graph.initializers.keys()]) this.#names.set(value, value.name);
  }

  bytes(): Uint8Array {
    this.#nameOutputs();
    for (const node of executionOrder(this.#graph)) this.#emitNode(node);
    const outputs = this.#emitOutputs();
    const { root } = this.#options;
    const locate = (file: string): string => {
      if (!file.startsWith(root)) throw new Error(`${file} is not below ${root}.`);
      return file.slice(root.length).replaceAll('\\', '/');
    };
    const onnxValue = (value: Value): OnnxValue => ({ name: value.name, dtype: value.dtype, shape: value.shape });
    return encodeModel({
      name: this.#graph.name, opset: 17, inputs: this.#graph.inputs.map(onnxValue), outputs, nodes: this.#nodes,
      tensors: [
        ...[...this.#graph.initializers].map(([value, source]) => ({ name: value.name, source })),
        ...[...this.#tensors].map(([name, source]) => ({ name, source })),
      ],
      locate,
    });
  }

  /** A value that a node makes takes the name of the output it is. */
  #nameOutputs(): void {
    for (const [name, value] of this.#graph.outputs) {
      if (!this.#names.has(value)) this.#names.set(value, name);
    }
  }

  #emitOutputs(): OnnxValue[] {
    return [...this.#graph.outputs].map(([name, value]) => {
      const own = this.#nameOf(value);
      if (own !== name) this.#nodes.push({ op: 'Identity', name: `output/${name}`, inputs: [own], outputs: [name] });
      return { name, dtype: value.dtype, shape: value.shape };
    });
  }

  #nameOf(value: Value): string {
    return this.#names.get(value) ?? value.name;
  }

  #emitNode(node: Node): void {
    const emitter = emitters[node.op];
    if (!emitter) throw new Error(`${node.op} has no ONNX form; it must be lowered first.`);
    let count = 0;
    const final = this.#nameOf(node.outputs[0]!);
    const emit: EmitContext['emit'] = (op, inputs, attributes = {}, output = final, domain) => {
      const name = count++ === 0 ? node.outputs[0]!.name : `${node.outputs[0]!.name}/${op.toLowerCase()}_${count}`;
      const outputName = output === '' ? `${name}/partial_${count}` : output;
      this.#nodes.push({ op, domain, name, inputs, outputs: [outputName], attributes });
      return outputName;
    };
    const int64s = (values: readonly number[], shape: Shape = [values.length]): string => (
      this.#list(`int64[${values.join(',')}]${shape.length === 1 ? '' : `[${shape.join(',')}]`}`, () => (
        { dtype: 'int64', shape, data: BigInt64Array.from(values.map(BigInt)) })));
    emitter({
      options: this.#options,
      node,
      nameOf: (value) => this.#nameOf(value),
      emit,
      emitParts: (op, inputs, attributes) => {
        const outputs = node.outputs.map((value) => this.#nameOf(value));
        this.#nodes.push({ op, name: node.outputs[0]!.name, inputs, outputs, attributes });
      },
      shaped: (value, shape) => {
        const source = this.#graph.initializers.get(value);
        if (!source) return emit('Reshape', [this.#nameOf(value), int64s(shape)], {}, '');
        return this.#list(`${value.name}[${shape.join(',')}]`, () => ({ ...source, shape }));
      },
      int64s,
      floats: (values, dtype = 'float32') => (
        this.#list(`${dtype}[${String(values)}]${typeof values === 'number' ? '' : 's'}`, () => (
          toFloatDType(floatTensor(values), dtype === 'float16' ? 'float16' : 'float32')))),
    });
  }

  #list(name: string, make: () => WeightSource): string {
    if (!this.#tensors.has(name)) this.#tensors.set(name, make());
    return name;
  }
}

function floatTensor(values: number | readonly number[]): Tensor {
  return typeof values === 'number' ? float32Tensor([], [values]) : float32Tensor([values.length], values);
}
