// Commands over portraits: ask for a batch, list what there is, move some to the trash and back.

import { randomInt } from 'node:crypto';
import { UserError } from '../contract/errors.ts';
import type { JobId } from '../contract/ids.ts';
import type { Job, Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { CreateItem, CreateParameters } from '../jobs/job-parameters.ts';
import type { JobItem } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import { findStyle, stylesFor, subjectPlace, withSubject } from '../packs/styles.ts';
import type { Handlers, StudioContext } from './context.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { startFileOf } from './start-picture.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;

const seedCount = 2 ** 32;
/** More than this in one batch is a slip of the hand. */
const maximumItems = 10_000;

export function portraitCommands(context: StudioContext, board: ProgressBoard): Handlers<
  'portraits.list' | 'portraits.create' | 'portraits.remove'> {
  const { library, emit } = context;
  return {
    'portraits.list': ({ subjectId }) => library.portraits.list(subjectId),
    'portraits.create': (request) => create(context, board, request),
    'portraits.remove': ({ portraitIds, restore }) => {
      const portraits = portraitIds.map((id) => present(library.portraits.get(id), 'portrait'));
      library.transaction(() => {
        for (const { id } of portraits) library.portraits.setRemoved(id, restore ? null : Date.now());
      });
      for (const portrait of portraits) {
        if (restore) emit({ type: 'portrait-added', portrait });
        else emit({ type: 'portrait-removed', subjectId: portrait.subjectId, portraitId: portrait.id });
      }
      return {};
    },
  };
}

function create(context: StudioContext, board: ProgressBoard, request: CreateRequest): Job {
  const { library, queue, packs } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  const pack = packs.get(request.packId);
  if (request.adapterId !== null) checkLook(context, request);
  if (request.start) startFileOf(library, subject.id, request.start);
  const items = batchItems(context, subject, request);
  const parameters: CreateParameters = {
    packId: pack.id, adapterId: request.adapterId, settings: request.settings,
    start: request.start, referencePhotoIds: request.referencePhotoIds ?? null,
  };
  const job = queue.add({
    id: newId<JobId>(), kind: 'create', subjectId: subject.id,
    title: `${items.length} ${items.length === 1 ? 'portrait' : 'portraits'} of ${subject.name}`,
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  }, items);
  return board.view(job);
}

function checkLook({ library, packs }: StudioContext, { adapterId, packId }: CreateRequest): void {
  const look = present(library.adapters.get(adapterId!), 'look');
  if (look.packId === packId) return;
  throw new UserError('looks.other-model', {
    what: `This look was taught on "${look.packName}", not on "${packs.get(packId).name}".`,
    safe: 'Nothing was drawn.',
    todo: `Draw with "${look.packName}", or teach the face on the other model too.`,
  });
}

/** (prompts + styles) × seeds, each with the look and, when comparing, without it on the same seed. */
function batchItems(context: StudioContext, subject: Subject, request: CreateRequest): JobItem[] {
  const seed = request.seed ?? randomInt(seedCount);
  const variants = request.adapterId === null ? [false] : request.compareWithout ? [true, false] : [true];
  const items: CreateItem[] = wordings(context, subject, request).flatMap((wording) =>
    variants.map((usesAdapter) => ({ ...wording, usesAdapter })));
  const all = Array.from({ length: request.count }, (_, index) => (seed + index) % seedCount)
    .flatMap((itemSeed) => items.map((item) => ({ seed: itemSeed, parameters: JSON.stringify(item) })));
  if (all.length > maximumItems) throw tooMany(all.length);
  return all.map((item, itemIndex) => ({ itemIndex, ...item }));
}

function wordings(
  context: StudioContext, subject: Subject,
  { adapterId, packId, prompts, styleIds, negativePrompt, keepPrompts }: CreateRequest,
): Omit<CreateItem, 'usesAdapter'>[] {
  // a look that was taught with a new word is called by it
  const look = adapterId === null ? undefined : context.library.adapters.get(adapterId);
  const { triggerWord } = look ?? subject;
  const { classWord } = subject;
  const styles = stylesFor(context.styles, context.packs.get(packId));
  const own = prompts.map((prompt) => ({
    prompt: keepPrompts && !prompt.includes(subjectPlace) ? prompt : withSubject(prompt, triggerWord, classWord),
    negativePrompt, styleId: null,
  }));
  const styled = styleIds.map((id) => {
    const style = findStyle(styles, id);
    const negative = [style.negativePrompt, negativePrompt].filter(Boolean).join(', ');
    return { prompt: withSubject(style.prompt, triggerWord, classWord), negativePrompt: negative, styleId: style.id };
  });
  if (own.length + styled.length > 0) return [...own, ...styled];
  throw new UserError('portraits.no-prompt', {
    what: 'There is no style and no prompt to draw.',
    safe: 'Nothing was drawn.',
    todo: 'Choose a style or write a prompt.',
  });
}

function tooMany(found: number): UserError {
  return new UserError('portraits.too-many', {
    what: `That would be ${found} portraits; one batch takes ${maximumItems}.`,
    safe: 'Nothing was drawn.',
    todo: 'Choose fewer styles or a smaller count.',
  }, { found });
}
