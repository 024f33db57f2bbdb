// Runs an analyze job: every photo of the subject that has to be looked at goes through the engine, and what was found
// is kept one by one, so that a crash loses at most the photos in hand. Then the photos are judged together, and those
// whose face they see otherwise are looked at again.

import type { AnalyzedPhoto } from '../contract/engine.ts';
import type { FaceNetworks } from '../contract/engine-faces.ts';
import type { FaceEngineId } from '../contract/faces.ts';
import type { PhotoId, SubjectId } from '../contract/ids.ts';
import type { Box } from '../contract/nouns.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { StudioContext } from './context.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { type PhotoToLookAt, announcePhotos, faceNetworks, judgeSubject, photosToLookAt } from './photo-set.ts';

/** Crops are kept large enough for every base model; teaching makes them smaller as it needs. */
const cropEdgePx = 768;
/** SD 1.5's own, for a studio without a pack. */
const usualResolutionPx = 512;
/** The photos, those whose face is another, and once more, should that have changed whom the set is about. */
const mostRounds = 3;

export async function runAnalyze(
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
): Promise<void> {
  const networks = faceNetworks(context);
  try {
    for (let round = 0; round < mostRounds; round++) {
      const photos = photosToLookAt(context, job.subjectId);
      if (photos.length === 0) return;
      await lookAt(context, board, job, control, { photos, networks });
      judgeSubject(context, job.subjectId);
    }
  } finally {
    // what a cancelled job has found is judged too
    judgeSubject(context, job.subjectId);
  }
}

async function lookAt(
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
  { photos, networks }: { readonly photos: readonly PhotoToLookAt[]; readonly networks: FaceNetworks },
): Promise<void> {
  const { library } = context;
  const told = tellingSome(context, job.subjectId);
  await withWorkFolder(library.folder, async (folder) => {
    const request = {
      kind: 'analyze', cropEdgePx, outputFolder: folder, faceNetworks: networks,
      modelResolutionPx: context.packs.list()[0]?.resolutionPx ?? usualResolutionPx,
      photos: photos.map(({ photo, faceBox }) =>
        ({ key: photo.id, file: library.pathOf(photo.originalSha256), chosenFaceBox: faceBox })),
    } as const;
    await context.engine.run(request, control.signal, {
      onProgress: (progress) => board.report(job.id, progress),
      onItem: async (item) => {
        if (item.kind !== 'photo') return;
        told.add(await keepAnalysis(context, photos, item, { folder, engine: networks.kind }));
        control.gotOn();
      },
    }).catch((error: unknown) => { throw duringJob(error, 'looking for faces'); });
  }).finally(() => told.end());
}

/** The page is told this often: each time all photos of the subject are compared. */
const leastIntervalMs = 300;

/** Tells the page of photos that were looked at, some at a time. */
function tellingSome(context: StudioContext, subjectId: SubjectId): { add(id: PhotoId): void; end(): void } {
  let due: PhotoId[] = [];
  let lastMs = -Infinity;
  const end = (): void => {
    announcePhotos(context, subjectId, due);
    due = [];
    lastMs = performance.now();
  };
  return {
    end,
    add(id) {
      due.push(id);
      if (performance.now() - lastMs >= leastIntervalMs) end();
    },
  };
}

async function keepAnalysis(
  context: StudioContext, photos: readonly PhotoToLookAt[], item: AnalyzedPhoto,
  { folder, engine }: { readonly folder: string; readonly engine: FaceEngineId },
): Promise<PhotoId> {
  const { library } = context;
  const looked = photos.find(({ photo }) => photo.id === item.key);
  if (!looked) throw new Error('The engine spoke of a photo that it was not given.');
  const { id } = looked.photo;
  const crop = item.cropFile === null ? null : await readResult(folder, item.cropFile);
  await library.exclusively(async () => {
    if (isAskedOtherwise(looked, context)) return;
    const { faceBox, faceCount, faceIndex, facePoints, measures, pictureHash, verdict, details, faceEmbedding } = item;
    library.photos.setAnalysis(id, {
      cropSha256: crop && await library.keepFile(crop, 'image/png'),
      faceBox, faceCount, faceIndex, facePoints, measures, pictureHash, verdict, details, analyzedBy: engine,
      isFaceChosen: looked.photo.isFaceChosen && isWithin(faceBox, looked.faceBox),
      faceEmbedding: faceEmbedding && Float32Array.from(faceEmbedding),
      faces: item.faces.map(({ faceEmbedding: embedding, ...face }) =>
        ({ ...face, embedding: embedding && Float32Array.from(embedding) })),
    });
  });
  return id;
}

/** Meanwhile the user has chosen another face, which a job of its own looks at; or the photo is gone. */
function isAskedOtherwise({ photo }: PhotoToLookAt, { library }: StudioContext): boolean {
  const now = library.photos.get(photo.id);
  if (!now) return true;
  return now.isFaceChosen !== photo.isFaceChosen || (now.isFaceChosen && now.faceIndex !== photo.faceIndex);
}

/** The chosen face may not be found any more by other networks; then the middle of what is found is elsewhere. */
function isWithin(found: Box | null, asked: Box | null): boolean {
  if (!found || !asked) return false;
  const [x, y] = [found.x + found.width / 2 - asked.x, found.y + found.height / 2 - asked.y];
  return x >= 0 && y >= 0 && x <= asked.width && y <= asked.height;
}
