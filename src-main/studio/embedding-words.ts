// Words of the user's own embeddings in prompts: where nobody wrote them, they go to the end, more strongly or less as
// the embedding is to count; those that were made for negative prompts go there.

import { bracketsEscaped } from '../text/emphasis.ts';

export interface EmbeddingWord {
  readonly word: string;
  readonly strength: number;
  /** The prompt that it goes into. */
  readonly isNegative: boolean;
}

interface Prompts {
  readonly prompt: string;
  readonly negativePrompt: string;
}

/** Names that embeddings for negative prompts are known by: EasyNegative, badhandv4, ng_deepnegative. */
const negativeName = /neg|^bad|worst|^ng[_-]/i;

/** The words of the embeddings among these add-ons; those of strength 0 are left out. */
export function embeddingWords(
  addOns: readonly { readonly kind: string; readonly name: string; readonly word: string; readonly strength: number }[],
): EmbeddingWord[] {
  return addOns.filter(({ kind, strength }) => kind === 'embedding' && strength !== 0)
    .map(({ name, word, strength }) => ({
      word, strength: Math.abs(strength), isNegative: strength < 0 || negativeName.test(name),
    }));
}

/** Prompts with the words that are in neither of them. */
export function withWords({ prompt, negativePrompt }: Prompts, words: readonly EmbeddingWord[]): Prompts {
  const missing = words.filter(({ word }) => !names(prompt, word) && !names(negativePrompt, word));
  const added = (isNegative: boolean): string[] => missing.filter((each) => each.isNegative === isNegative)
    .map(({ word, strength }) => (strength === 1 ? bracketsEscaped(word) : `(${bracketsEscaped(word)}:${strength})`));
  return {
    prompt: [prompt, ...added(false)].join(', '),
    negativePrompt: [negativePrompt, ...added(true)].filter(Boolean).join(', '),
  };
}

function names(text: string, word: string): boolean {
  return text.toLowerCase().includes(word.toLowerCase());
}
