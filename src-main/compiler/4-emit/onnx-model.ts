// An ONNX ModelProto under construction (onnx.proto, IR version 8). Field numbers are onnx.proto's.

import { type DType, type Shape, type Tensor, tensorBytes } from '../../tensor/tensor.ts';
import type { TensorReference } from '../../tensor/weights.ts';
import { MessageWriter } from './protobuf.ts';

export const elementTypes: Readonly<Record<DType, number>> = {
  float32: 1, uint8: 2, int8: 3, uint16: 4, int16: 5, int32: 6, int64: 7, bool: 9,
  float16: 10, float64: 11, uint32: 12, uint64: 13, bfloat16: 16,
};

export type OnnxAttribute =
  | { readonly int: number } | { readonly float: number } | { readonly string: string }
  | { readonly ints: readonly number[] };

export interface OnnxNode {
  readonly op: string;
  readonly domain?: 'com.microsoft';
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

export interface OnnxModel {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly { readonly name: string; readonly source: Tensor | TensorReference }[];
  /** How the location of a file is written: relative to the folder that the session names. */
  readonly locate: (file: string) => string;
}

export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = new MessageWriter();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.string(2, model.name);
  for (const { name, source } of model.tensors) graph.message(5, encodeTensor(name, source, model.locate));
  for (const value of model.inputs) graph.message(11, encodeValue(value));
  for (const value of model.outputs) graph.message(12, encodeValue(value));
  return new MessageWriter()
    .integer(1, 8)
    .string(2, 'likeness')
    .message(7, graph)
    .message(8, new MessageWriter().string(1, '').integer(2, model.opset))
    .message(8, new MessageWriter().string(1, 'com.microsoft').integer(2, 1))
    .finish();
}

function encodeNode(node: OnnxNode): MessageWriter {
  const writer = new MessageWriter();
  for (const input of node.inputs) writer.string(1, input);
  for (const output of node.outputs) writer.string(2, output);
  writer.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) writer.message(5, encodeAttribute(name, value));
  if (node.domain) writer.string(7, node.domain);
  return writer;
}

function encodeAttribute(name: string, value: OnnxAttribute): MessageWriter {
  const writer = new MessageWriter().string(1, name);
  if ('float' in value) return writer.float(2, value.float).integer(20, 1);
  if ('int' in value) return writer.integer(3, value.int).integer(20, 2);
  if ('string' in value) return writer.string(4, value.string).integer(20, 3);
  for (const item of value.ints) writer.integer(8, item);
  return writer.integer(20, 7);
}

function encodeTensor(name: string, source: Tensor | TensorReference, locate: (file: string) => string): MessageWriter {
  const writer = new MessageWriter();
  for (const size of source.shape) writer.integer(1, size);
  writer.integer(2, elementTypes[source.dtype]).string(8, name);
  if (!('file' in source)) return writer.bytes(9, tensorBytes(source));
  const entry = (key: string, value: string): MessageWriter => new MessageWriter().string(1, key).string(2, value);
  return writer
    .message(13, entry('location', locate(source.file)))
    .message(13, entry('offset', String(source.offsetBytes)))
    .message(13, entry('length', String(source.lengthBytes)))
    .integer(14, 1);
}

function encodeValue(value: OnnxValue): MessageWriter {
  const shape = new MessageWriter();
  for (const size of value.shape) shape.message(1, new MessageWriter().integer(1, size));
  const tensor = new MessageWriter().integer(1, elementTypes[value.dtype]).message(2, shape);
  return new MessageWriter().string(1, value.name).message(2, new MessageWriter().message(1, tensor));
}
