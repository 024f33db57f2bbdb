// Makes a graph smaller without changing its numbers: drops what is not needed, computes each thing once,
// removes additions of zero and products with one, joins what was taken apart.

import { type Graph, type Node, type Value, countUses } from '../1-build/graph.ts';
import { numberAttribute, numbersAttribute, sameShape } from '../ops/shapes.ts';
import { fuseAdditions } from './fuse-additions.ts';
import { halfPrecision } from './half-precision.ts';
import type { HalfPrecisionOptions } from './half-precision-rules.ts';
import { type AttentionLimits, defaultAttentionLimits } from './attention-slices.ts';
import { joinSlices } from './join-slices.ts';
import { lateCasts } from './late-casts.ts';
import { lowerAttention } from './lower-attention.ts';
import { lowerTrigonometry } from './lower-trigonometry.ts';
import { type RewriteRule, removeDead, rewrite } from './rewrite.ts';
import { splitProducts } from './split-products.ts';
import { turnWeights } from './turn-weights.ts';

export interface SimplifyOptions {
  readonly attention?: AttentionLimits;
  /** The provider's own sine and cosine are not good to float32: spell them out. */
  readonly lowerTrigonometry?: boolean;
  /** How much memory float32 copies of half-precision weights may take, see late-casts.ts; any unless told. */
  readonly copiedWeightBytes?: number;
  /** How much memory turned copies of convolution weights may take, see turn-weights.ts; none unless told. */
  readonly turnedWeightBytes?: number;
  /** The provider has ONNX Runtime's FusedConv, which adds a picture to a convolution: see fuse-additions.ts. */
  readonly addsIntoConvolutions?: boolean;
  /** The provider splits a value into any number of parts at once: see join-slices.ts. */
  readonly splitsWidely?: boolean;
  /** Float16 with float32 islands, see half-precision.ts; float32 throughout unless told. */
  readonly halfPrecision?: HalfPrecisionOptions;
}

/** The graph as it is emitted: dead nodes gone, attention lowered, equal nodes merged. */
export function simplify(graph: Graph, options: SimplifyOptions = {}): Graph {
  const whole = removeDead(graph);
  const live = options.halfPrecision ? removeDead(halfPrecision(whole, options.halfPrecision)) : whole;
  const rules = [lowerAttention(live, options.attention ?? defaultAttentionLimits)];
  if (options.lowerTrigonometry) rules.push(lowerTrigonometry);
  if (options.turnedWeightBytes) rules.push(turnWeights(live, options.turnedWeightBytes));
  const lowered = rewrite(live, firstOf(...rules));
  const simple = removeDead(rewrite(lowered, firstOf(
    removeIdentities(lowered), joinPadded, joinTransposes(lowered), splitProducts(lowered), mergeEqual())));
  const fused = removeDead(rewrite(simple, firstOf(...fusions(simple, options))));
  if (options.copiedWeightBytes === undefined) return fused;
  return removeDead(rewrite(lateCasts(fused, options.copiedWeightBytes), mergeEqual()));
}

function fusions(graph: Graph, { addsIntoConvolutions = false, splitsWidely }: SimplifyOptions): RewriteRule[] {
  return [
    fuseAdditions(graph, { intoConvolutions: addsIntoConvolutions }), reshapeFrozen(),
    ...(splitsWidely ? [joinSlices(graph)] : []),
  ];
}

function firstOf(...rules: readonly RewriteRule[]): RewriteRule {
  return (g, node, inputs) => {
    for (const rule of rules) {
      const result = rule(g, node, inputs);
      if (result) return result;
    }
    return undefined;
  };
}

