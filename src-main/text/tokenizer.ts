// CLIP's byte-pair tokenizer (Radford et al. 2021; openai/CLIP, simple_tokenizer.py): cleaned text is split into words,
// each word's UTF-8 bytes are joined pair by pair in the order in which the merges were learnt.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import { cleanPrompt, pythonSpace } from './fix-text.ts';

export const startText = '<|startoftext|>';
export const endText = '<|endoftext|>';
const wordEnd = '</w>';
/** More than any vocabulary of this kind has; a larger id is damage. */
const mostTokens = 1_000_000;
/** SD 1.x's text encoder sees 77 tokens: start, 75 of the prompt, end. */
export const contextLength = 77;

const wordPattern = new RegExp(
  `<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${pythonSpace}\\p{L}\\p{N}]+`, 'giu');

export interface ClipTokenizer {
  readonly startId: number;
  readonly endId: number;
  /** One more than the largest id. */
  readonly vocabularySize: number;
  /** Each token's id; a token is written in byteCharacters, with '</w>' where it ends a word. */
  readonly ids: ReadonlyMap<string, number>;
  /** The ids of a text, without start and end, not shortened. */
  encode(text: string): number[];
  /** The same for a text, or a part of one, that cleanPrompt() has cleaned. */
  encodeCleaned(cleaned: string): number[];
  /** Exactly 77 ids: start, at most 75 of the text, end, and the end's id (or `padId`) as padding. */
  encodePrompt(text: string, padId?: number): number[];
  /** The ids that stand for a token of another vocabulary of this kind: its own id, or those of its pieces. */
  encodeToken(token: string): readonly number[];
}

/**
 * Opens the tokenizer of a folder as diffusers' tokenizer folders and resources/tokenizer have it: merges.txt and,
 * where it is there, vocab.json with the ids; else these follow from the merges. The vocabulary may be any that was
 * made as CLIP's. Refuses, with a UserError, missing or damaged files.
 */
export async function openClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const merges = await readMerges(folder);
  const ids = await readIds(folder, merges);
  return clipTokenizer(merges, ids);
}

/** The merges ('th e</w>') of a tokenizer's folder, in the order in which they were learnt. Throws as above. */
export async function readMerges(folder: string): Promise<string[]> {
  const damaged = () => damagedTokenizer(folder, 'merges.txt');
  const text = await readFile(path.join(folder, 'merges.txt'), 'utf8').catch(() => { throw damaged(); });
  const merges = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  if (!areMerges(merges)) throw damaged();
  return merges;
}

/** vocab.json: an id for every token that the merges make; undefined where there is none. */
async function readIds(folder: string, merges: readonly string[]): Promise<Map<string, number> | undefined> {
  const damaged = () => damagedTokenizer(folder, 'vocab.json');
  const text = await readFile(path.join(folder, 'vocab.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw damaged();
  });
  if (text === undefined) return undefined;
  let known: Map<string, unknown>;
  try {
    known = new Map(Object.entries(JSON.parse(text) as Record<string, unknown>));
  } catch {
    throw damaged();
  }
  const isId = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0 && (id as number) < mostTokens;
  const needed = clipVocabulary(merges);
  const isWhole = needed.every((token) => known.has(token)) && [...known.values()].every(isId)
    && new Set(known.values()).size === known.size;
  if (!isWhole) throw damaged();
  return known as Map<string, number>;
}

