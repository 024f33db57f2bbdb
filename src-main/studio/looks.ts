// Commands over looks: teach one, list them, hand one out as a LoRA file for other programs, remove one.

import type { AdapterId, ExportId, JobId } from '../contract/ids.ts';
import { UserError } from '../contract/errors.ts';
import type { Job } from '../contract/nouns.ts';
import type { CommandResponse, ParsedRequest } from '../contract/studio.ts';
import type { TeachParameters } from '../jobs/job-parameters.ts';
import { newId } from '../library/library.ts';
import type { Handlers, StudioContext } from './context.ts';
import type { ProgressBoard } from './jobs.ts';
import { exportFormatsOf, lookView } from './look-view.ts';
import { present } from './missing.ts';
import { usedPhotos } from './run-teach.ts';

export function lookCommands(context: StudioContext, board: ProgressBoard): Handlers<
  'looks.list' | 'looks.teach' | 'looks.export' | 'looks.remove'> {
  const { library } = context;
  return {
    'looks.list': ({ subjectId }) => library.adapters.list(subjectId).map(lookView),
    'looks.teach': (request) => teach(context, board, request),
    'looks.export': (request) => prepareExport(context, request),
    'looks.remove': async ({ adapterId }) => {
      await removeLook(context, adapterId);
      return {};
    },
  };
}

function teach(context: StudioContext, board: ProgressBoard, request: ParsedRequest<'looks.teach'>): Job {
  const { library, queue, packs } = context;
  const subject = present(library.subjects.get(request.subjectId), 'subject');
  const pack = packs.get(request.packId);
  // photos may still be waiting for their verdict; the analyze job is ahead of this one in the queue
  const isWaiting = library.photos.list(subject.id).some((photo) => photo.verdict.grade === 'waiting');
  if (!isWaiting || !subject.hasConsent) usedPhotos(context, subject, request.heldOutPhotoIds);
  const { method, packId, settings, heldOutPhotoIds, warmStartAdapterId } = request;
  const parameters: TeachParameters = {
    method, packId, settings: { ...pack.trainingDefaults[method], ...settings }, heldOutPhotoIds, warmStartAdapterId,
  };
  const job = queue.add({
    id: newId<JobId>(), kind: 'teach', subjectId: subject.id, title: `Teaching ${subject.name}`,
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  });
  return board.view(job);
}

/** Writes the look in the asked form, once, and says what is in it. */
async function prepareExport(
  { library }: StudioContext, { adapterId, format: asked, precision }: ParsedRequest<'looks.export'>,
): Promise<CommandResponse<'looks.export'>> {
  const look = present(library.adapters.get(adapterId), 'look');
  const format = asked ?? exportFormatsOf(look)[0]!;
  const known = library.exportedFiles.find(adapterId, format, precision);
  if (known) return { ...known, exportId: known.id, metadata: { ...known.metadata } };
  const id = newId<ExportId>();
  library.exportedFiles.insert({
    id, adapterId, format, precision, fileName: exportName(look.name), metadata: look.metadata,
    fileSha256: look.fileSha256,
  });
  const { fileName, sizeBytes, metadata } = present(library.exportedFiles.get(id), 'look');
  return { exportId: id, adapterId, format, precision, fileName, sizeBytes, metadata: { ...metadata } };
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
