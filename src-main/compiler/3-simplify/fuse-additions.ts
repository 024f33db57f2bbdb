// Additions as part of the product or convolution before them, which has its sum in hand anyway: one buffer and one
// node less. What is added is a bias, a residual, an adapter's share, or another part of the same gradient.

import { type Graph, type Node, type Value, countUses } from '../1-build/graph.ts';
import { broadcastShapes, sameShape } from '../ops/shapes.ts';
import type { RewriteRule } from './rewrite.ts';

export interface AdditionOptions {
  /** The provider has convolutions that add a picture: ONNX Runtime's FusedConv with four inputs. */
  readonly intoConvolutions: boolean;
}

/** Add(MatMul of matrices, C) → Gemm; Add(Conv, picture of the same shape) → Conv with a fourth input. */
export function fuseAdditions(graph: Graph, { intoConvolutions }: AdditionOptions): RewriteRule {
  const uses = countUses(graph);
  const isFree = (value: Value): boolean => uses.get(value) === 1;
  return (g, node, inputs) => {
    if (node.op !== 'Add') return undefined;
    // of two products the one that comes last, so that nothing waits for what is added
    const sides = [0, 1].sort((a, b) => madeAt(node.inputs[b]) - madeAt(node.inputs[a]));
    for (const side of sides) {
      const original = node.inputs[side]!;
      const [product, addend] = [inputs[side]!, inputs[1 - side]!];
      const { producer } = product;
      if (!producer || !isFree(original) || !sameShape(product.shape, node.outputs[0]!.shape)) continue;
      const [a, b, bias] = producer.inputs;
      if (isMatrixProduct(producer) && fits(addend, product)) {
        return g.node('Gemm', [a, b, addend], producer.attributes);
      }
      if (intoConvolutions && isPlainConvolution(producer) && sameShape(addend.shape, product.shape)) {
        return g.node('Conv', [a, b, bias, addend], producer.attributes);
      }
    }
    return undefined;
  };
}

function madeAt(value: Value | undefined): number {
  return value?.producer?.id ?? -1;
}

function isMatrixProduct({ op, inputs }: Node): boolean {
  return op === 'MatMul' && inputs.every((value) => value?.shape.length === 2);
}

function isPlainConvolution({ op, inputs }: Node): boolean {
  return op === 'Conv' && inputs[3] === undefined && inputs[0]!.dtype === 'float32';
}

function fits(addend: Value, product: Value): boolean {
  return addend.shape.length <= 2 && sameShape(broadcastShapes(addend.shape, product.shape), product.shape);
}
