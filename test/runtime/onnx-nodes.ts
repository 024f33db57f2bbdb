// Reads an ONNX file's nodes with the number types of what goes in and out, from its bytes alone (onnx.proto, protobuf
// wire format): what a provider will be asked for.

import { elementTypes } from '../../src-main/compiler/4-emit/onnx-model.ts';
import type { DType } from '../../src-main/tensor/tensor.ts';

export interface TypedNode {
  /** With its domain before it where it has one. */
  readonly op: string;
  readonly inputs: readonly (DType | undefined)[];
  readonly outputs: readonly DType[];
}

interface Field { readonly number: number; readonly value: bigint; readonly bytes: Uint8Array }

function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    if (bytes[at]! < 128) return BigInt(bytes[at++]!);
    for (let [value, shift] = [0n, 0n]; ; shift += 7n) {
      const byte = bytes[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    const value = kind === 0 || kind === 2 ? varint() : 0n;
    const size = kind === 2 ? Number(value) : kind === 5 ? 4 : kind === 1 ? 8 : 0;
    yield { number: tag >> 3, value, bytes: bytes.subarray(at, at += size) };
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const all = (bytes: Uint8Array, number: number): Field[] => [...fieldsOf(bytes)].filter((one) => one.number === number);
const one = (bytes: Uint8Array, number: number): Field | undefined => all(bytes, number)[0];
const dtypes = new Map(Object.entries(elementTypes).map(([name, number]) => [number, name as DType]));

/** The graph's nodes in their order, which is that of their dependencies. */
export function typedNodes(model: Uint8Array): TypedNode[] {
  const graph = one(model, 7)!.bytes;
  const types = new Map<string, DType>();
  for (const { bytes } of all(graph, 5)) {
    types.set(text(one(bytes, 8)!.bytes), dtypes.get(Number(one(bytes, 2)!.value))!);
  }
  for (const { bytes } of all(graph, 11)) {
    const tensorType = one(one(bytes, 2)!.bytes, 1)!.bytes;
    types.set(text(one(bytes, 1)!.bytes), dtypes.get(Number(one(tensorType, 1)!.value))!);
  }
  return all(graph, 1).map(({ bytes }) => typedNode(bytes, types));
}

function typedNode(bytes: Uint8Array, types: Map<string, DType>): TypedNode {
  const fields = [...fieldsOf(bytes)];
  const texts = (number: number): string[] => fields.flatMap((one) => (one.number === number ? [text(one.bytes)] : []));
  const [domain] = texts(7);
  const op = domain ? `${domain}.${texts(4)[0]}` : texts(4)[0]!;
  const inputs = texts(1).map((source) => {
    if (source !== '' && !types.has(source)) throw new Error(`${op} is before what makes ${source}.`);
    return types.get(source);
  });
  const outputs = texts(2).map((name) => {
    const type = outputType(op, inputs, fields);
    types.set(name, type);
    return type;
  });
  return { op, inputs, outputs };
}

function outputType(op: string, inputs: readonly (DType | undefined)[], fields: readonly Field[]): DType {
  if (op === 'Cast') {
    const to = fields.find(({ number, bytes }) => number === 5 && text(one(bytes, 1)!.bytes) === 'to')!;
    return dtypes.get(Number(one(to.bytes, 3)!.value))!;
  }
  if (['Greater', 'Less', 'Equal'].includes(op)) return 'bool';
  return inputs[op === 'Where' ? 1 : 0]!;
}
