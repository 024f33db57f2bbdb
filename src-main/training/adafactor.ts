// Adafactor of Shazeer & Stern 2018 (algorithms 4 and 5) without a first moment and with a learning rate from outside:
//   R ← β R + (1 − β) rowMeans(g² + ε),   C ← β C + (1 − β) columnMeans(g² + ε),   β = 1 − t^−decay
//   u = g / sqrt(R Cᵀ / mean(R)),   u ← u / max(1, RMS(u) / clipThreshold),   p ← (1 − rate · weightDecay) p − rate · u
// A matrix keeps one number a row and one a column in place of one a parameter. A convolution's weight counts as the
// matrix [out, in · kh · kw]; the parameters of a flat vector keep one number each, and RMS is taken over a chunk.

import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Value } from '../compiler/1-build/graph.ts';
import { type Shape, elementCount } from '../tensor/tensor.ts';
import type { ChunkValues, Optimizer } from './optimizer.ts';
import { sumOfSquares } from './sum-of-squares.ts';

export interface AdafactorSettings {
  readonly kind: 'adafactor';
  /** The second moment forgets as 1 − t^−decayExponent; 0.8 in the paper. */
  readonly decayExponent: number;
  /** The largest root mean square of an update, before the learning rate; 1 in the paper. */
  readonly clipThreshold: number;
  /** Added to the squared gradient; 1e-30 in the paper. */
  readonly epsilon: number;
  /** Decoupled from the gradient: the parameters shrink by learningRate · weightDecay a step. */
  readonly weightDecay: number;
}

export const defaultAdafactor: AdafactorSettings = {
  kind: 'adafactor', decayExponent: 0.8, clipThreshold: 1, epsilon: 1e-30, weightDecay: 0.01,
};

export function adafactor(settings: AdafactorSettings): Optimizer {
  return {
    moments: (shape): Readonly<Record<string, Shape>> => {
      const matrix = matrixShape(shape);
      return matrix ? { rowMoment: [matrix[0], 1], columnMoment: [1, matrix[1]] } : { secondMoment: shape };
    },
    stepNumbers: (trainingStep) => [1 - trainingStep ** -settings.decayExponent],
    update: (g, values) => update(g, settings, values),
  };
}

/** Rows and columns of a chunk of one parameter; undefined for vectors. */
function matrixShape(shape: Shape): [number, number] | undefined {
  return shape.length < 2 ? undefined : [shape[0]!, elementCount(shape.slice(1))];
}

function update(g: GraphBuilder, settings: AdafactorSettings, values: ChunkValues): ReturnType<Optimizer['update']> {
  const { learningRate, parameters } = values;
  const clipped = g.mul(values.gradient, values.clipFactor);
  const gradient = g.reshape(clipped, matrixShape(parameters.shape) ?? parameters.shape);
  const { scaled, moments } = scaledBySecondMoment(g, settings, values, gradient);
  const rms = g.sqrt(g.mul(sumOfSquares(g, scaled), g.scalar(1 / elementCount(scaled.shape))));
  const excess = g.max(g.scalar(1), g.mul(rms, g.scalar(1 / settings.clipThreshold)));
  const step = g.reshape(g.mul(scaled, g.div(learningRate, excess)), parameters.shape);
  const decayed = g.mul(parameters, g.sub(g.scalar(1), g.mul(learningRate, g.scalar(settings.weightDecay))));
  return { parameters: g.sub(decayed, step), moments };
}

function scaledBySecondMoment(
  g: GraphBuilder, settings: AdafactorSettings, values: ChunkValues, gradient: Value,
): { scaled: Value; moments: Record<string, Value> } {
  const decay = values.stepNumbers[0]!;
  const average = (old: Value, now: Value): Value => (
    g.add(g.mul(old, decay), g.mul(now, g.sub(g.scalar(1), decay))));
  const inverseRoot = (x: Value): Value => g.reciprocal(g.sqrt(x));
  const squared = g.add(g.mul(gradient, gradient), g.scalar(settings.epsilon));
  const { rowMoment, columnMoment, secondMoment } = values.moments;
  if (secondMoment) {
    const v = average(secondMoment, squared);
    return { scaled: g.mul(gradient, inverseRoot(v)), moments: { secondMoment: v } };
  }
  const rows = average(rowMoment!, g.reduceMean(squared, [1]));
  const columns = average(columnMoment!, g.reduceMean(squared, [0]));
  // two factors in place of the product: R C of tiny gradients would be below the smallest float32
  const rowFactor = inverseRoot(g.div(rows, g.reduceMean(rows, [0])));
  const scaled = g.mul(g.mul(gradient, rowFactor), inverseRoot(columns));
  return { scaled, moments: { rowMoment: rows, columnMoment: columns } };
}
