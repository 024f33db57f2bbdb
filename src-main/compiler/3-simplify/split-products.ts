// A product whose result is cut apart, as that of a gated feed-forward is, becomes one product a part, each with its
// rows of the matrix, and with them an adapter's share; gradients towards what was multiplied, and towards an adapter's
// matrices, are put together from the parts. Rows of frozen matrices lie one after the other in the file: nothing is
// copied, neither weights nor the whole result, and no matrix is loaded whole beside its parts.

import { bytesPerElement, elementCount } from '../../tensor/tensor.ts';
import type { WeightSource } from '../../tensor/weights.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import { type Graph, type Node, type Value, presentInputs } from '../1-build/graph.ts';
import { flagAttribute, numberAttribute } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

export function splitProducts(graph: Graph): RewriteRule {
  const uses = new Uses(graph);
  const matrices = new MatrixRows();
  return (g, node, inputs) => {
    if (node.op === 'Slice' && uses.isCutWholly(node.inputs[0]!)) {
      return partOf(g, matrices, inputs[0]!, rangeOf(node));
    }
    if (node.op !== 'MatMul') return undefined;
    const [joined, other] = inputs as [Value, Value];
    const isOnlyMultiplied = uses.isOnlyMultiplied(node.inputs[0]!);
    return flagAttribute(node.attributes, 'transposeA')
      ? isOnlyMultiplied ? joinOverParts(g, node, [joined, other]) : undefined
      : sumOverParts(g, matrices, node, [joined, other], isOnlyMultiplied);
  };
}

type Range = readonly [start: number, end: number];

function rangeOf({ attributes }: Node): Range {
  return [numberAttribute(attributes, 'start'), numberAttribute(attributes, 'end')];
}

/** What the values of a graph are used for. */
class Uses {
  readonly #graph: Graph;
  readonly #users = new Map<Value, (Node | undefined)[]>();

  constructor(graph: Graph) {
    this.#graph = graph;
    for (const node of graph.nodes) for (const value of presentInputs(node)) this.#add(value, node);
    for (const value of graph.outputs.values()) this.#add(value, undefined);
  }

  #add(value: Value, node: Node | undefined): void {
    this.#users.set(value, [...this.#users.get(value) ?? [], node]);
  }

  #of(value: Value): readonly (Node | undefined)[] {
    return this.#users.get(value) ?? [];
  }

  /** A sum of products that nothing reads but slices of its columns; none of the products has another use. */
  isCutWholly(value: Value): boolean {
    const isColumnSlice = (node: Node | undefined): boolean => (
      node?.op === 'Slice' && numberAttribute(node.attributes, 'axis') === 1
      && numberAttribute(node.attributes, 'step') === 1);
    if (value.shape.length !== 2 || !this.#of(value).every(isColumnSlice)) return false;
    return termsOf(value).every((term) => (
      term === value || term.producer?.op !== 'MatMul' || this.#of(term).length === 1));
  }

  /** Parts side by side that are read by products alone, of which one is with a frozen matrix. */
  isOnlyMultiplied(joined: Value): boolean {
    const users = this.#of(joined);
    const isProduct = (node: Node | undefined): node is Node => (
      node?.op === 'MatMul' && node.inputs[0] === joined && !flagAttribute(node.attributes, 'transposeB'));
    return users.every(isProduct) && users.some(({ inputs: [, matrix] }) => (
      this.#graph.initializers.has(uncast(matrix!))));
  }
}

function uncast(value: Value): Value {
  return value.producer?.op === 'Cast' ? value.producer.inputs[0]! : value;
}

/** What is added up to a matrix, itself where that is no sum: of sums of sums the last terms. */
function termsOf(value: Value): Value[] {
  const { producer } = value;
  return producer?.op === 'Add' ? presentInputs(producer).flatMap(termsOf) : [value];
}

/** x Wᵀ + b, its columns start…end: x times those rows of W, and that part of b; of an adapter's share the same. */
function partOf(
  g: GraphBuilder, matrices: MatrixRows, whole: Value, range: Range,
): readonly Value[] | undefined {
  const terms = termsOf(whole);
  const parts = terms.map((term) => {
    if (term.shape.length === 1) return matrices.frozen(g, term, range);
    return term.producer?.op === 'MatMul' ? partOfProduct(g, matrices, term.producer, range) : undefined;
  });
  const isFrozen = ({ producer }: Value): boolean => (
    producer?.op === 'MatMul' && g.frozenSource(uncast(producer.inputs[1]!)) !== undefined);
  if (!terms.some(isFrozen) || !parts.every((part) => part !== undefined)) return undefined;
  return [parts.reduce((sum, part) => g.add(sum, part))];
}

function partOfProduct(
  g: GraphBuilder, matrices: MatrixRows, { inputs: [x, matrix], attributes }: Node, range: Range,
): Value | undefined {
  const { transposeA, transposeB, alpha } = attributes;
  if (transposeA === true || transposeB !== true || x!.shape.length !== 2) return undefined;
  return g.matmul(x!, matrices.of(g, matrix!, range), { transposeB: true, alpha: Number(alpha) });
}

/** What lies side by side in a matrix. */
function columnParts({ producer, shape }: Value): Value[] | undefined {
  const isRow = producer?.op === 'Concat' && numberAttribute(producer.attributes, 'axis') === 1 && shape.length === 2;
  return isRow ? presentInputs(producer) : undefined;
}

/** [dy₁ dy₂ …] W as dy₁ W₁ + dy₂ W₂ + …, with the rows of W that each part meets. */
function sumOverParts(
  g: GraphBuilder, matrices: MatrixRows, { attributes }: Node, [joined, matrix]: [Value, Value], takesAny: boolean,
): readonly Value[] | undefined {
  const parts = columnParts(joined);
  if (!parts || matrix.shape.length !== 2 || flagAttribute(attributes, 'transposeB')) return undefined;
  if (!takesAny && !g.frozenSource(uncast(matrix))) return undefined;
  let start = 0;
  const products = parts.map((part) => (
    g.matmul(part, matrices.of(g, matrix, [start, start += part.shape[1]!]), {
      alpha: numberAttribute(attributes, 'alpha'),
    })));
  return [products.reduce((sum, product) => g.add(sum, product))];
}

/** [dy₁ dy₂ …]ᵀ x as dy₁ᵀ x over dy₂ᵀ x …: the gradient towards an adapter's matrix. */
function joinOverParts(
  g: GraphBuilder, { attributes }: Node, [joined, x]: [Value, Value],
): readonly Value[] | undefined {
  const alpha = numberAttribute(attributes, 'alpha');
  const parts = columnParts(joined)?.map((part) => g.matmul(part, x, { transposeA: true, alpha }));
  return parts && [g.concat(parts, 0)];
}

/** Rows of matrices, each stretch once in a graph. */
class MatrixRows {
  readonly #views = new Map<string, Value>();
  readonly #slices = new Map<string, Value>();

  of(g: GraphBuilder, matrix: Value, [start, end]: Range): Value {
    const frozen = this.frozen(g, matrix, [start, end]);
    if (frozen) return frozen;
    const name = `${matrix.id}[${start}:${end}]`;
    const slice = this.#slices.get(name) ?? g.slice(matrix, 0, start, end);
    this.#slices.set(name, slice);
    return slice;
  }

  /** Of half-precision numbers cast to float32 the same. Undefined for what is not frozen. */
  frozen(g: GraphBuilder, value: Value, [start, end]: Range): Value | undefined {
    const frozen = uncast(value);
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
