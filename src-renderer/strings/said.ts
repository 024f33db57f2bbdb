// Sentences that the studio says in English and that have no code: notes of folders, files and providers. A language
// knows them by pattern; what it does not know is shown as it was said.

import type { Words } from './en.ts';

/** A sentence of the studio, and how it is said in another language; the groups of the pattern are its parts. */
export type Saying = readonly [pattern: RegExp, text: (...parts: string[]) => string];

/** What the studio said, in the page's language: as a whole, or a sentence at a time. */
export function saidText(text: string, words: Words): string {
  const whole = knownText(text, words);
  if (whole !== null || words.said.length === 0) return whole ?? text;
  const sentences = text.split(/(?<=[.?]) (?=[A-Z"“\d])/);
  const known = sentences.map((sentence) => knownText(sentence, words));
  // half of it in another language would be harder to read than all of it in one
  return known.every((each) => each !== null) ? known.join('') : text;
}

function knownText(sentence: string, words: Words): string | null {
  for (const [pattern, say] of words.said) {
    const found = pattern.exec(sentence);
    if (found) return say(...found.slice(1));
  }
  return null;
}
