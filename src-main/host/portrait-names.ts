// Names of the files that portraits are written to, from a pattern such as '{subject}/{number}-{style}-{seed}.png'.

import path from 'node:path';
import type { Look, Portrait, Subject } from '../contract/nouns.ts';
import { bestFirst } from './likeness-words.ts';

export const usualNames = '{subject}/{number}-{style}-seed-{seed}.png';

/** What a pattern may say of a portrait. */
export const namePlaces = [
  'number', 'rank', 'subject', 'look', 'style', 'prompt', 'seed', 'size', 'likeness', 'date',
] as const;
type NamePlace = (typeof namePlaces)[number];

export interface NamedBy {
  readonly subject: Subject;
  readonly looks: readonly Look[];
}

/** What is wrong with a pattern; undefined where nothing is. */
export function namePatternProblem(pattern: string): string | undefined {
  const unknown = [...pattern.matchAll(/\{([^{}]*)\}/g)].map(([, place]) => place!)
    .find((place) => !(namePlaces as readonly string[]).includes(place));
  const known = namePlaces.map((place) => `{${place}}`).join(' ');
  if (unknown !== undefined) return `{${unknown}} is not known; there are ${known}`;
  if (path.isAbsolute(pattern) || /^[a-z]:/iu.test(pattern) || pattern.split(/[\\/]/).includes('..')) {
    return 'names stay inside the folder of the portraits';
  }
  return pattern.split(/[\\/]/).some((part) => part.trim() === '') ? 'a folder or file needs a name' : undefined;
}

/**
 * A name for each portrait, relative to the folder they go to, with '/' between folders and '.png' at the end. No two
 * are alike in any case: what would be the second of a name gets a number.
 */
export function fileNames(portraits: readonly Portrait[], pattern: string, by: NamedBy): string[] {
  const ranks = bestFirst(portraits.map((portrait) => ({ portrait }))).map(({ portrait }) => portrait.id);
  const prompts = [...new Set(portraits.map(({ prompt }) => prompt))];
  const digits = String(portraits.length).length;
  const taken = new Set<string>();
  return portraits.map((portrait, index) => {
    const words = { ...wordsOf(portrait, by), prompt: String(prompts.indexOf(portrait.prompt) + 1),
      number: String(index + 1).padStart(digits, '0'),
      rank: String(ranks.indexOf(portrait.id) + 1).padStart(digits, '0') };
    const wanted = pattern.replace(/\.png$/iu, '')
      .replace(/\{(\w+)\}/g, (_, place: NamePlace) => inOneName(words[place]))
      .split(/[\\/]/).map(inOneName).join('/');
    return `${free(wanted, taken)}.png`;
  });
}

function wordsOf(
  portrait: Portrait, { subject, looks }: NamedBy,
): Omit<Record<NamePlace, string>, 'number' | 'rank' | 'prompt'> {
  const look = looks.find(({ id }) => id === portrait.adapterId)?.name;
  return {
    subject: subject.name, seed: String(portrait.seed), size: `${portrait.widthPx}x${portrait.heightPx}`,
    look: look ?? (portrait.instantly ? 'instant' : 'model-alone'), style: portrait.styleId ?? 'prompt',
    likeness: portrait.likeness.cosine?.toFixed(3) ?? 'no-face',
    date: new Date(portrait.createdAtMs).toISOString().slice(0, 10),
  };
}

/** Letters that no system's file names may have, and names that Windows keeps for itself, are put otherwise. */
function inOneName(text: string): string {
  const cleaned = text.replace(/[\\/:*?"<>|\p{Cc}]+/gu, '-').replace(/^[\s.]+|[\s.]+$/gu, '').slice(0, 120) || '-';
  return /^(con|prn|aux|nul|com\d|lpt\d)$/iu.test(cleaned) ? `${cleaned}-` : cleaned;
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${wanted}-${number}`;
  taken.add(name.toLowerCase());
  return name;
}