/** x + 0, x - 0, x · 1, x / 1 where the shape stays. */
function removeIdentities(graph: Graph): RewriteRule {
  const scalarOf = (value: Value | undefined): number | undefined => {
    const source = value && graph.initializers.get(value);
    return source && !('file' in source) && value.shape.length === 0 ? Number(source.data[0]) : undefined;
  };
  const neutral: Readonly<Record<string, number>> = { Add: 0, Sub: 0, Mul: 1, Div: 1 };
  return (_g, node, inputs) => {
    const identity = neutral[node.op];
    if (identity === undefined) return undefined;
    const [a, b] = inputs as [Value, Value];
    const shape = node.outputs[0]!.shape;
    if (scalarOf(node.inputs[1]) === identity && sameShape(a.shape, shape)) return [a];
    const isCommutative = node.op === 'Add' || node.op === 'Mul';
    if (isCommutative && scalarOf(node.inputs[0]) === identity && sameShape(b.shape, shape)) return [b];
    return undefined;
  };
}

/** Frozen numbers in another shape are another view of the same bytes. */
function reshapeFrozen(): RewriteRule {
  const views = new Map<string, Value>();
  return (g, node, [x]) => {
    const source = node.op === 'Reshape' && x ? g.frozenSource(x) : undefined;
    if (!source) return undefined;
    const { shape } = node.outputs[0]!;
    const key = `${x!.id}[${shape.join(',')}]`;
    const view = views.get(key) ?? g.initializer(`${x!.name}[${shape.join(',')}]`, { ...source, shape });
    views.set(key, view);
    return [view];
  };
}

/** Two parts, padded with zeros to the size of both and added, as the gradient of a split is: put side by side. */
const joinPadded: RewriteRule = (g, node, [a, b]) => {
  if (node.op !== 'Add') return undefined;
  for (const [left, right] of [[a!, b!], [b!, a!]] as const) {
    const [before, after] = [paddedAxis(right, 'before'), paddedAxis(left, 'after')];
    if (before === undefined || before !== after) continue;
    const parts = [left, right].map((value) => value.producer!.inputs[0]!) as [Value, Value];
    const size = parts[0].shape[before]! + parts[1].shape[before]!;
    if (size === left.shape[before] && sameShape(left.shape, right.shape)) return [g.concat(parts, before)];
  }
  return undefined;
};

/** The axis that a value was padded along, with zeros, on one side alone. */
function paddedAxis({ producer }: Value, side: 'before' | 'after'): number | undefined {
  if (producer?.op !== 'Pad' || numberAttribute(producer.attributes, 'value') !== 0) return undefined;
  const [here, there] = [side, side === 'before' ? 'after' : 'before']
    .map((name) => numbersAttribute(producer.attributes, name)) as [readonly number[], readonly number[]];
  const axes = here.flatMap((count, axis) => (count > 0 ? [axis] : []));
  return axes.length === 1 && there.every((count) => count === 0) ? axes[0] : undefined;
}

/** Axes exchanged twice in a row are exchanged once, where nothing else reads what is between. */
function joinTransposes(graph: Graph): RewriteRule {
  const uses = countUses(graph);
  return (g, node, [x]) => {
    const first = node.op === 'Transpose' && x?.producer?.op === 'Transpose' ? x.producer : undefined;
    if (!first || uses.get(node.inputs[0]!) !== 1) return undefined;
    const [earlier, later] = [first, node].map(({ attributes }) => numbersAttribute(attributes, 'permutation'));
    return [g.transpose(first.inputs[0]!, later!.map((axis) => earlier![axis]!))];
  };
}

/** The same op on the same values with the same attributes is computed once. */
function mergeEqual(): RewriteRule {
  const seen = new Map<string, readonly Value[]>();
  return (g, node, inputs) => {
    const key = keyOf(node, inputs);
    const known = seen.get(key);
    if (known) return known;
    const outputs = g.nodeLike(node, inputs);
    seen.set(key, outputs);
    return outputs;
  };
}

function keyOf(node: Node, inputs: readonly (Value | undefined)[]): string {
  const attributes = Object.entries(node.attributes).map(([name, value]) => `${name}=${String(value)}`).join(';');
  return `${node.op}(${inputs.map((value) => value?.id ?? '').join(',')})${attributes}`;
}
