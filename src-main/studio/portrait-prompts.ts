// The prompts of a batch: the user's own and those of the styles, one of each choice taken, each with the words of the
// people in it.

import { UserError } from '../contract/errors.ts';
import type { AdapterId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { CreateItem } from '../jobs/job-parameters.ts';
import { type PromptPerson, findStyle, hasPlace, stylesFor, withPeople } from '../packs/styles.ts';
import { bracketsEscaped } from '../text/emphasis.ts';
import { choiceCount, everyChoice, seedsChoice } from '../text/wildcards.ts';
import type { StudioContext } from './context.ts';
import { present } from './missing.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;
export type Wording = Pick<CreateItem, 'prompt' | 'negativePrompt' | 'styleId'>;

/** Prompts as they were written, with their choices and the places of the people. */
export interface Template extends Pick<Wording, 'styleId'> {
  /** How many wordings it gives for one seed. */
  readonly count: number;
  readonly keepsPrompt: boolean;
  /** Each wording's prompt for a seed, and the negative prompt. */
  prompts(seed: number): readonly string[];
  negativePrompt(seed: number): string;
}

/** Every prompt and style of the batch. Throws portraits.no-prompt and styles.unknown. */
export function templatesOf(context: StudioContext, request: CreateRequest): Template[] {
  const { packId, prompts, styleIds, negativePrompt, keepPrompts, everyChoice: hasAll } = request;
  const styles = stylesFor(context.styles, context.packs.get(packId));
  const own = prompts.map((prompt) => (
    { ...choicesOf(prompt, negativePrompt, hasAll), styleId: null, keepsPrompt: keepPrompts }));
  const styled = styleIds.map((id) => {
    const style = findStyle(styles, id);
    const negative = [style.negativePrompt, negativePrompt].filter(Boolean).join(', ');
    return { ...choicesOf(style.prompt, negative, hasAll), styleId: style.id, keepsPrompt: false };
  });
  if (own.length + styled.length > 0) return [...own, ...styled];
  throw new UserError('portraits.no-prompt', {
    what: 'There is no style and no prompt to draw.',
    safe: 'Nothing was drawn.',
    todo: 'Choose a style or write a prompt.',
  });
}

/** Every choice of the prompt, or the seed's; of the negative prompt always the seed's. */
function choicesOf(
  prompt: string, negativePrompt: string, hasAll: boolean,
): Pick<Template, 'count' | 'prompts' | 'negativePrompt'> {
  const negative = seedsChoice(negativePrompt, 1);
  if (!hasAll) {
    const chosen = seedsChoice(prompt);
    return { count: 1, prompts: (seed) => [chosen(seed)], negativePrompt: negative };
  }
  // made only when they are asked for: their number is looked at before
  let all: readonly string[] | undefined;
  return { count: choiceCount(prompt), prompts: () => all ??= everyChoice(prompt), negativePrompt: negative };
}

/** What is drawn of a template on this seed. `people` puts the words of people in. */
export function wordingsOf(template: Template, seed: number, people: (prompt: string) => string): Wording[] {
  const { keepsPrompt, styleId } = template;
  const negativePrompt = template.negativePrompt(seed);
  return template.prompts(seed).map((prompt) => (
    { prompt: keepsPrompt && !hasPlace(prompt) ? prompt : people(prompt), negativePrompt, styleId }));
}

/** What puts the words of the people into prompts drawn with this look. It throws portraits.no-second. */
export function peopleInPrompts(
  context: StudioContext, subject: Subject, { instantly, second }: CreateRequest, adapterId: AdapterId | null,
): (prompt: string) => string {
  const isInstant = instantly !== null;
  const first = personIn(context, subject, adapterId, isInstant);
  const other = second
    ? personIn(context, present(context.library.subjects.get(second.subjectId), 'subject'), second.adapterId, isInstant)
    : undefined;
  return (prompt) => withPeople(prompt, first, other);
}

/** A look that was taught with a new word is called by it; a face that is given answers to no word at all. */
function personIn(
  { library }: StudioContext, { triggerWord, classWord }: Subject, adapterId: AdapterId | null, isInstant: boolean,
): PromptPerson {
  const look = adapterId === null ? undefined : library.adapters.get(adapterId);
  const word = look?.triggerWord ?? (isInstant ? null : triggerWord);
  return { triggerWord: word && bracketsEscaped(word), classWord };
}
