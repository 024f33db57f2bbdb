// Matrix products. MatMul carries transposition of either operand's last two axes and a factor:
//   Y = alpha · op(A) · op(B),   op(X) = X or Xᵀ
// so that neither a linear layer nor its gradient ever transposes a weight in memory.

import { elementCount } from '../../tensor/tensor.ts';
import { evaluateBinary } from './elementwise.ts';
import type { NumberArray, OpRule, OpTable } from './op-rule.ts';
import {
  broadcastShapes, broadcastStrides, flagAttribute, forEachOffset, numberAttribute, sameShape, shapeText,
} from './shapes.ts';

const matmul: OpRule = {
  infer: ([a, b], attributes) => {
    if (!a || !b || a.shape.length < 2 || b.shape.length < 2) {
      throw new Error('MatMul takes two values of two or more axes.');
    }
    const [rows, innerA] = lastTwo(a.shape, flagAttribute(attributes, 'transposeA'));
    const [innerB, columns] = lastTwo(b.shape, flagAttribute(attributes, 'transposeB'));
    if (innerA !== innerB) {
      throw new Error(`MatMul of ${shapeText(a.shape)} and ${shapeText(b.shape)}: ${innerA} is not ${innerB}.`);
    }
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ dtype: a.dtype, shape: [...batch, rows, columns] }];
  },
  // Y = αAB:   dA = α G Bᵀ,  dB = α Aᵀ G; each with the transposition its operand came with.
  gradient: ({ g, node, gradient, input, wants }) => {
    const tA = flagAttribute(node.attributes, 'transposeA');
    const tB = flagAttribute(node.attributes, 'transposeB');
    const alpha = numberAttribute(node.attributes, 'alpha');
    const a = input(0);
    const b = input(1);
    const dA = (): ReturnType<typeof g.matmul> => (tA
      ? g.matmul(b, gradient, { transposeA: tB, transposeB: true, alpha })
      : g.matmul(gradient, b, { transposeB: !tB, alpha }));
    const dB = (): ReturnType<typeof g.matmul> => {
      // a shared matrix under a batch: one flat product instead of a batch of products and a sum
      if (!tA && b.shape.length === 2 && a.shape.length > 2) {
        const flatA = g.reshape(a, [elementCount(a.shape.slice(0, -1)), a.shape.at(-1)!]);
        const flatG = g.reshape(gradient, [elementCount(gradient.shape.slice(0, -1)), gradient.shape.at(-1)!]);
        const [left, right] = tB ? [flatG, flatA] : [flatA, flatG];
        return g.matmul(left, right, { transposeA: true, alpha });
      }
      return tB
        ? g.matmul(gradient, a, { transposeA: true, transposeB: tA, alpha })
        : g.matmul(a, gradient, { transposeA: !tA, alpha });
    };
    return [wants(0) ? dA() : undefined, wants(1) ? dB() : undefined];
  },
  evaluate: ([a, b], node) => [evaluateMatMul(
    a!, b!, flagAttribute(node.attributes, 'transposeA'), flagAttribute(node.attributes, 'transposeB'),
    numberAttribute(node.attributes, 'alpha'),
  )],
};

function lastTwo(shape: readonly number[], transposed: boolean): [number, number] {
  const rows = shape.at(-2)!;
  const columns = shape.at(-1)!;
  return transposed ? [columns, rows] : [rows, columns];
}

function evaluateMatMul(a: NumberArray, b: NumberArray, tA: boolean, tB: boolean, alpha: number): NumberArray {
  const [rows, inner] = lastTwo(a.shape, tA);
  const [, columns] = lastTwo(b.shape, tB);
  const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const values = new Float64Array(elementCount(batch) * rows * columns);
  const strides = [a, b].map((x) => broadcastStrides(x.shape.slice(0, -2), batch));
  const [rowA, innerA] = tA ? [1, rows] : [inner, 1];
  const [innerB, columnB] = tB ? [1, inner] : [columns, 1];
  forEachOffset(batch, strides, (index, [batchA, batchB]) => {
    const atA = batchA! * rows * inner;
    const atB = batchB! * inner * columns;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum += a.values[atA + r * rowA + k * innerA]! * b.values[atB + k * innerB + c * columnB]!;
        }
        values[(index * rows + r) * columns + c] = alpha * sum;
      }
    }
  });
  return { shape: [...batch, rows, columns], values };
}

// Y = alpha · op(A) · op(B) + C of two matrices; C is a matrix, or a row or number that is repeated.
// The simplifier makes it of MatMul and Add, after differentiation.
const gemm: OpRule = {
  infer: ([a, b, c], attributes) => {
    if (a?.shape.length !== 2 || b?.shape.length !== 2) throw new Error('Gemm takes matrices.');
    const [product] = matmul.infer([a, b], attributes);
    if (!c || !sameShape(broadcastShapes(c.shape, product!.shape), product!.shape)) {
      throw new Error(`${shapeText(c?.shape ?? [])} cannot be added to ${shapeText(product!.shape)}.`);
    }
    return [product!];
  },
  gradient: 'none',
  evaluate: ([a, b, c], node) => {
    const [product] = matmul.evaluate([a, b], node);
    return [evaluateBinary(product!, c!, (x, y) => x + y)];
  },
};

export const productOps: OpTable = { MatMul: matmul, Gemm: gemm };
