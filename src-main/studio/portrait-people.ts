// Who is in the portraits of a batch: which photos give a face and which are kept to measure with, where the faces lie,
// the second person. Everything is settled when the batch is asked for, so that a job that goes on draws the same.

import type { Pose, RegionMask, SecondPerson } from '../contract/faces.ts';
import type { AdapterId, PhotoId } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { ParsedRequest } from '../contract/studio.ts';
import { checkedPose, pointsInPixels } from '../generation/pose.ts';
import type { CreateParameters, SecondParameters } from '../jobs/job-parameters.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { Library } from '../library/library.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import { looksOf } from './batch-items.ts';
import type { StudioContext } from './context.ts';
import { readyInstantId } from './instant-parts.ts';
import { present } from './missing.ts';
import {
  noConsentToDraw, noFacePhoto, noLook, otherFace, otherModel, samePerson,
} from './portrait-refusals.ts';
import { isUsed } from './photo-view.ts';

type CreateRequest = ParsedRequest<'portraits.create'>;
type People = Pick<CreateParameters, 'instantly' | 'second' | 'referencePhotoIds'>;
type FacePhotos = Pick<SecondParameters, 'facePhotoIds' | 'referencePhotoIds'>;

/** Photos from which on one in five is kept for measuring. */
const enoughToHoldOut = 4;

/**
 * Checks looks, consent and poses and settles whose photos do what. Throws a UserError of portrait-refusals.ts, and
 * portraits.not-instant where parts of InstantID are missing.
 */
export function peopleOf(context: StudioContext, subject: Subject, request: CreateRequest): People {
  const { instantly, second, referencePhotoIds } = request;
  if (!subject.hasConsent) throw noConsentToDraw(subject);
  for (const adapterId of looksOf(request)) checkLook(context, request.packId, subject, adapterId);
  if (!instantly) {
    const other = second && secondOf(context, subject, request, second);
    return { instantly: null, second: other, referencePhotoIds: referencePhotoIds ?? null };
  }
  readyInstantId(context, context.packs.get(request.packId));
  checkPose(context, request, instantly.pose);
  const own = facePhotosOf(context.library, subject, instantly.facePhotoIds, referencePhotoIds);
  return {
    instantly: { pose: instantly.pose, facePhotoIds: own.facePhotoIds },
    second: second && secondOf(context, subject, request, second),
    referencePhotoIds: own.referencePhotoIds,
  };
}

function secondOf(
  context: StudioContext, first: Subject, request: CreateRequest, { subjectId, adapterId, mask, pose }: SecondPerson,
): SecondParameters {
  const { library } = context;
  const subject = present(library.subjects.get(subjectId), 'subject');
  if (subject.id === first.id) throw samePerson(subject);
  if (!subject.hasConsent) throw noConsentToDraw(subject);
  checkLook(context, request.packId, subject, adapterId);
  if (!request.instantly) {
    if (looksOf(request).includes(null)) throw noLook(first);
    if (adapterId === null) throw noLook(subject);
    const used = library.photos.list(subject.id).filter(isUsed).map(({ id }) => id);
    return { subjectId, adapterId, mask: mask ?? rightHalf(), pose, facePhotoIds: [], referencePhotoIds: used };
  }
  checkPose(context, request, pose);
  return { subjectId, adapterId, mask: mask ?? rightHalf(), pose, ...facePhotosOf(library, subject) };
}

/** 1 in the right half. */
function rightHalf(): RegionMask {
  return { columns: 2, rows: 1, values: [0, 1] };
}

function checkLook(
  { library, packs }: StudioContext, packId: CreateRequest['packId'], subject: Subject, adapterId: AdapterId | null,
): void {
  if (adapterId === null) return;
  const look = present(library.adapters.get(adapterId), 'look');
  if (look.subjectId !== subject.id) present(undefined, 'look');
  if (look.packId !== packId) throw otherModel(look.packName, packs.get(packId).name);
}

/** Throws instant-id.points-outside and the like for points that no portrait of this size could show. */
function checkPose({ library, packs }: StudioContext, { packId, settings }: CreateRequest, pose: Pose): void {
  if (pose.kind === 'photo') {
    const photo = present(library.photos.get(pose.photoId), 'photo');
    if (photo.cropSha256 === null) throw otherFace();
  }
  if (pose.kind === 'portrait') present(library.portraits.get(pose.portraitId), 'portrait');
  if (pose.kind === 'points') {
    const size = drawingSettings(packs.get(packId), settings, { isInstant: true });
    checkedPose(pointsInPixels(pose.points, size.widthPx, size.heightPx), size);
  }
}

function facePhotosOf(
  library: Library, subject: Subject, facePhotoIds?: readonly PhotoId[], referencePhotoIds?: readonly PhotoId[],
): FacePhotos {
  const photos = library.photos.list(subject.id);
  const used = photos.filter(isUsed).map(({ id }) => id);
  for (const id of facePhotoIds ?? []) {
    if (!photos.some((photo: PhotoRecord) => photo.id === id && photo.cropSha256 !== null)) throw otherFace();
  }
  if (used.length === 0 && !facePhotoIds) throw noFacePhoto(subject, photos);
  return splitFacePhotos(used, facePhotoIds, referencePhotoIds);
}

/**
 * Which photos give the face and which measure likeness. What is named stands; else, of four or more, one in five is
 * kept for measuring, spread evenly; of fewer all do both, which says less.
 */
export function splitFacePhotos(
  used: readonly PhotoId[], facePhotoIds?: readonly PhotoId[], referencePhotoIds?: readonly PhotoId[],
): FacePhotos {
  const without = (others: readonly PhotoId[]) => {
    const rest = used.filter((id) => !others.includes(id));
    return rest.length > 0 ? rest : [...used];
  };
  if (facePhotoIds) {
    return { facePhotoIds: [...facePhotoIds], referencePhotoIds: [...referencePhotoIds ?? without(facePhotoIds)] };
  }
  if (referencePhotoIds) return { facePhotoIds: without(referencePhotoIds), referencePhotoIds: [...referencePhotoIds] };
  if (used.length < enoughToHoldOut) return { facePhotoIds: [...used], referencePhotoIds: [...used] };
  const count = Math.max(1, Math.round(used.length / 5));
  const heldOut = Array.from({ length: count }, (_, index) => used[Math.floor(((index + 0.5) * used.length) / count)]!);
  return { facePhotoIds: without(heldOut), referencePhotoIds: heldOut };
}
