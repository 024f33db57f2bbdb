// What of a prompt a text encoder has no room for, in the prompt's own letters.

import type { PromptEncoder } from './prompt-encoder.ts';

/** The end of the prompt that does not fit into CLIP's 77 tokens, from a whole word on; '' where all of it does. */
export function cutOffText(encoder: Pick<PromptEncoder, 'droppedTokens'>, prompt: string): string {
  if (encoder.droppedTokens(prompt) === 0) return '';
  const ends = [...prompt.matchAll(/\S+/gu)].map(({ index, 0: word }) => index + word.length);
  let fits = 0;
  let tooLong = ends.length;
  while (fits < tooLong) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (encoder.droppedTokens(prompt.slice(0, ends[middle])) === 0) fits = middle + 1;
    else tooLong = middle;
  }
  return prompt.slice(fits === 0 ? 0 : ends[fits - 1]).trim();
}
