// Portrait styles by id, and how a prompt gets the subject's words.

import { UserError } from '../contract/errors.ts';
import type { Pack, Style } from '../contract/nouns.ts';
import { type PackFamily, type PortraitStyle, shownStyle, type StyleLanguage } from '../generation/styles.ts';

export const subjectPlace = '{subject}';
export const secondSubjectPlace = '{subject2}';

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
  throw unknownStyle(styles, id);
}

export function unknownStyle(styles: readonly Pick<Style, 'id'>[], id: string): UserError {
  return new UserError('styles.unknown', {
    what: `There is no style "${id}".`,
    safe: 'Nothing was changed.',
    todo: `Choose one of ${styles.map((style) => style.id).join(', ')}, or write a prompt of your own.`,
  }, { id });
}

/** How a prompt names somebody. */
export interface PromptPerson {
  /** Null where nothing was taught that answers to a word: then the class word stands alone, 'a woman'. */
  readonly triggerWord: string | null;
  readonly classWord: string;
}

/**
 * A prompt with the words of the people in it: '{subject}' and '{subject2}' are replaced; one that names the first
 * person nowhere gets them in front, and the second person comes beside the first. Throws portraits.no-second for a
 * '{subject2}' where there is no second person.
 */
export function withPeople(prompt: string, first: PromptPerson, second?: PromptPerson): string {
  if (!second && prompt.includes(secondSubjectPlace)) throw noSecond();
  const isSecondAsked = second !== undefined && !prompt.includes(secondSubjectPlace);
  let text = prompt;
  if (!text.includes(subjectPlace) && !(isNamed(text, first) && !(isSecondAsked && !isNamed(text, second)))) {
    text = `photo of ${subjectPlace}, ${text}`;
  }
  if (isSecondAsked) text = text.replace(subjectPlace, `${subjectPlace} and ${secondSubjectPlace}`);
  text = filled(text, subjectPlace, first);
  return second ? filled(text, secondSubjectPlace, second) : text;
}

/** Whether a prompt says where somebody goes. */
export function hasPlace(prompt: string): boolean {
  return prompt.includes(subjectPlace) || prompt.includes(secondSubjectPlace);
}

/** 'a {subject}' becomes 'a woman', not 'a a woman'. */
function filled(prompt: string, place: string, { triggerWord, classWord }: PromptPerson): string {
  const [start, ...rest] = prompt.split(place) as [string, ...string[]];
  return rest.reduce((before, after) => {
    const hasArticle = /(^|[^\p{L}\p{N}])(an?|the|this|one)\s+$/iu.test(before);
    const words = triggerWord === null ? `${hasArticle ? '' : 'a '}${classWord}` : `${triggerWord} ${classWord}`;
    return before + words + after;
  }, start);
}

function isNamed(prompt: string, { triggerWord, classWord }: PromptPerson): boolean {
  return prompt.toLowerCase().split(/[^\p{L}\p{N}]+/u).includes((triggerWord ?? classWord).toLowerCase());
}

function noSecond(): UserError {
  return new UserError('portraits.no-second', {
    what: `A prompt has ${secondSubjectPlace} in it, and no second person was chosen.`,
    safe: 'Nothing was drawn.',
    todo: `Choose who the second person is, or take ${secondSubjectPlace} out.`,
  });
}
