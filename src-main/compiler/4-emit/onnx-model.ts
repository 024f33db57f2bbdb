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
  for (const node of model.nodes) graph.nested(1, (message) => writeNode(message, node));
  graph.string(2, model.name);
  for (const { name, source } of model.tensors) graph.message(5, encodeTensor(name, source, model.locate));
  for (const value of model.inputs) graph.nested(11, (message) => writeValue(message, value));
  for (const value of model.outputs) graph.nested(12, (message) => writeValue(message, value));
  return new MessageWriter()
    .integer(1, 8)
    .string(2, 'likeness')
    .message(7, graph)
    .message(8, new MessageWriter().string(1, '').integer(2, model.opset))
    .message(8, new MessageWriter().string(1, 'com.microsoft').integer(2, 1))
    .finish();
}

function writeNode(message: MessageWriter, node: OnnxNode): void {
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name).string(4, node.op);
  for (const [name, value] of Object.entries(node.attributes ?? {})) {
    message.nested(5, (attribute) => writeAttribute(attribute, name, value));
  }
  if (node.domain) message.string(7, node.domain);
}

function writeAttribute(message: MessageWriter, name: string, value: OnnxAttribute): void {
  message.string(1, name);
  if ('float' in value) message.float(2, value.float).integer(20, 1);
  else if ('int' in value) message.integer(3, value.int).integer(20, 2);
  else if ('string' in value) message.string(4, value.string).integer(20, 3);
  else {
    for (const item of value.ints) message.integer(8, item);
    message.integer(20, 7);
  }
}

function encodeTensor(name: string, source: Tensor | TensorReference, locate: (file: string) => string): MessageWriter {
  const writer = new MessageWriter();
  for (const size of source.shape) writer.integer(1, size);
  writer.integer(2, elementTypes[source.dtype]).string(8, name);
  if (!('file' in source)) return writer.bytes(9, tensorBytes(source));
  const entry = (key: string, value: string): MessageWriter => writer.nested(13, (message) => (
    void message.string(1, key).string(2, value)));
  entry('location', locate(source.file));
  entry('offset', String(source.offsetBytes));
  entry('length', String(source.lengthBytes));
  return writer.integer(14, 1);
}

function writeValue(message: MessageWriter, value: OnnxValue): void {
  message.string(1, value.name).nested(2, (type) => type.nested(1, (tensor) => {
    tensor.integer(1, elementTypes[value.dtype]).nested(2, (shape) => {
      for (const size of value.shape) shape.nested(1, (dimension) => void dimension.integer(1, size));
    });
  }));
}
