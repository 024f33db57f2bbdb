// Each operator alone on a provider, in each number type, against the float64 reference. A driver may take its process
// down at one of them: whoever tries a GPU does it in a process of its own and goes on behind that one.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { evaluate } from '../compiler/evaluate.ts';
import type { OperatorTrial, Precision, ProviderName } from '../contract/machine.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';
import { type OperatorCase, operatorCases, operatorInput } from './operator-cases.ts';
import { openSession } from './session.ts';

/** Relative to the largest number of the result. Float16 has eleven bits, and sums of many products. */
export const operatorTolerances: Readonly<Record<Precision, number>> = { float32: 1e-3, float16: 1e-2 };

export interface WantedTrial {
  readonly operatorCase: OperatorCase;
  readonly precision: Precision;
}

/** Every case in each precision it exists in: all of float32 first. */
export function wantedTrials(provider: ProviderName): WantedTrial[] {
  const cases = operatorCases.filter(({ isForProcessor }) => provider === 'cpu' || !isForProcessor);
  return (['float32', 'float16'] as const).flatMap((precision) => cases
    .filter(({ precisions }) => precisions?.includes(precision) ?? true)
    .map((operatorCase) => ({ operatorCase, precision })));
}

/** One trial in this process; what the provider throws is its refusal. */
export async function tryOperator(provider: ProviderName, wanted: WantedTrial): Promise<OperatorTrial> {
  const { operatorCase, precision } = wanted;
  const { graph, feeds } = operatorGraph(wanted);
  const trial = { operator: operatorCase.operator, precision, tolerance: operatorTolerances[precision] };
  try {
    const session = await openSession(graph, { provider, threads: 1, noFallback: provider !== 'cpu' });
    try {
      const error = relativeError((await session.run(feeds))['y']!, evaluate(graph, feeds)['y']!.values);
      const outcome = error <= trial.tolerance ? 'right' : 'wrong';
      return { ...trial, error: Number.isFinite(error) ? error : null, outcome };
    } finally {
      await session.release();
    }
  } catch {
    return { ...trial, error: null, outcome: 'refused' };
  }
}

/** The graph of a trial and what it is fed with; one output, 'y'. */
export function operatorGraph(
  { operatorCase, precision }: WantedTrial,
): { graph: Graph; feeds: Record<string, Tensor> } {
  const g = new GraphBuilder('operator-trial');
  const feeds: Record<string, Tensor> = {};
  const inputs = operatorCase.shapes.map((shape, index) => {
    feeds[`x${index}`] = float32Tensor(shape, operatorInput(operatorCase, shape, index));
    return g.cast(g.input(`x${index}`, 'float32', shape), precision);
  });
  g.output('y', g.cast(operatorCase.build(g, ...inputs), 'float32'));
  return { graph: g.graph(), feeds };
}

function relativeError({ data }: Tensor, expected: Float64Array): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(Number(data[i]) - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
    size = Math.max(size, Math.abs(expected[i]!));
  }
  return error / Math.max(size, 1e-6);
}
