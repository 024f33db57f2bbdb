// Portrait styles of resources/styles, by id, and how a prompt gets the subject's words.

import { join } from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { Pack, Style } from '../contract/nouns.ts';
import {
  loadStyles, type PackFamily, type PortraitStyle, shownStyle, type StyleLanguage,
} from '../generation/styles.ts';

export const subjectPlace = '{subject}';

/** The styles that come with Likeness, in the order they are shown. */
export function readStyles(resourcesFolder: string): Promise<PortraitStyle[]> {
  return loadStyles(join(resourcesFolder, 'styles'));
}

/** Styles as the studio shows them, with the prompts that this pack understands. */
export function stylesFor(
  styles: readonly PortraitStyle[], pack: Pick<Pack, 'isBuiltIn'> | undefined, language: StyleLanguage = 'en',
): Style[] {
  const family: PackFamily = pack?.isBuiltIn ? 'starter' : 'general';
  return styles.map((style) => shownStyle(style, language, family));
}

/** The style of this id; 'styles.unknown' names those there are. */
export function findStyle(styles: readonly Style[], id: string): Style {
  const found = styles.find((style) => style.id === id);
  if (found) return found;
  throw new UserError('styles.unknown', {
    what: `There is no style "${id}".`,
    safe: 'Nothing was drawn.',
    todo: `Choose one of ${styles.map((style) => style.id).join(', ')}, or write a prompt of your own.`,
  }, { id });
}

/**
 * A prompt with the subject's words in it: '{subject}' is replaced; a prompt without it gets them in front,
 * unless the trigger word is there already.
 */
export function withSubject(prompt: string, triggerWord: string, classWord: string): string {
  const words = `${triggerWord} ${classWord}`;
  if (prompt.includes(subjectPlace)) return prompt.replaceAll(subjectPlace, words);
  const hasTrigger = prompt.toLowerCase().split(/[^\p{L}\p{N}]+/u).includes(triggerWord.toLowerCase());
  return hasTrigger ? prompt : `photo of ${words}, ${prompt}`;
}
