// Asking for a batch of portraits.

import { randomInt } from 'node:crypto';
import type { JobId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { Job } from '../contract/work.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { CreateItem, CreateParameters } from '../jobs/job-parameters.ts';
import type { JobItem } from '../library/job-items.ts';
import { newId } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import { readyFastAdapter } from './instant-parts.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { peopleOf } from './portrait-people.ts';
import { wordingsOf } from './portrait-prompts.ts';
import { tooMany } from './portrait-refusals.ts';
import { startFileOf } from './start-picture.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;

const seedCount = 2 ** 32;
/** More than this in one batch is a slip of the hand. */
const maximumItems = 10_000;

export function portraitCommands(context: StudioContext, board: ProgressBoard): Handlers<'portraits.create'> {
  return { 'portraits.create': (request) => create(context, board, request) };
}

function create(context: StudioContext, board: ProgressBoard, request: CreateRequest): Job {
  const { library, queue, packs } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  const pack = packs.get(request.packId);
  const people = peopleOf(context, subject, request);
  if (request.start) startFileOf(library, subject.id, request.start, request.second?.subjectId);
  if (request.settings.fast) readyFastAdapter(context, pack);
  const items = batchItems(context, subject, request);
  const parameters: CreateParameters = {
    packId: pack.id, adapterId: request.adapterId, settings: request.settings, start: request.start, ...people,
  };
  const job = queue.add({
    id: newId<JobId>(), kind: 'create', subjectId: subject.id,
    title: titleOf(items.length, subject, people.second && library.subjects.get(people.second.subjectId)),
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  }, items);
  return board.view(job);
}

function titleOf(count: number, subject: Subject, second: Subject | null | undefined): string {
  return `${count} ${count === 1 ? 'portrait' : 'portraits'} of ${subject.name}${second ? ` and ${second.name}` : ''}`;
}

/** (prompts + styles) × seeds, each with the people in it and, when comparing, by the base model alone on that seed. */
function batchItems(context: StudioContext, subject: Subject, request: CreateRequest): JobItem[] {
  const seed = request.seed ?? randomInt(seedCount);
  const whole = { usesAdapter: request.adapterId !== null, usesFace: request.instantly !== null };
  const alone = { usesAdapter: false, usesFace: false };
  const isCompared = request.compareWithout && (whole.usesAdapter || whole.usesFace);
  const items: CreateItem[] = wordingsOf(context, subject, request).flatMap((wording) =>
    (isCompared ? [whole, alone] : [whole]).map((variant) => ({ ...wording, ...variant })));
  const all = Array.from({ length: request.count }, (_, index) => (seed + index) % seedCount)
    .flatMap((itemSeed) => items.map((item) => ({ seed: itemSeed, parameters: JSON.stringify(item) })));
  if (all.length > maximumItems) throw tooMany(all.length, maximumItems);
  return all.map((item, itemIndex) => ({ itemIndex, ...item }));
}
