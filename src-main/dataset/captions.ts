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
}

export function caption({ triggerWord, classWord, details = [] }: CaptionParts): string {
  return [`photo of ${triggerWord} ${classWord}`, ...details].join(', ');
}

/** The phrases that can be measured on a training image. */
export function measuredDetails({ background }: { readonly background: string | undefined }): string[] {
  return background === undefined ? [] : [`${background} background`];
}
