// The starter pack's vocabulary: CLIP's scheme with few of its merges, as a row of the token table costs bytes and
// captions use a few hundred of CLIP's 49,408. Words whose merges are all there get the very tokens that CLIP gives
// them; others come in more and shorter pieces.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { loadStyles } from '../generation/styles.ts';
import {
  type ClipTokenizer, clipTokenizer, clipVocabulary, contextLength, endText, openClipTokenizer, readMerges, startText,
  vocabularyJson,
} from '../text/tokenizer.ts';

/** Rows of the shipped token table: 512 for bytes, some 1,200 for captions, 900 for styles, CLIP's first merges. */
export const packVocabularySize = 4_000;

export interface PackVocabulary {
  readonly merges: readonly string[];
  readonly tokenizer: ClipTokenizer;
  /** The pack's id of each trained token, in the order that was given. */
  readonly trainedIds: readonly number[];
}

/**
 * The vocabulary of a pack whose token rows with these of CLIP's ids are trained. The words of the built-in styles stay
 * whole too, so that they take no more of a prompt's 75 places than with CLIP. `resourcesFolder` has tokenizer/ and
 * styles/.
 */
export async function packVocabulary(
  resourcesFolder: string, trainedClipIds: readonly number[], size = packVocabularySize,
): Promise<PackVocabulary> {
  const tokenizerFolder = path.join(resourcesFolder, 'tokenizer');
  const clip = await openClipTokenizer(tokenizerFolder);
  const tokenOf = new Map([...clip.ids].map(([token, id]) => [id, token]));
  const trained = trainedClipIds.map((id) => tokenOf.get(id)!);
  const styles = await loadStyles(path.join(resourcesFolder, 'styles'));
  const texts = styles.flatMap(({ starter, general }) => [starter, general])
    .flatMap(({ prompt, negativePrompt }) => [prompt, negativePrompt]);
  const ofStyles = texts.flatMap((text) => clip.encode(text)).map((id) => tokenOf.get(id)!);
  const merges = packMerges(await readMerges(tokenizerFolder), [...trained, ...ofStyles], size);
  const tokenizer = clipTokenizer(merges);
  return { merges, tokenizer, trainedIds: trained.map((token) => tokenizer.ids.get(token)!) };
}

/**
 * Merges for a vocabulary of `size` tokens, in CLIP's order: all that make one of the wished `tokens`, and CLIP's first
 * ones for the places that are left. Pairs are joined by rank and each token is made by one merge only, so a word whose
 * CLIP tokens are all wished is read as CLIP reads it. Throws where the wished ones alone are too many.
 */
export function packMerges(clipMerges: readonly string[], tokens: Iterable<string>, size: number): string[] {
  const places = size - clipVocabulary([]).length;
  const rankOf = new Map(clipMerges.map((merge, rank) => [merge.replace(' ', ''), rank]));
  const chosen = new Set<number>();
  const take = (token: string): void => {
    const rank = rankOf.get(token);
    if (rank === undefined || chosen.has(rank)) return;
    chosen.add(rank);
    clipMerges[rank]!.split(' ').forEach(take);
  };
  for (const token of tokens) take(token);
  if (chosen.size > places) throw new Error(`${chosen.size} merges are needed, and there are ${places} places.`);
  for (let rank = 0; chosen.size < places && rank < clipMerges.length; rank++) chosen.add(rank);
  return [...chosen].sort((a, b) => a - b).map((rank) => clipMerges[rank]!);
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** Writes a tokenizer's folder as Transformers' CLIPTokenizer reads it, and we do. */
export async function writeTokenizer(folder: string, merges: readonly string[]): Promise<void> {
  const special = { bos_token: startText, eos_token: endText, pad_token: endText, unk_token: endText };
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'merges.txt'), ['#version: 0.2', ...merges, ''].join('\n'));
  await writeFile(path.join(folder, 'vocab.json'), vocabularyJson(merges));
  await writeFile(path.join(folder, 'special_tokens_map.json'), json(special));
  await writeFile(path.join(folder, 'tokenizer_config.json'), json({
    add_prefix_space: false, ...special, do_lower_case: true, errors: 'replace', model_max_length: contextLength,
    tokenizer_class: 'CLIPTokenizer',
  }));
}
