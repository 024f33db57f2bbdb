// Where the numbers that learn lie. A chunk is one tensor of the state: the small parameters of a group share a flat
// vector, so that an optimizer is a dozen nodes however many layers learn, and each large one is a chunk of its own,
// so that none is copied to be read.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { type NamedShape, type ParameterLayout, layoutOf, parameterViews } from '../networks/flat-parameters.ts';
import { type Shape, type Tensor, bytesPerElement, elementCount, float32Tensor } from '../tensor/tensor.ts';
import { type WeightSource, isTensorReference } from '../tensor/weights.ts';

/** A parameter that learns. */
export interface TrainableParameter extends NamedShape {
  /** Parameters of a group have one learning rate. */
  readonly group: string;
  /** Stays in its group's flat vector, however large it is. */
  readonly alwaysFlat?: boolean;
}

export interface ParameterChunk {
  /** The group's name for a flat vector (and a number, if it has several), the parameter's own for a chunk of one. */
  readonly name: string;
  readonly group: string;
  /** [size] for a flat vector, the parameter's own shape for a chunk of one. */
  readonly shape: Shape;
  readonly layout: ParameterLayout;
}

/** From this many numbers on, copying a parameter out of a flat vector costs more than nodes of its own. */
const largeParameter = 2 ** 18;

/** Flat vectors end here, at 64 MiB: half of what WebGPU promises to bind at once. */
const largestFlatVector = 2 ** 24;

/** A flat vector that holds all of the parameters. */
export function flatChunk(name: string, parameters: readonly NamedShape[], group = name): ParameterChunk {
  const layout = layoutOf(parameters);
  return { name, group, shape: [layout.size], layout };
}

/** The chunks of parameters, each name once; a group's flat vectors come before its large parameters. */
export function chunksOf(parameters: readonly TrainableParameter[]): ParameterChunk[] {
  const groups = new Set(parameters.map(({ group }) => group));
  return [...groups].flatMap((group) => {
    const own = parameters.filter((parameter) => parameter.group === group);
    const isLarge = ({ shape, alwaysFlat }: TrainableParameter): boolean => (
      !alwaysFlat && elementCount(shape) >= largeParameter);
    const vectors = flatVectors(own.filter((parameter) => !isLarge(parameter)));
    const large = own.filter(isLarge).map(({ name, shape }): ParameterChunk => (
      { name, group, shape, layout: layoutOf([{ name, shape }]) }));
    const nameOf = (index: number): string => (vectors.length === 1 ? group : `${group}/${index + 1}`);
    return [...vectors.map((parameters, index) => flatChunk(nameOf(index), parameters, group)), ...large];
  });
}

/** Parameters in their order, so many together as fit into a flat vector. */
function flatVectors(parameters: readonly TrainableParameter[]): TrainableParameter[][] {
  const vectors: TrainableParameter[][] = [];
  let size = Infinity;
  for (const parameter of parameters) {
    const own = elementCount(parameter.shape);
    if (size + own > largestFlatVector) {
      vectors.push([]);
      size = 0;
    }
    vectors.at(-1)!.push(parameter);
    size += own;
  }
  return vectors;
}

/** The parameters of a chunk by name, as views of its value. */
export function chunkViews(g: GraphBuilder, chunk: ParameterChunk, value: Value): ReadonlyMap<string, Value> {
  const isAlone = chunk.layout.entries[0]?.name === chunk.name;
  return isAlone ? new Map([[chunk.name, value]]) : parameterViews(g, value, chunk.layout);
}

/** One value, shaped as the chunk, out of one for each of its parameters, in the layout's order. */
export function joinChunk(g: GraphBuilder, chunk: ParameterChunk, values: readonly Value[]): Value {
  const [only] = values;
  if (values.length === 1) return g.reshape(only!, chunk.shape);
  return g.concat(values.map((value) => g.reshape(value, [-1])), 0);
}

/**
 * Every parameter of the chunks by name, out of the chunks' float32 numbers, given by chunk name: views of tensors, or
 * places in the file that they lie in.
 */
export function parametersFromChunks<Source extends WeightSource>(
  chunks: readonly ParameterChunk[], sourceOf: (chunkName: string) => Source,
): Map<string, Source> {
  return new Map(chunks.flatMap(({ name: chunkName, layout }) => {
    const source = sourceOf(chunkName);
    return layout.entries.map(({ name, shape, offset, size }) => (
      [name, partOf(source, shape, offset, size)] as const));
  }));
}

function partOf<Source extends WeightSource>(source: Source, shape: Shape, offset: number, size: number): Source {
  if (!isTensorReference(source)) return { ...source, shape, data: source.data.subarray(offset, offset + size) };
  const bytes = bytesPerElement[source.dtype];
  return { ...source, shape, offsetBytes: source.offsetBytes + offset * bytes, lengthBytes: size * bytes };
}

/** A chunk's tensor, filled parameter by parameter; what `fill` leaves alone is zero. */
export async function filledChunk(
  chunk: ParameterChunk, fill: (parameter: NamedShape, numbers: Float32Array) => void | Promise<void>,
): Promise<Tensor> {
  const tensor = zeroTensor(chunk.shape);
  for (const { name, shape, offset, size } of chunk.layout.entries) {
    await fill({ name, shape }, (tensor.data as Float32Array).subarray(offset, offset + size));
  }
  return tensor;
}

export function zeroTensor(shape: Shape): Tensor {
  return float32Tensor(shape, new Float32Array(elementCount(shape)));
}
