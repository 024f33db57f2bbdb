// The phrases that a new word starts from, found by what a real network says under each.

import { afterEach, expect, test } from 'vitest';
import { rowsOfTokens, startOfRows } from '../../src-main/training/starting-rows.ts';
import type { TrainingBatch } from '../../src-main/training/training-batch.ts';
import type { TrainingStep } from '../../src-main/training/training-step.ts';
import { type PhraseList, searchWords } from '../../src-main/training/word-search.ts';
import { openTinyStep, tinyBatch, tinySd15 } from './tiny-training.ts';

const checkpoint = tinySd15();
const rows = 3;
const lists: PhraseList[] = [[[1], [2], [3, 4]], [[5], [6]], [[7], [8], [9], [10]]];
const batches = [[1, 2], [3, 4]].map((seeds) => tinyBatch(checkpoint, seeds));

let steps: TrainingStep[] = [];
afterEach(async () => {
  for (const step of steps) await step.release();
  steps = [];
});

function openStep(): TrainingStep {
  const step = openTinyStep({ checkpoint, trainables: { newTokens: { count: rows } } });
  steps.push(step);
  return step;
}

async function lossOf(step: TrainingStep, ids: readonly number[], judges: readonly TrainingBatch[]): Promise<number> {
  const state = await step.initialState(startOfRows(await rowsOfTokens(checkpoint.textEncoders, [ids], rows)));
  let sum = 0;
  for (const batch of judges) sum += (await step.evaluate(state, batch)).loss;
  return sum;
}

const idsOf = (places: readonly number[]): number[] => lists.flatMap((list, i) => list[places[i]!]!).slice(0, rows);

const searched = (step: TrainingStep, onLoss: (done: number, most: number) => Promise<boolean> = async () => false) => (
  searchWords({ step, rows, batches, lists, onLoss }));

test('no exchange of one phrase would lower the loss of what is found', async () => {
  const step = openStep();
  const found = await searched(step);
  const all = [0, 1, 2].flatMap((a) => [0, 1].flatMap((b) => [0, 1, 2, 3].map((c) => [a, b, c])));
  const taken = all.find((places) => idsOf(places).join() === found.join())!;
  const loss = await lossOf(step, found, batches);
  const others = all.filter((places) => places.filter((place, i) => place !== taken[i]).length === 1);
  expect(others).toHaveLength(2 + 1 + 3);
  for (const places of others) expect(await lossOf(step, idsOf(places), batches)).toBeGreaterThanOrEqual(loss);
  expect(loss).toBeLessThan(await lossOf(step, idsOf([0, 0, 0]), batches));
  expect(await searched(step)).toEqual(found);
});

test('what the model says under a phrase is found again as that phrase', async () => {
  const step = openStep();
  for (const list of [[[12], [13], [14]], [[14], [13], [12]]]) {
    const losses = await Promise.all(list.map((ids) => lossOf(step, ids, batches)));
    const found = await searchWords({ step, rows, batches, lists: [list], onLoss: async () => false });
    expect(found).toEqual(list[losses.indexOf(Math.min(...losses))]);
  }
});

test('a phrase of several tokens pushes the last out, of too few the rows take turns', async () => {
  const step = openStep();
  const options = { step, batches, onLoss: async () => false };
  expect(await searchWords({ ...options, rows, lists: [[[1, 2]], [[3, 4]]] })).toEqual([1, 2, 3]);
  expect(await searchWords({ ...options, rows, lists: [[[1, 2]]] })).toEqual([1, 2]);
});

test('it says how far it is and ends early when it is told to', async () => {
  const step = openStep();
  const told: (readonly [number, number])[] = [];
  await searched(step, async (done, most) => {
    told.push([done, most]);
    return false;
  });
  expect(told.map(([done]) => done)).toEqual(told.map((_, i) => i + 1));
  const most = 1 + 2 * (2 + 1 + 3);
  expect(new Set(told.map(([, of]) => of))).toEqual(new Set([most]));
  expect(told.length).toBeLessThanOrEqual(most);
  expect(told.length).toBeGreaterThanOrEqual(1 + 2 + 1 + 3);
  let asked = 0;
  const early = await searched(step, async () => ++asked === 2);
  expect(asked).toBe(2);
  expect(early).toHaveLength(rows);
});
