// A portrait in one line for those who cannot see it: which of how many, how alike, how it was marked.

import type { Portrait } from '../../src-main/contract/nouns.ts';
import { likenessCaption } from '../strings/words.ts';
import type { Workspace } from './workspace.svelte.ts';

export function portraitLabel(
  { subjects, words }: Workspace, portrait: Portrait, number: number, count: number,
): string {
  const subject = subjects.list.find(({ id }) => id === portrait.subjectId) ?? null;
  const isPlain = portrait.adapterId === null && portrait.instantly === null;
  const { flag, rating } = portrait;
  return [
    words.gallery.place(number, count),
    isPlain ? words.create.withoutLook : '',
    likenessCaption(portrait.likeness, subject, words),
    rating > 0 ? words.gallery.stars(rating) : '',
    flag === 'none' ? '' : words.gallery[flag === 'pick' ? 'picked' : 'rejected'],
  ].filter(Boolean).join(words.listSeparator);
}
