// Sentences that the studio says in English and that have no code: notes of folders, files and providers. A language
// knows them by pattern; what it does not know is shown as it was said.

import type { Words } from './en.ts';

/** A sentence of the studio, and how it is said in another language; the groups of the pattern are its parts. */
export type Saying = readonly [pattern: RegExp, text: (...parts: string[]) => string];

/** A studio's sentence in the page's language. */
export function saidText(sentence: string, words: Words): string {
  for (const [pattern, text] of words.said) {
    const found = pattern.exec(sentence);
    if (found) return text(...found.slice(1));
  }
  return sentence;
}
