// Photos as the page sees them: the record of the library, the caption in force, whether it is used, and how alike
// its face is to the subject's other photos.

import type { Photo, Subject } from '../contract/nouns.ts';
import { caption as usualCaption } from '../dataset/captions.ts';
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
  return photos.map((photo) => ({
    id: photo.id,
    subjectId: photo.subjectId,
    fileName: photo.fileName,
    widthPx: photo.widthPx,
    heightPx: photo.heightPx,
    addedAtMs: photo.addedAtMs,
    faceBox: photo.faceBox,
    faceCount: photo.faceCount,
    verdict: photo.verdict,
    userChoice: photo.userChoice,
    isUsed: isUsed(photo),
    caption: captionOf(photo, subject),
    repeats: photo.repeats,
    likeness: likenessToOthers(photo, photos),
  }));
}

/** Mean cosine of the photo's face embedding to those of the other photos; null without a face here or there. */
function likenessToOthers(photo: PhotoRecord, photos: readonly PhotoRecord[]): number | null {
  const own = photo.faceEmbedding;
  const others = photos.flatMap(({ id, faceEmbedding }) => (id === photo.id || !faceEmbedding ? [] : [faceEmbedding]));
  if (!own || others.length === 0) return null;
  return others.reduce((sum, other) => sum + cosine(own, other), 0) / others.length;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return aa === 0 || bb === 0 ? 0 : dot / Math.sqrt(aa * bb);
}
