// A product with a frozen matrix whose result is cut apart, as that of a gated feed-forward is, becomes one product a
// part, each with its rows of the matrix; and the gradient towards what was multiplied a sum of products, one a part.
// The rows lie one after the other in the file: nothing is copied, neither weights nor the whole result.

import { bytesPerElement, elementCount } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import { type Graph, type Node, type Value, presentInputs } from '../1-build/graph.ts';
import { flagAttribute, numberAttribute } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

export function splitProducts(graph: Graph): RewriteRule {
  const users = usersOf(graph);
  const views = new FrozenRows();
  return (g, node, inputs) => {
    if (node.op === 'Slice' && isCutWhollyIntoParts(users, node.inputs[0]!)) {
      return partOfProduct(g, views, node, inputs[0]!);
    }
    return node.op === 'MatMul' ? sumOverParts(g, views, node, inputs as [Value, Value]) : undefined;
  };
}

function usersOf(graph: Graph): Map<Value, (Node | undefined)[]> {
  const users = new Map<Value, (Node | undefined)[]>();
  const add = (value: Value, node: Node | undefined): void => void users.set(value, [...users.get(value) ?? [], node]);
  for (const node of graph.nodes) for (const value of presentInputs(node)) add(value, node);
  for (const value of graph.outputs.values()) add(value, undefined);
  return users;
}

/** A matrix that nothing reads but slices of its columns; the product it comes from has no other use. */
function isCutWhollyIntoParts(users: ReadonlyMap<Value, readonly (Node | undefined)[]>, value: Value): boolean {
  const isColumnSlice = (node: Node | undefined): boolean => (
    node?.op === 'Slice' && numberAttribute(node.attributes, 'axis') === 1
    && numberAttribute(node.attributes, 'step') === 1);
  if (value.shape.length !== 2 || !users.get(value)!.every(isColumnSlice)) return false;
  const { producer } = value;
  return producer?.op !== 'Add' || presentInputs(producer).every((input) => (
    input.producer?.op !== 'MatMul' || users.get(input)!.length === 1));
}

/** x Wᵀ + b, its columns start…end: x times those rows of W, and that part of b. */
function partOfProduct(
  g: GraphBuilder, views: FrozenRows, { attributes }: Node, whole: Value,
): readonly Value[] | undefined {
  const operands = whole.producer?.op === 'Add' ? presentInputs(whole.producer) : [whole];
  const product = operands.find(({ producer }) => producer?.op === 'MatMul');
  const bias = operands.find((value) => value !== product);
  if (!product || (bias && bias.shape.length !== 1)) return undefined;
  const { inputs: [x, weight], attributes: { transposeA, transposeB, alpha } } = product.producer!;
  if (transposeA === true || transposeB !== true || x!.shape.length !== 2) return undefined;
  const [start, end] = [numberAttribute(attributes, 'start'), numberAttribute(attributes, 'end')];
  const rows = views.rows(g, weight!, start, end);
  const shift = bias && views.rows(g, bias, start, end);
  if (!rows || (bias && !shift)) return undefined;
  const part = g.matmul(x!, rows, { transposeB: true, alpha: Number(alpha) });
  return [shift ? g.add(part, shift) : part];
}

/** [dy₁ dy₂ …] W as dy₁ W₁ + dy₂ W₂ + …, with the rows of W that each part meets. */
function sumOverParts(
  g: GraphBuilder, views: FrozenRows, { attributes }: Node, [joined, weight]: [Value, Value],
): readonly Value[] | undefined {
  const { producer } = joined;
  if (producer?.op !== 'Concat' || numberAttribute(producer.attributes, 'axis') !== 1) return undefined;
  if (joined.shape.length !== 2 || weight.shape.length !== 2) return undefined;
  if (flagAttribute(attributes, 'transposeA') || flagAttribute(attributes, 'transposeB')) return undefined;
  let start = 0;
  const products: Value[] = [];
  for (const part of presentInputs(producer)) {
    const rows = views.rows(g, weight, start, start += part.shape[1]!);
    if (!rows) return undefined;
    products.push(g.matmul(part, rows, { alpha: numberAttribute(attributes, 'alpha') }));
  }
  return [products.reduce((sum, product) => g.add(sum, product))];
}

/** Rows of frozen numbers, each stretch once in a graph. */
class FrozenRows {
  readonly #views = new Map<string, Value>();

  /** Rows start…end; of half-precision numbers cast to float32 the same. Undefined for what is not frozen. */
  rows(g: GraphBuilder, value: Value, start: number, end: number): Value | undefined {
    const frozen = value.producer?.op === 'Cast' ? value.producer.inputs[0]! : value;
    const source = g.frozenSource(frozen);
    if (!source) return undefined;
    const name = `${frozen.name}[${start}:${end}]`;
    const view = this.#views.get(name) ?? g.initializer(name, rowsOfSource(source, start, end));
    this.#views.set(name, view);
    return g.cast(view, value.dtype);
  }
}

function rowsOfSource(source: WeightSource, start: number, end: number): WeightSource {
  const width = elementCount(source.shape.slice(1));
  const shape = source.shape.with(0, end - start);
  if (!('file' in source)) return { ...source, shape, data: source.data.subarray(start * width, end * width) };
  const rowBytes = width * bytesPerElement[source.dtype];
  return {
    ...source, shape, offsetBytes: source.offsetBytes + start * rowBytes, lengthBytes: (end - start) * rowBytes,
  };
}
