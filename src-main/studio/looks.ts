// Commands over looks: teach one, list them, hand one out as a LoRA file for other programs, remove one.

import type { AdapterId, JobId } from '../contract/ids.ts';
import { UserError } from '../contract/errors.ts';
import type { Subject } from '../contract/nouns.ts';
import type { Job } from '../contract/work.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import type { TeachParameters } from '../jobs/job-parameters.ts';
import type { AdapterRecord } from '../library/adapters.ts';
import { newId } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import { prepareExport } from './exports.ts';
import type { ProgressBoard } from './jobs.ts';
import { lookView } from './look-view.ts';
import type { MemoryPlanner } from './memory.ts';
import { present } from './missing.ts';
import { usedPhotos } from './teach-request.ts';

export function lookCommands(context: StudioContext, board: ProgressBoard, memory: MemoryPlanner): Handlers<
  'looks.list' | 'looks.teach' | 'looks.export' | 'looks.remove'> {
  const { library } = context;
  return {
    'looks.list': ({ subjectId }) => library.adapters.list(subjectId).map((look) => lookView(context, look)),
    'looks.teach': async (request) => {
      const pack = context.packs.usable(request.packId);
      refuseToTeach(context, request);
      await memory.checkTeaching(pack, request.method, request.settings);
      return teach(context, board, request);
    },
    'looks.export': (request) => prepareExport(context, request),
    'looks.remove': async ({ adapterId }) => {
      await removeLook(context, adapterId);
      return {};
    },
  };
}

/** What is in the way of teaching; returns whom it would teach. */
function refuseToTeach(context: StudioContext, request: ParsedRequest<'looks.teach'>): Subject {
  const { library } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  // photos may still be waiting for their verdict; the analyze job is ahead of this one in the queue
  const isWaiting = library.photos.list(subject.id).some((photo) => photo.verdict.grade === 'waiting');
  if (!isWaiting || !subject.hasConsent) usedPhotos(context, subject, request.heldOutPhotoIds);
  const { warmStartAdapterId } = request;
  if (warmStartAdapterId !== null) checkWarmStart(library.adapters.get(warmStartAdapterId), request);
  return subject;
}

function teach(context: StudioContext, board: ProgressBoard, request: ParsedRequest<'looks.teach'>): Job {
  const { queue, packs } = context;
  const pack = packs.usable(request.packId);
  // again, as things may have changed meanwhile
  const subject = refuseToTeach(context, request);
  const { method, packId, heldOutPhotoIds, warmStartAdapterId } = request;
  // all of them, so that a run that goes on later goes on the same whatever the defaults are by then
  const settings = { ...pack.trainingDefaults[method], ...request.settings };
  const parameters: TeachParameters = { method, packId, settings, heldOutPhotoIds, warmStartAdapterId };
  const job = queue.add({
    id: newId<JobId>(), kind: 'teach', subjectId: subject.id, title: `Teaching ${subject.name}`,
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  });
  return board.view(job);
}

function checkWarmStart(found: AdapterRecord | undefined, { method, packId }: ParsedRequest<'looks.teach'>): void {
  const look = present(found, 'look');
  if (look.method === method && look.packId === packId) return;
  throw new UserError('looks.other-kind', {
    what: `This run cannot start from "${look.name}": that was taught by another method or on another model.`,
    safe: 'Nothing was taught.',
    todo: `Teach by the method and on the model of that look ("${look.packName}"), or start without it.`,
  }, { look: look.name });
}

async function removeLook({ library, emit }: StudioContext, adapterId: AdapterId): Promise<void> {
  const look = present(library.adapters.get(adapterId), 'look');
  refuseWhileInUse(library.jobs.inState('running').map((job) => job.parameters), adapterId);
  await library.exclusively(() => library.freeing(async () => {
    library.adapters.remove(adapterId);
    await library.sweep();
  }));
  emit({ type: 'look-removed', subjectId: look.subjectId, adapterId });
}

function refuseWhileInUse(runningParameters: readonly string[], adapterId: AdapterId): void {
  if (!runningParameters.some((parameters) => parameters.includes(adapterId))) return;
  throw new UserError('looks.in-use', {
    what: 'Portraits are being drawn with this look.',
    safe: 'Nothing was removed.',
    todo: 'Wait until they are finished, or cancel them, then remove it.',
  });
}
