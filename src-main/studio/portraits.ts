// Asking for a batch of portraits: settled now, drawn by the queue.

import type { JobId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { Job } from '../contract/work.ts';
import { checkPortraitSize } from '../generation/portrait-size.ts';
import type { CreateParameters } from '../jobs/job-parameters.ts';
import type { JobItem } from '../library/job-items.ts';
import type { JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import { type BatchItem, batchItems } from './batch-items.ts';
import type { Handlers, StudioContext } from './context.ts';
import { embeddingWords, withWords } from './embedding-words.ts';
import { readyAddOns } from './found-models.ts';
import { readyFastAdapter } from './instant-parts.ts';
import type { ProgressBoard } from './jobs.ts';
import type { MemoryPlanner, PlannedPortraits } from './memory.ts';
import { present } from './missing.ts';
import { peopleOf } from './portrait-people.ts';
import { startFileOf } from './start-picture.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;

/** A batch as the queue is to keep it. */
export interface Batch {
  readonly subject: Subject;
  readonly parameters: CreateParameters;
  readonly items: readonly BatchItem[];
}

export function portraitCommands(
  context: StudioContext, board: ProgressBoard, memory: MemoryPlanner,
): Handlers<'portraits.create'> {
  return {
    'portraits.create': async (request): Promise<Job> => {
      const batch = batchOf(context, request);
      await memory.checkPortraits(context.packs.usable(request.packId), plannedPortraits(batch));
      const { second } = batch.parameters;
      const other = second ? context.library.subjects.get(second.subjectId)?.name : undefined;
      return board.view(queueBatch(context, batch, titleOf(batch.items.length, batch.subject.name, other)));
    },
  };
}

/** What a batch is to the planner of memory: each kind of portrait once. */
export function plannedPortraits({ parameters, items }: Batch): PlannedPortraits[] {
  const { settings, adapterId, second, addOns } = parameters;
  const planned = items.map((item): PlannedPortraits => ({
    settings: { ...settings, ...item.settings }, isInstant: item.usesFace, addOns,
    adapterId: item.usesAdapter ? item.adapterId ?? adapterId : null,
    secondAdapterId: second?.adapterId ?? null,
    ...(item.origin?.how === 'upscaled' ? { isEnlarging: true } : {}),
  }));
  return [...new Map(planned.map((each) => [JSON.stringify(each), each])).values()];
}

/** What a request comes to. Throws whatever is in the way of drawing it, so that what is queued can be drawn. */
export function batchOf(context: StudioContext, request: CreateRequest): Batch {
  const { library, packs } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  const pack = packs.usable(request.packId);
  const people = peopleOf(context, subject, request);
  if (request.start) startFileOf(library, subject.id, request.start, request.second?.subjectId);
  if (request.settings.fast) readyFastAdapter(context, pack);
  const { adapterId, settings, start, addOns } = request;
  checkSizes(pack, request);
  const parameters = { packId: pack.id, adapterId, settings, start, addOns, ...people };
  const words = embeddingWords(readyAddOns(context, pack, addOns));
  const items = batchItems(context, subject, request).map((item) => ({ ...item, ...withWords(item, words) }));
  return { subject, parameters, items };
}

/** Now, and not when the job has come so far. */
function checkSizes(pack: ShelvedPack, { sizes, settings, instantly }: CreateRequest): void {
  const { sizeMultiplePx: multiplePx, resolutionPx } = pack;
  if (multiplePx === undefined) return;
  for (const size of sizes.length > 0 ? sizes : [drawingSettings(pack, settings, { isInstant: instantly !== null })]) {
    checkPortraitSize(size, { multiplePx, resolutionPx });
  }
}

/** Adds a batch to the queue. */
export function queueBatch({ queue }: StudioContext, { subject, parameters, items }: Batch, title: string): JobRecord {
  const rows = items.map(({ seed, ...item }, itemIndex): JobItem => (
    { itemIndex, seed, parameters: JSON.stringify(item) }));
  return queue.add({
    id: newId<JobId>(), kind: 'create', subjectId: subject.id, title,
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  }, rows);
}

/** '4 portraits of Ada and Bo'. */
export function titleOf(count: number, name: string, other?: string): string {
  return `${count} ${count === 1 ? 'portrait' : 'portraits'} of ${name}${other === undefined ? '' : ` and ${other}`}`;
}
