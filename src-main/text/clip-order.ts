// A token table in CLIP's order. One file holds a whole model but no tokenizer, and every program reads such a file
// with CLIP's; so a model with a vocabulary of its own is written with a row for each of CLIP's tokens.

import type { ClipTokenizer } from './tokenizer.ts';

/**
 * For each row of CLIP's table, the rows of `own` table whose mean it is: that of the same token, else those of the
 * pieces that the token is read as. Undefined where `own` numbers CLIP's tokens as CLIP does, with others or without.
 */
export function rowsInClipOrder(own: ClipTokenizer, clip: ClipTokenizer): readonly (readonly number[])[] | undefined {
  const tokens = [...clip.ids];
  if (tokens.every(([token, id]) => own.ids.get(token) === id)) return undefined;
  const rows = Array.from({ length: clip.vocabularySize }, (): readonly number[] => []);
  for (const [token, id] of tokens) rows[id] = own.encodeToken(token);
  return rows;
}
