// From a prompt to what the text encoders read: 77 ids for each, with learned tokens (Gal et al. 2022) where their
// words stand. A learned word is one token or several in a row; their ids follow those of the vocabulary.

import type { Architecture } from '../checkpoint/architecture.ts';
import { cleanPrompt } from './fix-text.ts';
import { weightedParts } from './emphasis.ts';
import { checkLearnedTokens, type LearnedToken, learnedWordPattern } from './learned-words.ts';
import { type ClipTokenizer, contextLength } from './tokenizer.ts';

/** One list of 77 ids for each text encoder. */
export type PromptIds = readonly (readonly number[])[];

/** A prompt to draw: its ids, and how much each of the 77 tokens counts. */
export interface WeightedPrompt {
  readonly ids: PromptIds;
  /** 77 numbers; undefined where all are 1. */
  readonly weights?: readonly number[];
}

export interface PromptEncoder {
  /** A caption for each text encoder, letter for letter: start, at most 75 ids, end, padding. */
  encode(text: string): PromptIds;
  /** A prompt in which brackets say how much its parts count: see emphasis.ts. */
  encodeWeighted(prompt: string): WeightedPrompt;
  /** How many tokens of such a prompt do not fit into CLIP's 75 and have no effect. */
  droppedTokens(prompt: string): number;
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
  const idsOfText = (text: string): number[] => idsWithLearned(tokenizer, idsOf, cleanPrompt(text));
  const padIds = paddingIds(architecture, tokenizer);
  const whole = (ids: readonly number[]): PromptIds => {
    const prompt = [tokenizer.startId, ...ids.slice(0, promptTokens), tokenizer.endId];
    return padIds.map((padId) => paddedWith(padId, prompt));
  };
  const tokensOf = (prompt: string): WeightedToken[] => weightedParts(prompt)
    .flatMap(({ text, weight }) => idsOfText(text).map((id) => ({ id, weight })));
  return {
    newTokens,
    encode: (text) => whole(idsOfText(text)),
    encodeWeighted(prompt) {
      const tokens = tokensOf(prompt).slice(0, promptTokens);
      const ids = whole(tokens.map(({ id }) => id));
      if (tokens.every(({ weight }) => weight === 1)) return { ids };
      return { ids, weights: paddedWith(1, [1, ...tokens.map(({ weight }) => weight)]) };
    },
    droppedTokens: (prompt) => Math.max(0, tokensOf(prompt).length - promptTokens),
  };
}

interface WeightedToken {
  readonly id: number;
  readonly weight: number;
}

function paddedWith(padding: number, numbers: readonly number[]): number[] {
  return [...numbers, ...Array.from({ length: contextLength - numbers.length }, () => padding)];
}

/** What each text encoder's prompts are padded with. OpenCLIP's 0 is an exclamation mark in CLIP's vocabulary. */
function paddingIds(architecture: Architecture, { endId, ids }: ClipTokenizer): readonly number[] {
  const openClipId = ids.get('!')!;
  if (architecture === 'sdxl') return [endId, openClipId];
  return [architecture === 'sd2' ? openClipId : endId];
}

function idsWithLearned(
  tokenizer: ClipTokenizer, idsOf: ReadonlyMap<string, readonly number[]>, cleaned: string,
): number[] {
  if (idsOf.size === 0) return tokenizer.encodeCleaned(cleaned);
  // a capturing group: the words stand between the texts around them
  return cleaned.split(learnedWordPattern([...idsOf.keys()])).flatMap((part, i) => (
    i % 2 === 1 ? idsOf.get(part)! : tokenizer.encodeCleaned(part)));
}
