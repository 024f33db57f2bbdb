// Runs an analyze job: every photo of the subject that has no verdict goes through the engine, and what was found is
// kept one by one, so that a crash loses at most the photo in hand.

import type { AnalyzedPhoto } from '../contract/engine.ts';
import type { PhotoId } from '../contract/ids.ts';
import type { RunControl } from '../jobs/queue.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { StudioContext } from './context.ts';
import { duringJob, readResult, withWorkFolder } from './engine-work.ts';
import type { ProgressBoard } from './jobs.ts';
import { announcePhoto } from './photos.ts';

/** Crops are kept large enough for every base model; teaching makes them smaller as it needs. */
const cropEdgePx = 768;
/** SD 1.5's own, for a studio without a pack. */
const usualResolutionPx = 512;

export async function runAnalyze(
  context: StudioContext, board: ProgressBoard, job: JobRecord, { signal }: RunControl,
): Promise<void> {
  const photos = context.library.photos.list(job.subjectId).filter((photo) => photo.verdict.grade === 'waiting');
  if (photos.length === 0) return;
  await withWorkFolder(context.library.folder, async (folder) => {
    const request = {
      kind: 'analyze', cropEdgePx, outputFolder: folder,
      modelResolutionPx: context.packs.list()[0]?.resolutionPx ?? usualResolutionPx,
      photos: photos.map((photo) => ({ key: photo.id, file: context.library.pathOf(photo.originalSha256) })),
    } as const;
    await context.engine.run(request, signal, {
      onProgress: (progress) => board.report(job.id, progress),
      onItem: async (item) => {
        if (item.kind === 'photo') await keepAnalysis(context, photos, item, folder);
      },
    }).catch((error: unknown) => { throw duringJob(error, 'looking for faces'); });
  });
}

async function keepAnalysis(
  context: StudioContext, photos: readonly PhotoRecord[], item: AnalyzedPhoto, folder: string,
): Promise<void> {
  const { library } = context;
  const photo = photos.find(({ id }) => id === item.key);
  if (!photo) throw new Error('The engine spoke of a photo that it was not given.');
  const crop = item.cropFile === null ? null : await readResult(folder, item.cropFile);
  await library.exclusively(async () => {
    library.photos.setAnalysis(photo.id, {
      cropSha256: crop && await library.keepFile(crop, 'image/png'),
      faceBox: item.faceBox,
      faceCount: item.faceCount,
      verdict: item.verdict,
      details: item.details,
      faceEmbedding: item.faceEmbedding && Float32Array.from(item.faceEmbedding),
      faces: item.faces.map(({ faceEmbedding, ...face }) =>
        ({ ...face, embedding: faceEmbedding && Float32Array.from(faceEmbedding) })),
      faceIndex: item.faceIndex, isFaceChosen: photo.isFaceChosen && item.faceIndex !== null,
      facePoints: item.facePoints, measures: item.measures, pictureHash: item.pictureHash, analyzedBy: 'built-in',
    });
  });
  announcePhoto(context, photo.id as PhotoId, 'photo-changed');
}
