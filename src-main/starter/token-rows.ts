// Which of CLIP's tokens the captions use. Only their rows are trained, as a small table of their own; the pack's other
// rows are made when it is written.

import type { ClipTokenizer } from '../text/tokenizer.ts';
import { embeddingDeviation } from './flat-parameters.ts';
import { promptTokens } from './starter-networks.ts';
import { seededRandom } from './seeded-random.ts';

/** The table of token rows in a text encoder's weights. */
export const tokenTable = 'text_model.embeddings.token_embedding.weight';

export interface TokenRows {
  /** Token id of each trained row, rising. */
  readonly ids: readonly number[];
  rowsOf(text: string): Int32Array;
  /** count x 77. */
  rowsOfAll(texts: readonly string[]): Int32Array;
}

export function usedTokenRows(tokenizer: ClipTokenizer, captions: readonly string[]): TokenRows {
  const prompts = captions.map((caption) => tokenizer.encodePrompt(caption));
  const ids = [...new Set([...prompts.flat(), ...tokenizer.encodePrompt('')])].sort((a, b) => a - b);
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const rows = (prompt: readonly number[]) => prompt.map((id) => {
    const row = rowOf.get(id);
    if (row === undefined) throw new Error(`Token ${id} does not occur in the captions, so it has no trained row.`);
    return row;
  });
  return {
    ids,
    rowsOf: (text) => Int32Array.from(rows(tokenizer.encodePrompt(text))),
    rowsOfAll: (texts) => {
      const all = new Int32Array(texts.length * promptTokens);
      texts.forEach((text, i) => all.set(rows(tokenizer.encodePrompt(text)), i * promptTokens));
      return all;
    },
  };
}

/**
 * The whole table [vocabSize, width]: trained rows in their places, elsewhere their mean and a little noise.
 * The mean is what the encoder takes for a word that says nothing. Measured on 8 prompts with words it never saw:
 * behind a prompt they move the denoiser's answer a quarter less than random rows do, and before one less than rows of
 * zeros. The noise keeps words apart, so that a trigger word is not every other unknown word too.
 */
export function fullTokenTable(
  trained: Float32Array, ids: readonly number[], vocabSize: number, width: number, seed: number,
): Float32Array {
  const random = seededRandom(seed, 41);
  const mean = new Float32Array(width);
  trained.forEach((value, i) => { mean[i % width]! += value / ids.length; });
  const table = Float32Array.from({ length: vocabSize * width },
    (_, i) => mean[i % width]! + embeddingDeviation * random.normal());
  ids.forEach((id, row) => table.set(trained.subarray(row * width, (row + 1) * width), id * width));
  return table;
}
