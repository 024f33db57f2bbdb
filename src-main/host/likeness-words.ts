// Likeness for a reader: the number, and what it means against how alike the person's own photos are to each other.

import type { Likeness, LikenessLevel } from '../contract/faces.ts';
import type { ClassWord, Portrait, Subject } from '../contract/nouns.ts';

const whose: Readonly<Record<ClassWord, string>> = { woman: 'her', man: 'his', person: 'their' };

function levelWords(level: LikenessLevel, classWord: ClassWord): string {
  switch (level) {
    case 'as-two-photos': return `as alike as two of ${whose[classWord]} own photos`;
    case 'nearly': return `nearly as alike as two of ${whose[classWord]} own photos`;
    case 'some': return 'somewhat alike';
    case 'none': return 'no more alike than anybody';
  }
}

/** '0.91, as alike as two of her own photos'; the number alone where photos give no measure for it. */
export function likenessWords({ cosine, level }: Likeness, classWord: ClassWord): string {
  if (cosine === null) return 'no face found';
  return [cosine.toFixed(2), ...(level ? [levelWords(level, classWord)] : [])].join(', ');
}

/** Why a number has no word, where it is because all photos of the person are of one moment. */
export function whyNoWord({ cosine, level }: Likeness, { name, likenessRange }: Subject): string | null {
  if (cosine === null || level || !likenessRange?.isOneMoment) return null;
  return `The photos of ${name} are as alike as photos of one moment, so not every number can be put in words. `
    + 'Add photos of other days.';
}

/** The most alike first; those without a face last, each in the order they came. */
export function bestFirst<T extends { readonly portrait: Pick<Portrait, 'likeness'> }>(all: readonly T[]): T[] {
  const value = ({ portrait }: T): number => portrait.likeness.cosine ?? -Infinity;
  return [...all].sort((a, b) => (value(a) === value(b) ? 0 : value(b) - value(a)));
}
