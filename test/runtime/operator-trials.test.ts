// Each operator alone: right on the processor, refused or wrong where it should be, and no operator left out.

import { expect, test } from 'vitest';
import { emitters } from '../../src-main/compiler/4-emit/op-emitters.ts';
import { type OperatorCase, operatorCases } from '../../src-main/runtime/operator-cases.ts';
import { operatorGraph, tryOperator, wantedTrials } from '../../src-main/runtime/operator-trials.ts';
import { SkippedCase } from '../golden-runner/case.ts';
import { prepareWebgpu } from '../golden-runner/webgpu.ts';

test('every operator that a graph can be made of is tried', () => {
  const tried = new Set(wantedTrials('cpu').flatMap((wanted) => operatorGraph(wanted).graph.nodes.map(({ op }) => op)));
  // of whole numbers, conditions and angles; in no graph of a network or in the larger self-test's
  const elsewhere = ['Atan', 'Less', 'Equal', 'Floor', 'TurnKernels'];
  expect(Object.keys(emitters).filter((op) => !tried.has(op) && !elsewhere.includes(op))).toEqual([]);
});

test('the processor computes all of them right, float16 with casts of its own', async () => {
  const wrong: unknown[] = [];
  for (const wanted of wantedTrials('cpu')) {
    const trial = await tryOperator('cpu', wanted);
    if (trial.outcome !== 'right') wrong.push(trial);
  }
  expect(wrong).toEqual([]);
});

test('a wrong result is called wrong, and what a provider lacks refused', async () => {
  const operatorCase = operatorCases.find(({ operator }) => operator === 'Softmax')!;
  const coarse: OperatorCase = { ...operatorCase, build: (g, x) => (
    g.cast(g.softmax(g.cast(g.mul(x!, g.scalar(9)), 'float16')), 'float32')) };
  const trial = await tryOperator('cpu', { operatorCase: coarse, precision: 'float32' });
  expect(trial.error).toBeGreaterThan(0);
  const refused = await tryOperator('dml', { operatorCase, precision: 'float32' });
  expect(refused).toMatchObject({ outcome: 'refused', error: null });
});

/** The rest is tried by `likeness doctor`; a software driver takes half a second for each. */
const mostTelling = [
  'QuickGelu, SiLU', 'Slice', 'GroupNorm, small epsilon', 'LayerNorm', 'MatMul, turned', 'Conv, stride 2',
  'ConvTranspose, stride 2', 'Attention', 'ReduceMean',
];

test('WebGPU computes right what it does not refuse', async ({ skip }) => {
  try {
    await prepareWebgpu();
  } catch (error) {
    if (error instanceof SkippedCase) return skip(error.message);
    throw error;
  }
  const outcomes: string[] = [];
  for (const wanted of wantedTrials('webgpu')) {
    const { operatorCase: { operator }, precision } = wanted;
    if (precision !== 'float32' || !mostTelling.includes(operator)) continue;
    outcomes.push(`${operator}: ${(await tryOperator('webgpu', wanted)).outcome}`);
  }
  expect(outcomes).toHaveLength(mostTelling.length);
  expect(outcomes.filter((outcome) => !outcome.endsWith(': right'))).toEqual([]);
});
