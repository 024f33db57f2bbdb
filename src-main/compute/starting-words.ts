// Which tokens the rows of a new word start from: those of a word that comes near, or, where the model has phrases that
// describe people, those of the phrases that fit the photos.

import type { TeachRequest } from '../contract/engine.ts';
import type { BatchSource } from '../training/trainer-batches.ts';
import type { TrainingBatch } from '../training/training-batch.ts';
import type { TrainingStepOptions } from '../training/step-description.ts';
import { openTrainingStep } from '../training/training-step.ts';
import { searchWords } from '../training/word-search.ts';
import type { LoadedPack } from './loaded-pack.ts';
import type { Reporter } from './reporter.ts';
import type { TeachPlan } from './teach-plan.ts';

export interface StartingWordsOptions {
  readonly request: TeachRequest;
  readonly pack: LoadedPack;
  readonly plan: TeachPlan;
  /** How steps are computed on the chosen provider. */
  readonly computing: Omit<TrainingStepOptions, 'trainables'>;
  readonly reporter: Pick<Reporter, 'phase' | 'step'>;
  readonly asked: () => 'pause' | 'finish' | undefined;
}

/** Noisy latents that phrases are judged by: enough that none is better by chance. */
const judgedSamples = 48;

/** Ids of tokens, for the rows in turn; empty without a new word. */
export async function startingWords(
  { request, pack, plan, computing, reporter, asked }: StartingWordsOptions, batches: Pick<BatchSource, 'batchesOf'>,
): Promise<readonly number[]> {
  const { settings: { initializerWord }, describingPhrases, warmStartFile } = request;
  const { trainables: { newTokens } } = plan;
  const { tokenizer } = pack;
  if (!newTokens) return [];
  // an earlier look brings a word of its own
  if (describingPhrases.length === 0 || warmStartFile !== null) return tokenizer.encode(initializerWord);
  const step = openTrainingStep({ ...computing, trainables: { newTokens } });
  reporter.phase('finding-words', 0);
  try {
    return await searchWords({
      step, rows: newTokens.count, batches: await firstBatches(batches),
      lists: describingPhrases.map((list) => list.map((phrase) => tokenizer.encode(phrase))),
      onLoss: async (done, most) => {
        if (done === 1) reporter.phase('finding-words', most);
        reporter.step(done);
        // lets this process hear what it is asked
        await new Promise((resolve) => { setImmediate(resolve); });
        return asked() !== undefined;
      },
    });
  } finally {
    await step.release();
  }
}

async function firstBatches(source: Pick<BatchSource, 'batchesOf'>): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  let samples = 0;
  for (let step = 0; samples < judgedSamples; step++) {
    for (const batch of await source.batchesOf(step)) {
      batches.push(batch);
      samples += batch.timesteps.length;
    }
  }
  return batches;
}
