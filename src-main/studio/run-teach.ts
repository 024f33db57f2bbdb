// Runs a teach job: pictures of the class where they are needed, then one request to the engine, whose snapshots and
// losses are kept as they come; at the end its look. What was paused, failed or killed goes on from its last snapshot.

import type { TakenSnapshot, TeachResult } from '../contract/engine.ts';
import type { AdapterId, PreviewId } from '../contract/ids.ts';
import type { TrainingSettings } from '../contract/settings.ts';
import { teachParametersSchema } from '../jobs/job-parameters.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobRecord } from '../library/jobs.ts';
import { newId } from '../library/library.ts';
import { classImages } from './class-images.ts';
import type { StudioContext } from './context.ts';
import { duringJob, readResult, resultFile, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { lookView } from './look-view.ts';
import { present } from './missing.ts';
import { hasSnapshot, openRunFolder, removeRunFolder } from './run-folders.ts';
import { announceSubject } from './subject-view.ts';
import { datasetOf } from './teach-dataset.ts';
import {
  type TeachSources, fullSettings, heldOutPhotos, taughtWord, teachRequest, usedPhotos,
} from './teach-request.ts';

interface Teaching {
  readonly context: StudioContext;
  readonly board: ProgressBoard;
  readonly job: JobRecord;
  readonly control: RunControl;
  readonly sources: TeachSources;
  readonly settings: Required<TrainingSettings>;
}

export async function runTeach(
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
): Promise<void | 'paused'> {
  const { library } = context;
  // its look was kept, and the process ended before the job said so
  if (library.adapters.ofJob(job.id)) return await removeRunFolder(library.folder, job.id);
  const runFolder = await openRunFolder(library.folder, job.id);
  const goesOn = await hasSnapshot(runFolder);
  if (!goesOn) {
    library.jobs.clearLosses(job.id);
    library.snapshots.clear(job.id);
  }
  const planned = await datasetOf(context, job, plan(context, job), goesOn);
  const settings = fullSettings(planned.pack, planned.subject, planned.parameters);
  const files = await drawClass({ context, board, job, control, sources: planned, settings });
  if (files === 'paused') return 'paused';
  const sources = { ...planned, classImageFiles: files };
  const result = await teach({ context, board, job, control, sources, settings }, runFolder);
  if (result === 'done') await removeRunFolder(library.folder, job.id);
  return result === 'done' ? undefined : result;
}

function plan(context: StudioContext, job: JobRecord): TeachSources {
  const { library, packs } = context;
  const parameters = teachParametersSchema.parse(JSON.parse(job.parameters));
  const subject = present(library.subjects.get(job.subjectId), 'subject');
  const { warmStartAdapterId, heldOutPhotoIds } = parameters;
  const earlier = warmStartAdapterId === null ? undefined : present(library.adapters.get(warmStartAdapterId), 'look');
  return {
    subject, parameters, pack: packs.usable(parameters.packId), photos: usedPhotos(context, subject, heldOutPhotoIds),
    heldOut: heldOutPhotos(context, subject, heldOutPhotoIds), classImageFiles: [],
    warmStartFile: earlier ? library.pathOf(earlier.fileSha256) : null,
  };
}

/** Each picture is kept as it is drawn, so a pause just stops; the next run draws the rest. */
async function drawClass(
  { context, board, job, control, sources, settings }: Teaching,
): Promise<readonly string[] | 'paused'> {
  const { prior, priorImageCount: count, resolutionPx: edgePx } = settings;
  if (prior !== 'images' || sources.parameters.method === 'textual-inversion' || job.request === 'finish') return [];
  const stop = new AbortController();
  let isPausing = false;
  control.onRequest((request) => {
    isPausing = request === 'pause';
    if (isPausing) stop.abort();
  });
  try {
    return await classImages(
      context, { pack: sources.pack, classWord: sources.subject.classWord, edgePx, count },
      AbortSignal.any([control.signal, stop.signal]), (progress) => board.report(job.id, progress));
  } catch (error) {
    if (isPausing && !control.signal.aborted) return 'paused';
    throw duringJob(error, 'drawing pictures of the class');
  }
}

async function teach(teaching: Teaching, runFolder: string): Promise<'done' | 'paused'> {
  const { context, board, job, control, sources, settings } = teaching;
  const { library, engine } = context;
  return await withWorkFolder(library.folder, async (folder) => {
    const result = await engine.run({
      ...teachRequest(context, sources, settings), finish: job.request === 'finish', runFolder, outputFolder: folder,
    }, control.signal, {
      onStart: (send) => control.onRequest(send),
      onProgress: (progress, lossPoints) => {
        library.jobs.addLosses(job.id, lossPoints);
        board.report(job.id, progress, lossPoints);
      },
      onNote: (sentence) => board.note(job.id, sentence),
      onItem: async (item) => {
        if (item.kind === 'snapshot') await keepSnapshot(teaching, item, runFolder);
      },
    }).catch((error: unknown) => { throw duringJob(error, `learning ${sources.subject.name}'s face`); });
    if (result.kind === 'paused') return 'paused';
    if (result.kind !== 'teach') throw new Error('The engine answered a teach request with something else.');
    await keepLook(teaching, result, resultFile(folder, result.adapterFile));
    return 'done';
  });
}

/** The engine tells snapshots again when it goes on; their pictures are kept once. */
async function keepSnapshot(
  { context, board, job, control }: Teaching, item: TakenSnapshot, runFolder: string,
): Promise<void> {
  const { library, emit } = context;
  const { step, isBest } = item;
  const known = library.snapshots.get(job.id, step);
  if (known && known.previewIds.length === item.previewFiles.length && known.likeness === item.likeness) {
    library.snapshots.setBest(job.id, step, isBest);
    return;
  }
  const pictures = await Promise.all(item.previewFiles.map((file) => readResult(`${runFolder}/previews`, file)));
  await library.exclusively(async () => {
    const previews = [];
    for (const bytes of pictures) {
      previews.push({ id: newId<PreviewId>(), fileSha256: await library.keepFile(bytes, 'image/png') });
    }
    const { loss, validationLoss, likeness, facesFound } = item;
    library.snapshots.put({
      jobId: job.id, step, loss, validationLoss, likeness, facesFound, previews, isBest, createdAtMs: Date.now(),
    });
  });
  control.gotOn();
  emit({ type: 'snapshot-added', snapshot: present(library.snapshots.get(job.id, step), 'job') });
  board.changed(present(library.jobs.get(job.id), 'job'));
}

async function keepLook(
  { context, job, sources, settings }: Teaching, result: TeachResult, file: string,
): Promise<void> {
  const { library, emit } = context;
  const { subject, pack, parameters, photos } = sources;
  const id = newId<AdapterId>();
  await library.exclusively(async () => {
    const fileSha256 = await library.keepFileFrom(file, 'application/octet-stream');
    library.adapters.insert({
      id, subjectId: subject.id, jobId: job.id, name: nextName(context, subject.id, subject.name),
      method: parameters.method, packId: pack.id, packName: pack.name,
      triggerWord: taughtWord(subject, parameters, settings), rank: result.rank, vectorCount: result.vectorCount,
      trainingSteps: result.trainingSteps, bestStep: result.bestStep, settings, photoCount: photos.length,
      finalLoss: result.finalLoss, metadata: result.metadata, fileSha256, createdAtMs: Date.now(),
    });
  });
  emit({ type: 'look-added', look: lookView(context, present(library.adapters.get(id), 'look')) });
  announceSubject(context, subject.id);
}

/** 'Ada', then 'Ada 2', 'Ada 3' … */
function nextName({ library }: StudioContext, subjectId: JobRecord['subjectId'], subjectName: string): string {
  const names = new Set(library.adapters.list(subjectId).map((look) => look.name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? subjectName : `${subjectName} ${number}`;
    if (!names.has(name)) return name;
  }
}
