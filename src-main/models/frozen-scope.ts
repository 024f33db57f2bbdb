// Parameters taken from a checkpoint as they are: each becomes a frozen initializer of the graph that reads its bytes
// in place. A checkpoint that lacks one, or has it in another shape, is refused with words for its owner.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { UserError } from '../contract/errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import { type WeightSource, type WeightTable, isTensorReference } from '../tensor/weights.ts';
import type { LayerHook, NetworkScope } from './network-scope.ts';

/** A scope whose parameters are the weights of one network; `layer` is where an adapter joins in. */
export function frozenScope(g: GraphBuilder, weights: WeightTable, layer?: LayerHook): NetworkScope {
  return {
    g,
    parameter: (name, shape) => g.weight(name, requiredWeight(weights, name, shape)),
    ...(layer ? { layer } : {}),
  };
}

/** The weights of this name. Refuses with a UserError a table that lacks them or has them in another shape. */
export function requiredWeight(weights: WeightTable, name: string, shape: Shape): WeightSource {
  const source = weights.get(name);
  if (!source) throw missing(name, weights);
  if (!isSameShape(source.shape, shape)) throw misshapen(name, source, shape);
  return source;
}

function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function missing(name: string, weights: WeightTable): UserError {
  const file = fileOf(weights.values().next().value);
  return new UserError('checkpoint.weight-missing', {
    what: `${file} lacks the weights "${name}", which this kind of network needs.`,
    safe: 'The file was only read.',
    todo: 'It is incomplete or of another kind: download it again, or choose another checkpoint.',
  }, { file, name });
}

function misshapen(name: string, source: WeightSource, shape: Shape): UserError {
  const file = fileOf(source);
  const [found, needed] = [source.shape.join('×'), shape.join('×')];
  return new UserError('checkpoint.weight-shape', {
    what: `${file} has the weights "${name}" in the shape ${found}; its configuration asks for ${needed}.`,
    safe: 'The file was only read.',
    todo: 'It is of another kind than it says: choose another checkpoint, or get its config.json again.',
  }, { file, name, found, needed });
}

function fileOf(source: WeightSource | undefined): string {
  return source && isTensorReference(source) ? source.file : 'The checkpoint';
}
