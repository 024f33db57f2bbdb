// Names of pictures on their way out: a pattern with {number}, {seed}, {style} and {date} becomes a name that every
// system takes, and no two are the same.

import type { Portrait } from '../contract/nouns.ts';

export interface NameSource {
  readonly portrait: Pick<Portrait, 'seed' | 'createdAtMs'>;
  /** Its style's name; null without one. */
  readonly style: string | null;
}

const longestStem = 100;
/** What Windows keeps for its devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** One name each, in order, with this ending. */
export function fileNames(pattern: string, ending: string, sources: readonly NameSource[]): string[] {
  const digits = Math.max(String(sources.length).length, sources.length > 1 ? 2 : 1);
  const taken = new Set<string>();
  return sources.map((source, index) => {
    const stem = cleanStem(filled(pattern, source, String(index + 1).padStart(digits, '0')));
    for (let twin = 1; ; twin++) {
      const name = `${twin === 1 ? stem : `${stem}-${twin}`}.${ending}`;
      // Windows and macOS take names as the same that differ in case alone
      if (taken.has(name.toLowerCase())) continue;
      taken.add(name.toLowerCase());
      return name;
    }
  });
}

function filled(pattern: string, { portrait, style }: NameSource, number: string): string {
  const values: Record<string, string> = {
    number, seed: String(portrait.seed), style: style ?? 'portrait', date: dateWords(portrait.createdAtMs),
  };
  return pattern.replace(/\{(number|seed|style|date)\}/g, (_, word: string) => values[word]!);
}

/** '2026-11-26', in local time. */
export function dateWords(timeMs: number): string {
  const at = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function cleanStem(text: string): string {
  const clean = text.normalize('NFC').replace(/[\p{Cc}\p{Cf}/\\:*?"<>|]+/gu, ' ').replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '');
  const short = [...clean].slice(0, longestStem).join('').replace(/[. ]+$/, '');
  return short === '' || reserved.test(short) ? `portrait${short && `-${short}`}` : short;
}
