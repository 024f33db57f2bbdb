// Photos as the page sees them: the record of the library, the caption in force, whether it is used, and how alike
// its face is to the subject's other photos.

import { faceEngineIdSchema } from '../contract/faces.ts';
import type { Photo, Subject } from '../contract/nouns.ts';
import { caption as usualCaption } from '../dataset/captions.ts';
import { meanCosines } from '../faces/likeness.ts';
import type { PhotoRecord } from '../library/photos.ts';

/** Whether teaching takes this photo: it has a face crop, and neither verdict nor user leaves it out. */
export function isUsed(photo: PhotoRecord): boolean {
  if (photo.cropSha256 === null || photo.userChoice === 'leave-out') return false;
  return photo.userChoice === 'use' || photo.verdict.grade === 'good' || photo.verdict.grade === 'usable';
}

/** The caption that teaching uses: the user's own, else the usual one. */
export function captionOf(photo: PhotoRecord, { triggerWord, classWord }: Subject): string {
  return photo.caption || usualCaption({ triggerWord, classWord, details: photo.details });
}

/** The subject's photos for the page, in the library's order. */
export function photoViews(photos: readonly PhotoRecord[], subject: Subject): Photo[] {
  const likeness = likenessToOthers(photos);
  return photos.map((photo) => ({
    id: photo.id,
    subjectId: photo.subjectId,
    fileName: photo.fileName,
    widthPx: photo.widthPx,
    heightPx: photo.heightPx,
    addedAtMs: photo.addedAtMs,
    faceBox: photo.faceBox,
    faceCount: photo.faceCount,
    faces: photo.faces.map(({ box, score }) => ({ box, score })),
    faceIndex: photo.faceIndex,
    isFaceChosen: photo.isFaceChosen,
    facePoints: photo.facePoints,
    measures: photo.measures,
    sameAsPhotoId: photo.sameAsPhotoId,
    verdict: photo.verdict,
    userChoice: photo.userChoice,
    isUsed: isUsed(photo),
    caption: captionOf(photo, subject),
    repeats: photo.repeats,
    likeness: likeness.get(photo.id) ?? null,
  }));
}

/**
 * For each photo the mean cosine of its face embedding to those of the others by the same engine; null without a face
 * here or there.
 */
function likenessToOthers(photos: readonly PhotoRecord[]): Map<PhotoRecord['id'], number> {
  return new Map(faceEngineIdSchema.options.flatMap((engine) =>
    likenessByEngine(photos.filter(({ embeddingEngine }) => embeddingEngine === engine))));
}

function likenessByEngine(photos: readonly PhotoRecord[]): [PhotoRecord['id'], number][] {
  const embedded = photos.flatMap(({ id, faceEmbedding }) => (faceEmbedding ? [{ id, faceEmbedding }] : []));
  const cosines = meanCosines(embedded.map(({ faceEmbedding }) => faceEmbedding));
  return cosines.map((cosine, i) => [embedded[i]!.id, cosine]);
}