/** The tokenizer of a list of merges; the ids follow from them unless told. */
export function clipTokenizer(
  merges: readonly string[], ids: ReadonlyMap<string, number> = idsInOrder(merges),
): ClipTokenizer {
  const rankOf = new Map(merges.map((merge, rank) => [merge, rank]));
  const byteTokens = byteCharacters();
  const idsOfParts = (parts: readonly string[]): number[] => mergeParts(parts, rankOf).map((part) => ids.get(part)!);
  const known = new Map<string, readonly number[]>();
  const encodeWord = (word: string): readonly number[] => {
    if (word === startText || word === endText) return [ids.get(word)!];
    const cached = known.get(word);
    if (cached) return cached;
    const parts = Array.from(Buffer.from(word), (byte) => byteTokens[byte]!);
    parts.push(parts.pop()! + wordEnd);
    const encoded = idsOfParts(parts);
    known.set(word, encoded);
    return encoded;
  };
  const encodeCleaned = (cleaned: string): number[] => (cleaned.match(wordPattern) ?? []).flatMap(encodeWord);
  const encode = (text: string): number[] => encodeCleaned(cleanPrompt(text));
  const [startId, endId] = [ids.get(startText)!, ids.get(endText)!];
  return {
    startId, endId, ids, vocabularySize: Math.max(...ids.values()) + 1, encode, encodeCleaned,
    encodePrompt(text, padId = endId) {
      const prompt = [startId, ...encode(text).slice(0, contextLength - 2), endId];
      return [...prompt, ...Array.from({ length: contextLength - prompt.length }, () => padId)];
    },
    encodeToken: (token) => (ids.has(token) ? [ids.get(token)!] : idsOfParts(partsOfToken(token))),
  };
}

function idsInOrder(merges: readonly string[]): Map<string, number> {
  return new Map(clipVocabulary(merges).map((token, id) => [token, id]));
}

/** The bytes that a token is made of, the last with the word's end where it ends one. */
export function partsOfToken(token: string): string[] {
  const endsWord = token.endsWith(wordEnd) && token !== wordEnd;
  const parts = [...(endsWord ? token.slice(0, -wordEnd.length) : token)];
  if (endsWord) parts.push(parts.pop()! + wordEnd);
  return parts;
}

/** Every token by its id: 256 bytes, the same at a word's end, the merges, start and end of text. */
export function clipVocabulary(merges: readonly string[]): string[] {
  // Printable bytes come first, in the order of their codes, then those that stand for the others
  const bytes = byteCharacters().sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!);
  const joined = merges.map((merge) => merge.replace(' ', ''));
  return [...bytes, ...bytes.map((character) => character + wordEnd), ...joined, startText, endText];
}

/** Every merge joins two tokens that are there before it. */
function areMerges(merges: readonly string[]): boolean {
  const tokens = new Set(clipVocabulary([]));
  return merges.length > 0 && merges.every((merge) => {
    const parts = merge.split(' ');
    tokens.add(parts.join(''));
    return parts.length === 2 && parts.every((part) => part !== '' && tokens.has(part));
  });
}

/** vocab.json of a tokenizer folder, byte for byte as Stable Diffusion's repositories have it. */
export function vocabularyJson(merges: readonly string[]): string {
  // Sorted by the tokens' bytes, and not through an object: JavaScript would put '0' to '9' first
  const entries = clipVocabulary(merges).map((token, id) => ({ bytes: Buffer.from(token), token, id }));
  const sorted = entries.sort((a, b) => Buffer.compare(a.bytes, b.bytes));
  return `{\n${sorted.map(({ token, id }) => `  ${JSON.stringify(token)}: ${id}`).join(',\n')}\n}\n`;
}

/** A printable character for each byte: itself where it is one, otherwise the next free one from U+0100 on. */
function byteCharacters(): string[] {
  let next = 256;
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

/** Joins the pair that was learnt first, everywhere in the word, until no learnt pair is left. */
function mergeParts(parts: readonly string[], rankOf: ReadonlyMap<string, number>): readonly string[] {
  let word = parts;
  for (;;) {
    let best = Infinity;
    for (let i = 0; i + 1 < word.length; i++) {
      best = Math.min(best, rankOf.get(`${word[i]} ${word[i + 1]}`) ?? Infinity);
    }
    if (best === Infinity) return word;
    const joined: string[] = [];
    for (let i = 0; i < word.length; i++) {
      const isPair = i + 1 < word.length && rankOf.get(`${word[i]} ${word[i + 1]}`) === best;
      joined.push(isPair ? `${word[i]}${word[++i]}` : word[i]!);
    }
    word = joined;
  }
}

function damagedTokenizer(folder: string, file: 'merges.txt' | 'vocab.json'): UserError {
  const name = path.basename(folder);
  return new UserError('text.tokenizer-damaged', {
    what: `The tokenizer in ${JSON.stringify(name)} is missing or damaged (${file}).`,
    safe: 'Nothing was changed.',
    todo: 'Get the checkpoint folder again, or reinstall Likeness if it is the built-in one.',
  }, { folder: name, file });
}
