// Group normalisation of a picture and its gradient towards picture, scale and bias.

import { GraphBuilder } from '../../../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../../../src-main/compiler/3-simplify/simplify.ts';

export function build(): Graph {
  const g = new GraphBuilder('group-norm');
  const x = g.input('x', 'float32', [2, 4, 3, 3]);
  const [scale, bias] = [g.input('scale', 'float32', [4]), g.input('bias', 'float32', [4])];
  const y = g.scope('norm1', () => g.silu(g.groupNorm(x, scale, bias, 2, 1e-5)));
  const loss = g.reduceSum(y, [0, 1, 2, 3], false);
  g.output('y', y);
  const gradients = differentiate(g, loss, [x, scale, bias]);
  ['dx', 'dscale', 'dbias'].forEach((name, i) => g.output(name, gradients[i]!));
  return simplify(g.graph());
}
