// Commands over looks: teach one, list them, hand one out as a LoRA file for other programs, remove one.

import type { AdapterId, JobId } from '../contract/ids.ts';
import { UserError } from '../contract/errors.ts';
import type { Job } from '../contract/nouns.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import type { TeachParameters } from '../jobs/job-parameters.ts';
import { newId } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import type { ProgressBoard } from './jobs.ts';
import { present } from './missing.ts';
import { usedPhotos } from './run-teach.ts';

export function lookCommands(context: StudioContext, board: ProgressBoard): Handlers<
  'looks.list' | 'looks.teach' | 'looks.export' | 'looks.remove'> {
  const { library } = context;
  return {
    'looks.list': ({ subjectId }) => library.adapters.list(subjectId),
    'looks.teach': (request) => teach(context, board, request),
    'looks.export': ({ adapterId }) => describeExport(context, adapterId),
    'looks.remove': async ({ adapterId }) => {
      await removeLook(context, adapterId);
      return {};
    },
  };
}

function teach(context: StudioContext, board: ProgressBoard, request: ParsedRequest<'looks.teach'>): Job {
  const { library, queue, packs } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  packs.get(request.packId);
  // photos may still be waiting for their verdict; the analyze job is ahead of this one in the queue
  const isWaiting = library.photos.list(subject.id).some((photo) => photo.verdict.grade === 'waiting');
  if (!isWaiting || !subject.hasConsent) usedPhotos(context, subject, request.heldOutPhotoIds);
  const { method, packId, settings, heldOutPhotoIds } = request;
  const parameters: TeachParameters = { method, packId, settings, heldOutPhotoIds };
  const job = queue.add({
    id: newId<JobId>(), kind: 'teach', subjectId: subject.id, title: `Teaching ${subject.name}`,
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  });
  return board.view(job);
}

function describeExport({ library }: StudioContext, adapterId: AdapterId): CommandResponse<'looks.export'> {
  const look = present(library.adapters.get(adapterId), 'look');
  return { adapterId, fileName: exportName(look.name), sizeBytes: look.sizeBytes, metadata: { ...look.metadata } };
}

/** A file name that every system takes; a name written in signs that are left out becomes 'look'. */
export function exportName(name: string): string {
  const plain = name.normalize('NFKD').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '').toLowerCase();
  return `${plain || 'look'}.safetensors`;
}

async function removeLook({ library, emit }: StudioContext, adapterId: AdapterId): Promise<void> {
  const look = present(library.adapters.get(adapterId), 'look');
  refuseWhileInUse(library.jobs.inState('running').map((job) => job.parameters), adapterId);
  await library.exclusively(async () => {
    library.adapters.remove(adapterId);
    await library.sweep();
  });
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
