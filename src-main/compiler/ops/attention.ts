// Scaled dot-product attention (Vaswani et al. 2017, eq. 1):  O = P V,  P = softmax(scale Q Kᵀ + mask).
// q [B,h,N,d], k and v [B,h,M,d]; mask broadcasts to [B,h,N,M] and is added.
// The gradient is one op, so that P is computed again instead of being kept (only Q, K, V are):
//   dV = Pᵀ dO    dP = dO Vᵀ    dS = P (dP - sum(O dO))    dQ = scale dS K    dK = scale dSᵀ Q
// (sum(O dO) over a row's width equals sum(P dP) over its keys: Dao et al. 2022, appendix B.2.)
// Both are lowered to products and softmax in slices of heads by 3-simplify/lower-attention.ts.

import { elementCount } from '../../tensor/tensor.ts';
import type { NumberArray, OpRule, OpTable } from './op-rule.ts';
import {
  broadcastShapes, broadcastStrides, forEachOffset, numberAttribute, sameShape, shapeText,
} from './shapes.ts';

interface Heads {
  readonly batches: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly valueWidth: number;
}

function headsOf(q: readonly number[], k: readonly number[], v: readonly number[]): Heads {
  return { batches: q[0]! * q[1]!, queries: q[2]!, keys: k[2]!, width: q[3]!, valueWidth: v[3]! };
}

/** P for every batch and head: [B·h, N, M]. */
function probabilities(
  q: NumberArray, k: NumberArray, mask: NumberArray | undefined, scale: number, heads: Heads,
): Float64Array {
  const { batches, queries, keys, width } = heads;
  const scores = new Float64Array(batches * queries * keys);
  for (let b = 0; b < batches; b++) for (let i = 0; i < queries; i++) for (let j = 0; j < keys; j++) {
    let sum = 0;
    for (let d = 0; d < width; d++) {
      sum += q.values[(b * queries + i) * width + d]! * k.values[(b * keys + j) * width + d]!;
    }
    scores[(b * queries + i) * keys + j] = sum * scale;
  }
  const shape = [q.shape[0]!, q.shape[1]!, queries, keys];
  if (mask) {
    const strides = broadcastStrides(mask.shape, shape);
    forEachOffset(shape, [strides], (i, [at]) => { scores[i]! += mask.values[at!]!; });
  }
  for (let row = 0; row < scores.length; row += keys) {
    let max = -Infinity;
    for (let j = 0; j < keys; j++) max = Math.max(max, scores[row + j]!);
    let sum = 0;
    for (let j = 0; j < keys; j++) sum += scores[row + j] = Math.exp(scores[row + j]! - max);
    for (let j = 0; j < keys; j++) scores[row + j]! /= sum;
  }
  return scores;
}

const attention: OpRule = {
  infer: ([q, k, v, mask]) => {
    const fits = q && k && v && q.shape.length === 4 && k.shape.length === 4 && v.shape.length === 4
      && sameShape(k.shape, [q.shape[0]!, q.shape[1]!, k.shape[2]!, q.shape[3]!])
      && sameShape(v.shape, [q.shape[0]!, q.shape[1]!, k.shape[2]!, v.shape[3]!]);
    if (!fits) {
      const shapes = [q, k, v].map((x) => shapeText(x?.shape ?? [])).join(', ');
      throw new Error(`Attention of ${shapes} does not fit.`);
    }
    const scores = [...q.shape.slice(0, 3), k.shape[2]!];
    if (mask && !sameShape(broadcastShapes(mask.shape, scores), scores)) {
      throw new Error(`A mask ${shapeText(mask.shape)} does not fit scores ${shapeText(scores)}.`);
    }
    return [{ dtype: q.dtype, shape: [...q.shape.slice(0, 3), v.shape[3]!] }];
  },
  gradient: ({ g, node, gradient, input, output }) => [
    ...g.node('AttentionGradient', [gradient, output, input(0), input(1), input(2), node.inputs[3]], node.attributes),
    undefined,
  ],
  evaluate: ([q, k, v, mask], node) => {
    const heads = headsOf(q!.shape, k!.shape, v!.shape);
    const { batches, queries, keys, valueWidth } = heads;
    const p = probabilities(q!, k!, mask, numberAttribute(node.attributes, 'scale'), heads);
    const values = new Float64Array(batches * queries * valueWidth);
    for (let b = 0; b < batches; b++) for (let i = 0; i < queries; i++) for (let j = 0; j < keys; j++) {
      const weight = p[(b * queries + i) * keys + j]!;
      for (let d = 0; d < valueWidth; d++) {
        values[(b * queries + i) * valueWidth + d]! += weight * v!.values[(b * keys + j) * valueWidth + d]!;
      }
    }
    return [{ shape: node.outputs[0]!.shape, values }];
  },
};

const attentionGradient: OpRule = {
  infer: ([, , q, k, v]) => [q!, k!, v!],
  gradient: 'none',
  evaluate: ([dO, , q, k, v, mask], node) => {
    const scale = numberAttribute(node.attributes, 'scale');
    const heads = headsOf(q!.shape, k!.shape, v!.shape);
    const { batches, queries, keys, width, valueWidth } = heads;
    const p = probabilities(q!, k!, mask, scale, heads);
    const like = (x: NumberArray): Float64Array => new Float64Array(elementCount(x.shape));
    const [dQ, dK, dV] = [like(q!), like(k!), like(v!)];
    const dP = new Float64Array(keys);
    for (let b = 0; b < batches; b++) for (let i = 0; i < queries; i++) {
      const query = b * queries + i;
      let along = 0;
      for (let j = 0; j < keys; j++) {
        let sum = 0;
        for (let d = 0; d < valueWidth; d++) {
          sum += dO!.values[query * valueWidth + d]! * v!.values[(b * keys + j) * valueWidth + d]!;
          dV[(b * keys + j) * valueWidth + d]! += p[query * keys + j]! * dO!.values[query * valueWidth + d]!;
        }
        dP[j] = sum;
        along += sum * p[query * keys + j]!;
      }
      for (let j = 0; j < keys; j++) {
        const dS = scale * p[query * keys + j]! * (dP[j]! - along);
        for (let d = 0; d < width; d++) {
          dQ[query * width + d]! += dS * k!.values[(b * keys + j) * width + d]!;
          dK[(b * keys + j) * width + d]! += dS * q!.values[query * width + d]!;
        }
      }
    }
    return [{ shape: q!.shape, values: dQ }, { shape: k!.shape, values: dK }, { shape: v!.shape, values: dV }];
  },
};

export const attentionOps: OpTable = { Attention: attention, AttentionGradient: attentionGradient };
