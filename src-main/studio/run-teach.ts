// Runs a teach job: the subject's face crops and captions go to the engine, and the LoRA that comes back is kept.
// Nothing is kept of a run that did not finish, so a look in the library is always a whole one.

import type { TeachResult } from '../contract/engine.ts';
import { UserError } from '../contract/errors.ts';
import type { AdapterId, PhotoId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import { type TeachParameters, teachParametersSchema } from '../jobs/job-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { StudioContext } from './context.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { lookView } from './look-view.ts';
import { present } from './missing.ts';
import { captionOf, isUsed } from './photo-view.ts';

export async function runTeach(
  context: StudioContext, board: ProgressBoard, job: JobRecord, { signal }: RunControl,
): Promise<void> {
  const { library, engine, packs } = context;
  const parameters = teachParametersSchema.parse(JSON.parse(job.parameters));
  const subject = present(library.subjects.get(job.subjectId), 'subject');
  const pack = packs.get(parameters.packId);
  const photos = usedPhotos(context, subject, parameters.heldOutPhotoIds);
  library.jobs.clearLosses(job.id);
  await withWorkFolder(library.folder, async (folder) => {
    const result = await engine.run({
      kind: 'teach', method: parameters.method, checkpointPath: pack.checkpointPath,
      provider: library.settings.get().provider,
      images: photos.map((photo) => ({
        name: photo.fileName, file: library.pathOf(photo.cropSha256!), caption: captionOf(photo, subject),
        repeats: photo.repeats, faceBox: null, faceEmbedding: null,
      })),
      heldOut: [], classImageFiles: [], classCaption: `photo of ${subject.classWord}`,
      settings: { ...pack.trainingDefaults[parameters.method], ...parameters.settings },
      warmStartFile: null,
      preview: {
        prompt: `photo of ${subject.triggerWord} ${subject.classWord}`, negativePrompt: '', seed: 1,
        settings: pack.generationDefaults,
      },
      title: 'LoRA made with Likeness', triggerPhrase: `${subject.triggerWord} ${subject.classWord}`,
      finish: false, runFolder: folder, outputFolder: folder,
    }, signal, {
      onProgress: (progress, lossPoints) => {
        library.jobs.addLosses(job.id, lossPoints);
        board.report(job.id, progress, lossPoints);
      },
    }).catch((error: unknown) => { throw duringJob(error, `learning ${subject.name}'s face`); });
    if (result.kind !== 'teach') throw new Error('The engine answered a teach request with something else.');
    const bytes = await readResult(folder, result.adapterFile);
    await keepLook(context, { job, subject, pack, parameters, result, bytes, photoCount: photos.length });
  });
}

/** The photos that teaching will use; throws when there is none, or when nobody agreed. */
export function usedPhotos(
  { library }: StudioContext, subject: Subject, heldOutPhotoIds: readonly PhotoId[],
): PhotoRecord[] {
  if (!subject.hasConsent) {
    throw new UserError('subjects.no-consent', {
      what: `Nobody has said yet that ${subject.name} agrees to this.`,
      safe: 'Nothing was taught.',
      todo: 'Tick "this is me, or I have their permission" for this subject first.',
    });
  }
  const photos = library.photos.list(subject.id);
  const used = photos.filter((photo) => isUsed(photo) && !heldOutPhotoIds.includes(photo.id));
  if (used.length > 0) return used;
  const isWaiting = photos.some((photo) => photo.verdict.grade === 'waiting');
  throw new UserError('photos.no-face', {
    what: isWaiting ? 'The photos have not been looked at yet.' : 'No face was found that could be learned.',
    safe: 'Your photos are untouched and nothing was taught.',
    todo: isWaiting
      ? 'Wait until the faces are found.'
      : 'Add a photo that shows one face clearly, from near and in light.',
  }, { photos: photos.length });
}

interface Taught {
  readonly job: JobRecord;
  readonly subject: Subject;
  readonly pack: ShelvedPack;
  readonly parameters: TeachParameters;
  readonly result: TeachResult;
  readonly bytes: Uint8Array;
  readonly photoCount: number;
}

async function keepLook(context: StudioContext, taught: Taught): Promise<void> {
  const { library, emit } = context;
  const { job, subject, pack, parameters, result, bytes, photoCount } = taught;
  const id = newId<AdapterId>();
  await library.exclusively(async () => {
    const fileSha256 = await library.keepFile(bytes, 'application/octet-stream');
    library.adapters.insert({
      id, subjectId: subject.id, jobId: job.id, name: nextName(context, subject), method: parameters.method,
      packId: pack.id, packName: pack.name, triggerWord: subject.triggerWord, rank: result.rank,
      vectorCount: result.vectorCount, trainingSteps: result.trainingSteps, bestStep: result.bestStep,
      settings: { ...pack.trainingDefaults[parameters.method], ...parameters.settings }, photoCount,
      finalLoss: result.finalLoss, metadata: result.metadata,
      fileSha256, createdAtMs: Date.now(),
    });
  });
  emit({ type: 'look-added', look: lookView(present(library.adapters.get(id), 'look')) });
  emit({ type: 'subject-changed', subject: present(library.subjects.get(subject.id), 'subject') });
}

/** 'Ada', then 'Ada 2', 'Ada 3' … */
function nextName({ library }: StudioContext, subject: Subject): string {
  const names = new Set(library.adapters.list(subject.id).map((look) => look.name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? subject.name : `${subject.name} ${number}`;
    if (!names.has(name)) return name;
  }
}
