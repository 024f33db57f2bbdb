// The prompts of a batch: the user's own and those of the styles, each with the words of the people in it.

import { UserError } from '../contract/errors.ts';
import type { AdapterId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { CreateItem } from '../jobs/job-parameters.ts';
import { type PromptPerson, findStyle, hasPlace, stylesFor, withPeople } from '../packs/styles.ts';
import type { StudioContext } from './context.ts';
import { present } from './missing.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;
export type Wording = Pick<CreateItem, 'prompt' | 'negativePrompt' | 'styleId'>;

/** Every prompt of the batch once. Throws portraits.no-prompt, portraits.no-second and styles.unknown. */
export function wordingsOf(context: StudioContext, subject: Subject, request: CreateRequest): Wording[] {
  const { packId, prompts, styleIds, negativePrompt, keepPrompts, second } = request;
  const isInstant = request.instantly !== null;
  const first = personIn(context, subject, request.adapterId, isInstant);
  const other = second
    ? personIn(context, present(context.library.subjects.get(second.subjectId), 'subject'), second.adapterId, isInstant)
    : undefined;
  const styles = stylesFor(context.styles, context.packs.get(packId));
  const own = prompts.map((prompt) => ({
    prompt: keepPrompts && !hasPlace(prompt) ? prompt : withPeople(prompt, first, other),
    negativePrompt, styleId: null,
  }));
  const styled = styleIds.map((id) => {
    const style = findStyle(styles, id);
    const negative = [style.negativePrompt, negativePrompt].filter(Boolean).join(', ');
    return { prompt: withPeople(style.prompt, first, other), negativePrompt: negative, styleId: style.id };
  });
  if (own.length + styled.length > 0) return [...own, ...styled];
  throw new UserError('portraits.no-prompt', {
    what: 'There is no style and no prompt to draw.',
    safe: 'Nothing was drawn.',
    todo: 'Choose a style or write a prompt.',
  });
}

/** A look that was taught with a new word is called by it; a face that is given answers to no word at all. */
function personIn(
  { library }: StudioContext, { triggerWord, classWord }: Subject, adapterId: AdapterId | null, isInstant: boolean,
): PromptPerson {
  const look = adapterId === null ? undefined : library.adapters.get(adapterId);
  return { triggerWord: look?.triggerWord ?? (isInstant ? null : triggerWord), classWord };
}
