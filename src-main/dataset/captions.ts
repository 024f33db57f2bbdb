// Captions of training images, in the words and order of the starter pack's own captions for a known subject:
// 'photo of sks woman, grey background'. What is named stays changeable; what is not named becomes part of the subject,
// so hair and face are left out on purpose (Ruiz et al. 2023, DreamBooth).

import type { ClassWord } from '../contract/nouns.ts';

export interface CaptionParts {
  /** The rare word that stands for the subject, e.g. 'sks'. */
  readonly triggerWord: string;
  readonly classWord: ClassWord;
  /** What else the picture shows, each a short phrase such as 'grey background'. */
  readonly details?: readonly string[];
  /** The photo's own caption; stands in place of the details where it says anything. */
  readonly ownCaption?: string;
}

/**
 * The caption that is taught. An own caption that lacks the trigger word gets it in front: without it the picture would
 * teach nothing about the subject.
 */
export function caption({ triggerWord, classWord, details = [], ownCaption = '' }: CaptionParts): string {
  const own = ownCaption.trim();
  const known = `photo of ${triggerWord} ${classWord}`;
  if (!own) return [known, ...details].join(', ');
  return hasWord(own, triggerWord) ? own : `${known}, ${own}`;
}

/** The caption of a picture that shows the class and nobody in particular (prior preservation). */
export function classCaption(classWord: ClassWord): string {
  return `photo of a ${classWord}`;
}

/** The phrases that can be measured on a training image. */
export function measuredDetails({ background }: { readonly background: string | undefined }): string[] {
  return background === undefined ? [] : [`${background} background`];
}

/** Whether a text names a word as a whole, in whatever case: 'sks' is not in 'tasks'. */
function hasWord(text: string, word: string): boolean {
  const isLetter = (character: string | undefined): boolean => /[\p{L}\p{N}]/u.test(character ?? '');
  const [lower, sought] = [text.toLowerCase(), word.toLowerCase()];
  for (let at = lower.indexOf(sought); at >= 0; at = lower.indexOf(sought, at + 1)) {
    if (!isLetter(lower[at - 1]) && !isLetter(lower[at + sought.length])) return true;
  }
  return false;
}
