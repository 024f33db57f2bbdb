// More from portraits that are there: the same on new seeds, near them, or the same picture enlarged. Whatever they
// were drawn with stands in the job that they are from.

import { randomInt } from 'node:crypto';
import { UserError } from '../contract/errors.ts';
import type { PortraitOrigin, Variation } from '../contract/gallery.ts';
import type { JobId, SubjectId } from '../contract/ids.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { Job } from '../contract/work.ts';
import { type CreateParameters, createParametersSchema } from '../jobs/job-parameters.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import { type BatchItem, maximumItems, seedCount } from './batch-items.ts';
import type { Handlers, StudioContext } from './context.ts';
import { lookOf } from './create-request.ts';
import { readyAddOns } from './found-models.ts';
import { readyFastAdapter, readyInstantId } from './instant-parts.ts';
import type { ProgressBoard } from './jobs.ts';
import type { MemoryPlanner } from './memory.ts';
import { present } from './missing.ts';
import { noConsentToDraw, tooMany } from './portrait-refusals.ts';
import { plannedPortraits, queueBatch } from './portraits.ts';
import { startFileOf } from './start-picture.ts';

type AgainRequest = ParsedRequest<'portraits.again'>;

/** Of an enlarged portrait: the sums of its tiles must fit into memory. */
const largestEdgePx = 8192;

const originOf: Readonly<Record<AgainRequest['how'], PortraitOrigin['how']>> = {
  'new-seeds': 'repeated', vary: 'varied', upscale: 'upscaled',
};

export function againCommands(
  context: StudioContext, board: ProgressBoard, memory: MemoryPlanner,
): Handlers<'portraits.again'> {
  return {
    'portraits.again': async (request): Promise<Job[]> => {
      for (const batch of batchesOf(context, request)) {
        await memory.checkPortraits(context.packs.usable(batch.parameters.packId), plannedPortraits(batch));
      }
      // again, as things may have changed meanwhile
      const batches = batchesOf(context, request);
      return batches.map(({ title, ...batch }) => board.view(queueBatch(context, batch, title)));
    },
  };
}

/** Everything is checked before anything is queued. */
function batchesOf(context: StudioContext, request: AgainRequest) {
  const { library } = context;
  const portraits = [...new Set(request.portraitIds)].map((id) => present(library.portraits.get(id), 'portrait'));
  const perPortrait = request.how === 'upscale' ? 1 : request.count;
  const found = portraits.length * perPortrait;
  if (found > maximumItems) throw tooMany(found, maximumItems);
  return [...new Set(portraits.map(({ jobId }) => jobId))].map((jobId) => {
    const ofJob = portraits.filter((portrait) => portrait.jobId === jobId);
    const { subjectId } = ofJob[0]!;
    const subject = present(library.subjects.get(subjectId), 'subject');
    const parameters = parametersOf(context, jobId);
    checkReady(context, parameters, subjectId);
    const items = ofJob.flatMap((portrait) => itemsFrom(portrait, request, perPortrait));
    return { subject, parameters, items, title: titleOf(request.how, items.length, subject.name) };
  });
}

/** How the portraits of a job were asked for; what is set by item stands in their own settings. */
function parametersOf({ library }: StudioContext, jobId: JobId): CreateParameters {
  return createParametersSchema.parse(JSON.parse(present(library.jobs.get(jobId), 'job').parameters));
}

/** Throws what would else end the job once it is drawn: what it stands on is not there any more. */
function checkReady(
  context: StudioContext, parameters: CreateParameters, subjectId: SubjectId,
): void {
  const { packId, settings, instantly, second, start, addOns } = parameters;
  const pack = context.packs.usable(packId);
  readyAddOns(context, pack, addOns);
  if (start) startFileOf(context.library, subjectId, start, second?.subjectId);
  if (second) lookOf(context.library, second.adapterId);
  for (const id of [subjectId, ...(second ? [second.subjectId] : [])]) {
    const subject = present(context.library.subjects.get(id), 'subject');
    if (!subject.hasConsent) throw noConsentToDraw(subject);
  }
  if (instantly) readyInstantId(context, pack);
  if (settings.fast) readyFastAdapter(context, pack);
}

function itemsFrom(portrait: PortraitRecord, request: AgainRequest, count: number): BatchItem[] {
  if (request.how === 'upscale' && Math.max(portrait.widthPx, portrait.heightPx) * request.upscale > largestEdgePx) {
    throw tooLarge(portrait, request.upscale);
  }
  // the look is gone; what the model draws without it is somebody else
  if (portrait.adapterStrength > 0 && portrait.adapterId === null) throw lookGone();
  const first = randomInt(seedCount);
  return Array.from({ length: count }, (_, index) => {
    const fresh = (first + index) % seedCount;
    return { ...itemOf(portrait, originOf[request.how]), ...changed(portrait, request, fresh) };
  });
}

function itemOf(portrait: PortraitRecord, how: PortraitOrigin['how']): BatchItem {
  const { prompt, negativePrompt, styleId, adapterId, instantly, settings, seed, variation, id } = portrait;
  return {
    seed, prompt, negativePrompt, styleId, usesAdapter: adapterId !== null, usesFace: instantly !== null,
    ...(adapterId === null ? {} : { adapterId }), settings, variation, origin: { portraitId: id, how },
  };
}

function changed(
  { settings, variation }: PortraitRecord, { how, strength, upscale }: AgainRequest, fresh: number,
): Partial<BatchItem> {
  switch (how) {
    case 'new-seeds': return { seed: fresh, variation: null };
    case 'vary': return { variation: nearer(variation, { seed: fresh, strength }) };
    case 'upscale': return { settings: { ...settings, upscale, facePass: 'off' } };
  }
}

/** Near a portrait that is itself near another one: the turns come one after the other. */
function nearer(earlier: Variation | null, { seed, strength }: Variation): Variation {
  if (!earlier) return { seed, strength };
  const { earlier: before = [], ...last } = earlier;
  return { seed, strength, earlier: [...before, last] };
}

function titleOf(how: AgainRequest['how'], count: number, name: string): string {
  const portraits = count === 1 ? 'portrait' : 'portraits';
  if (how === 'upscale') return `${count} ${portraits} of ${name}, enlarged`;
  return how === 'vary' ? `${count} ${portraits} of ${name}, varied` : `${count} ${portraits} of ${name}`;
}

function lookGone(): UserError {
  return new UserError('portraits.look-gone', {
    what: 'The look that this portrait was drawn with is not there any more.',
    safe: 'The portrait itself is as it was.',
    todo: 'Choose portraits whose look is still there, or draw new ones with another look.',
  });
}

function tooLarge({ widthPx, heightPx }: PortraitRecord, factor: number): UserError {
  return new UserError('portraits.too-large', {
    what: `A portrait of ${widthPx}x${heightPx} pixels made ${factor} times as large would be too large.`,
    safe: 'The portrait itself is as it was.',
    todo: `Choose a smaller factor; the longer edge may come to ${largestEdgePx} pixels.`,
  }, { widthPx, heightPx, factor, largestEdgePx });
}
