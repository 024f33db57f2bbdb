// One flat vector that holds many parameters, and views into it inside a graph.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { type Shape, elementCount } from '../tensor/tensor.ts';

export interface NamedShape {
  readonly name: string;
  readonly shape: Shape;
}

/** Where each parameter lies in the flat vector. */
export interface ParameterLayout {
  readonly entries: readonly (NamedShape & { readonly offset: number; readonly size: number })[];
  readonly size: number;
}

export function layoutOf(parameters: readonly NamedShape[]): ParameterLayout {
  let offset = 0;
  const entries = parameters.map(({ name, shape }) => {
    const size = elementCount(shape);
    offset += size;
    return { name, shape, offset: offset - size, size };
  });
  return { entries, size: offset };
}

/** The parameters by name, each a slice of `flat` [layout.size]. */
export function parameterViews(g: GraphBuilder, flat: Value, layout: ParameterLayout): ReadonlyMap<string, Value> {
  return new Map(layout.entries.map(({ name, shape, offset, size }) => (
    [name, g.reshape(g.slice(flat, 0, offset, offset + size), shape)])));
}
