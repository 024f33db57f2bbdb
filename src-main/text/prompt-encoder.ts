// From a prompt to what the text encoders read: 77 ids for each, with learned tokens (Gal et al. 2022) where their
// words stand. A learned word is one token or several in a row; their ids follow those of the vocabulary.

import type { Architecture } from '../checkpoint/architecture.ts';
import { cleanPrompt } from './fix-text.ts';
import { checkLearnedTokens, type LearnedToken, learnedWordPattern } from './learned-words.ts';
import { type ClipTokenizer, contextLength } from './tokenizer.ts';

/** One list of 77 ids for each text encoder. */
export type PromptIds = readonly (readonly number[])[];

export interface PromptEncoder {
  /** The prompt for each text encoder: start, at most 75 ids, end, padding. */
  encode(text: string): PromptIds;
  /** How many tokens of the text do not fit into CLIP's 75 and have no effect. */
  droppedTokens(text: string): number;
  /** Rows of all learned tokens together. */
  readonly newTokens: number;
}

export interface PromptEncoderOptions {
  readonly architecture: Architecture;
  readonly learnedTokens?: readonly LearnedToken[];
  /** Rows of the text encoders' own token tables; the tokenizer's vocabulary unless told. */
  readonly vocabularySize?: number;
}

/** CLIP's window less its start and end. */
const promptTokens = contextLength - 2;

/**
 * How prompts become ids for one architecture. SD 1 and SDXL's first encoder pad with the end's id, OpenCLIP's with 0.
 * Learned words are found whatever their case, where they stand as whole words; the longest wins.
 * Refuses, with a UserError, learned words that CLIP has already, that are equal, or that are no words.
 */
export function promptEncoder(tokenizer: ClipTokenizer, options: PromptEncoderOptions): PromptEncoder {
  const { architecture, learnedTokens = [], vocabularySize = tokenizer.vocabularySize } = options;
  checkLearnedTokens(tokenizer, learnedTokens);
  const idsOf = new Map<string, number[]>();
  let newTokens = 0;
  for (const { word, vectors } of learnedTokens) {
    const first = vocabularySize + newTokens;
    idsOf.set(cleanPrompt(word), Array.from({ length: vectors }, (_, i) => first + i));
    newTokens += vectors;
  }
  const ids = (text: string): number[] => idsWithLearned(tokenizer, idsOf, cleanPrompt(text));
  return {
    newTokens,
    encode(text) {
      const prompt = [tokenizer.startId, ...ids(text).slice(0, promptTokens), tokenizer.endId];
      const padded = (padId: number): number[] => (
        [...prompt, ...Array.from({ length: contextLength - prompt.length }, () => padId)]);
      return paddingIds(architecture, tokenizer.endId).map(padded);
    },
    droppedTokens: (text) => Math.max(0, ids(text).length - promptTokens),
  };
}

/** What each text encoder's prompts are padded with. */
function paddingIds(architecture: Architecture, endId: number): readonly number[] {
  if (architecture === 'sdxl') return [endId, 0];
  return [architecture === 'sd2' ? 0 : endId];
}

function idsWithLearned(
  tokenizer: ClipTokenizer, idsOf: ReadonlyMap<string, readonly number[]>, cleaned: string,
): number[] {
  if (idsOf.size === 0) return tokenizer.encodeCleaned(cleaned);
  // a capturing group: the words stand between the texts around them
  return cleaned.split(learnedWordPattern([...idsOf.keys()])).flatMap((part, i) => (
    i % 2 === 1 ? idsOf.get(part)! : tokenizer.encodeCleaned(part)));
}
