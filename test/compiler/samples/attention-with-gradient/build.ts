// Attention and its gradient, lowered head by head, the probabilities computed again behind the barrier.

import { GraphBuilder } from '../../../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../../../src-main/compiler/3-simplify/simplify.ts';

export function build(): Graph {
  const g = new GraphBuilder('attention-with-gradient');
  const [q, k, v] = ['q', 'k', 'v'].map((name) => g.input(name, 'float32', [1, 2, 3, 4])) as [never, never, never];
  const o = g.scope('attn1', () => g.attention(q, k, v));
  const loss = g.reduceSum(g.mul(o, o), [0, 1, 2, 3], false);
  differentiate(g, loss, [q, k, v]).forEach((gradient, i) => g.output(`d${'qkv'[i]}`, gradient));
  return simplify(g.graph(), { attention: { maxBufferBytes: 36, recomputeBytes: 0 } });
}
