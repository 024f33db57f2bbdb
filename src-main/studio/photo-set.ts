// Judges all photos of a subject together whenever one of them has changed, keeps what is new of it, and says which
// photos have to be looked at (again).

import { isDeepStrictEqual } from 'node:util';
import type { FaceNetworks } from '../contract/engine-faces.ts';
import type { PhotoId, SubjectId } from '../contract/ids.ts';
import type { Box, Photo } from '../contract/nouns.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { StudioContext } from './context.ts';
import { type SetJudgement, judgePhotos } from './judge-photos.ts';
import { present } from './missing.ts';
import { photoViews } from './photo-view.ts';
import { announceSubject } from './subject-view.ts';

/** A photo for the engine to look at. */
export interface PhotoToLookAt {
  readonly photo: PhotoRecord;
  /** The face to learn; null: the largest. */
  readonly faceBox: Box | null;
}

/** The networks that find and compare faces, as the user has set it. */
export function faceNetworks({ companions, library }: StudioContext): FaceNetworks {
  return companions.faceNetworks(library.settings.get().faceEngine);
}

/** Judges the subject's photos anew; tells the page of those whose verdict has changed, and of the subject. */
export function judgeSubject(context: StudioContext, subjectId: SubjectId): void {
  const { library } = context;
  const photos = library.photos.list(subjectId);
  const byId = new Map(photos.map((photo) => [photo.id, photo]));
  const changed = judged(context, photos).filter(({ id, verdict, sameAsPhotoId }) => {
    const before = byId.get(id)!;
    return sameAsPhotoId !== before.sameAsPhotoId || !isDeepStrictEqual(verdict, before.verdict);
  });
  library.transaction(() => changed.forEach((one) => library.photos.setJudgement(one.id, one)));
  announcePhotos(context, subjectId, changed.map(({ id }) => id));
  // how alike its used photos are to each other
  if (library.subjects.get(subjectId)) announceSubject(context, subjectId);
}

/**
 * The subject's photos that have no verdict, that other networks or an older version have looked at, or of which the
 * photos together say that another face is the subject's.
 */
export function photosToLookAt(context: StudioContext, subjectId: SubjectId): PhotoToLookAt[] {
  const photos = context.library.photos.list(subjectId);
  const engine = faceNetworks(context).kind;
  const otherFace = new Map(judged(context, photos).map((one) => [one.id, one.otherFaceIndex]));
  return photos.flatMap((photo): PhotoToLookAt[] => {
    const isNew = photo.verdict.grade === 'waiting' || photo.analyzedBy !== engine;
    if (isNew) return [{ photo, faceBox: photo.isFaceChosen ? photo.faceBox : null }];
    const faceIndex = otherFace.get(photo.id) ?? null;
    return faceIndex === null ? [] : [{ photo, faceBox: photo.faces[faceIndex]!.box }];
  });
}

function judged(context: StudioContext, photos: readonly PhotoRecord[]): SetJudgement[] {
  return judgePhotos(photos, faceNetworks(context).kind);
}

/** Tells the page of some of a subject's photos as they are now. */
export function announcePhotos(
  { library, emit }: StudioContext, subjectId: SubjectId, ids: readonly PhotoId[],
  type: 'photo-added' | 'photo-changed' = 'photo-changed',
): Photo[] {
  const subject = library.subjects.get(subjectId);
  if (ids.length === 0 || !subject) return [];
  const views = photoViews(library.photos.list(subjectId), subject).filter(({ id }) => ids.includes(id));
  for (const photo of views) emit({ type, photo });
  return views;
}

/** The same of one photo. */
export function announcePhoto(context: StudioContext, id: PhotoId, type: 'photo-added' | 'photo-changed'): Photo {
  const { subjectId } = present(context.library.photos.get(id), 'photo');
  return present(announcePhotos(context, subjectId, [id], type)[0], 'photo');
}
