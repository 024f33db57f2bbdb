// Likeness in words: the studio says how alike a portrait is; a bare number is read against the subject's own photos.

import type { Likeness, LikenessLevel, LikenessRange } from '../../src-main/contract/faces.ts';

/** The studio's word; where it gave none, what can be said of the number alone. */
export function levelOf(likeness: Likeness, range: LikenessRange | null): LikenessLevel | null {
  return likeness.level ?? levelOfCosine(likeness.cosine, range);
}

/** A number within the range of the subject's own photos is as alike as two of them; of others it says nothing. */
export function levelOfCosine(cosine: number | null, range: LikenessRange | null): LikenessLevel | null {
  return cosine !== null && range !== null && cosine >= range.low ? 'as-two-photos' : null;
}
