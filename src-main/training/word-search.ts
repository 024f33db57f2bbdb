// Tokens that a new word starts from, found in the photos: of each of several lists of phrases the one under which the
// model says of the photos what it should, as a diffusion classifier tells them (Li et al. 2023, arXiv 2303.16203,
// eq. 8): the same noise for all, and the smallest loss.

import { rowsOfTokens, startOfRows } from './starting-rows.ts';
import type { TrainingBatch } from './training-batch.ts';
import type { TrainingStep } from './training-step.ts';

/** Phrases that exclude one another, as token ids. */
export type PhraseList = readonly (readonly number[])[];

export interface WordSearchOptions {
  /** New rows learn in it, and nothing else has to. */
  readonly step: TrainingStep;
  /** Rows of the word. */
  readonly rows: number;
  /** What the phrases are judged by, always the same. */
  readonly batches: readonly TrainingBatch[];
  /** The phrases that are taken stand one behind the other; of too many tokens the first are kept. */
  readonly lists: readonly PhraseList[];
  /** Behind every loss that is taken, of so many at most; true ends the search with what it has. */
  readonly onLoss: (done: number, most: number) => Promise<boolean>;
}

/** Over all lists: what is best of one depends on what is taken of the others. */
const mostPasses = 2;

/** Ids of at most so many tokens as the word has rows. It begins with the first phrase of each list. */
export async function searchWords({ step, rows, batches, lists, onLoss }: WordSearchOptions): Promise<number[]> {
  const most = 1 + mostPasses * lists.reduce((sum, list) => sum + list.length - 1, 0);
  let [taken, loss, done] = [lists.map(() => 0), Infinity, 0];
  const idsOf = (places: readonly number[]): number[] => (
    lists.flatMap((list, i) => list[places[i]!]!).slice(0, rows));
  for (let pass = 0; pass < mostPasses; pass++) {
    const before = taken;
    for (const [i, list] of lists.entries()) {
      for (const place of list.keys()) {
        // one that is taken already was judged with it, but for the very first
        if (place === taken[i] && loss < Infinity) continue;
        const tried = taken.with(i, place);
        const own = await lossOf(step, batches, idsOf(tried), rows);
        if (own < loss) [taken, loss] = [tried, own];
        if (await onLoss(++done, most)) return idsOf(taken);
      }
    }
    if (before.join() === taken.join()) break;
  }
  return idsOf(taken);
}

async function lossOf(
  step: TrainingStep, batches: readonly TrainingBatch[], ids: readonly number[], count: number,
): Promise<number> {
  const { textEncoders } = step.checkpoint;
  const state = await step.initialState(
    startOfRows(await rowsOfTokens(textEncoders, textEncoders.map(() => ids), count)));
  let sum = 0;
  for (const batch of batches) sum += (await step.evaluate(state, batch)).loss;
  return sum;
}
