// A frozen float16 linear layer with a LoRA of rank 2 taken from a flat vector, and the loss' gradient towards it.

import { GraphBuilder } from '../../../../src-main/compiler/1-build/graph-builder.ts';
import type { Graph } from '../../../../src-main/compiler/1-build/graph.ts';
import { differentiate } from '../../../../src-main/compiler/2-differentiate/differentiate.ts';
import { simplify } from '../../../../src-main/compiler/3-simplify/simplify.ts';

export function build(): Graph {
  const g = new GraphBuilder('lora-on-one-linear');
  const x = g.input('x', 'float32', [6, 8]);
  const flat = g.input('parameters', 'float32', [2 * 8 + 4 * 2]);
  const weight = g.weight('to_k.weight', { dtype: 'float16', shape: [4, 8], data: new Uint16Array(32) });
  const y = g.scope('to_k', () => {
    const base = g.linear(x, weight, undefined);
    return g.scope('lora', () => {
      const down = g.reshape(g.slice(flat, 0, 0, 16), [2, 8]);
      const up = g.reshape(g.slice(flat, 0, 16, 24), [4, 2]);
      const low = g.mul(g.linear(x, down, undefined), g.scalar(0.5));
      return g.add(base, g.linear(low, up, undefined));
    });
  });
  const loss = g.reduceMean(g.mul(y, y), [0, 1], false);
  g.output('loss', loss);
  g.output('gradient', differentiate(g, loss, [flat])[0]!);
  return simplify(g.graph());
}
