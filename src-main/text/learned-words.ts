// Which words may be learned as new tokens, and where they stand in a cleaned prompt.

import { UserError } from '../contract/errors.ts';
import { cleanPrompt } from './fix-text.ts';
import type { ClipTokenizer } from './tokenizer.ts';

/** A word that a training made, and how many rows of the token table stand for it. */
export interface LearnedToken {
  readonly word: string;
  readonly vectors: number;
}

/** A letter, mark or digit next to a word makes it part of a longer one, but in scripts that put no blanks between. */
const wordCharacter = /[\p{L}\p{M}\p{N}]/u;
const unspaced = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]/u;

/** Finds any of the words (cleaned) as whole words of a cleaned text, the longest first; they are its one group. */
export function learnedWordPattern(words: readonly string[]): RegExp {
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  return new RegExp(`(${longestFirst.map(wholeWord).join('|')})`, 'u');
}

function wholeWord(word: string): string {
  const characters = [...word];
  const needsEdge = (character: string): boolean => wordCharacter.test(character) && !unspaced.test(character);
  const before = needsEdge(characters[0]!) ? '(?<![\\p{L}\\p{M}\\p{N}])' : '';
  const after = needsEdge(characters.at(-1)!) ? '(?![\\p{L}\\p{M}\\p{N}])' : '';
  return before + word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') + after;
}

/**
 * Refuses, with a UserError, words that nobody could tell from others in a prompt: those that are empty once cleaned,
 * those that CLIP's vocabulary has as a whole ('photo', 'z'), and those that are there twice.
 */
export function checkLearnedTokens(tokenizer: ClipTokenizer, learnedTokens: readonly LearnedToken[]): void {
  const seen = new Set<string>();
  for (const { word, vectors } of learnedTokens) {
    if (!Number.isInteger(vectors) || vectors < 1) throw new Error(`A learned token has ${vectors} vectors.`);
    const cleaned = cleanPrompt(word);
    const count = tokenizer.encodeCleaned(cleaned).length;
    if (count === 0) throw noWord(word);
    if (count === 1) throw knownWord(word);
    if (seen.has(cleaned)) throw takenWord(word);
    seen.add(cleaned);
  }
}

const safe = 'Nothing was changed.';

function noWord(word: string): UserError {
  return new UserError('text.word-empty', {
    what: `${JSON.stringify(word)} cannot be a trigger word: nothing of it is left in a prompt.`, safe,
    todo: 'Choose a word of letters that means nothing yet, such as "zqxperson".',
  }, { word });
}

function knownWord(word: string): UserError {
  return new UserError('text.word-known', {
    what: `The model knows the word ${JSON.stringify(word)} already, so it cannot be learned as a new one.`, safe,
    todo: 'Choose a word that means nothing yet, such as "zqxperson".',
  }, { word });
}

function takenWord(word: string): UserError {
  return new UserError('text.word-taken', {
    what: `Two looks use the same trigger word, ${JSON.stringify(word)}.`, safe,
    todo: 'Use them one after the other, or give one of them another word.',
  }, { word });
}
