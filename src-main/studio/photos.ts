// Commands over photos. An import decodes the whole picture, keeps the bytes as they came together with two previews,
// and puts the search for faces into the queue; the user's own file is never opened for writing.

import { UserError } from '../contract/errors.ts';
import type { JobId, PhotoId, SubjectId } from '../contract/ids.ts';
import type { Photo } from '../contract/nouns.ts';
import type { AnalyzeParameters } from '../jobs/job-parameters.ts';
import { newId } from '../library/library.ts';
import { type PreparedPhoto, preparePhoto } from '../photos/import-photo.ts';
import type { Handlers, StudioContext } from './context.ts';
import { present } from './missing.ts';
import { announcePhoto, judgeSubject, photosToLookAt } from './photo-set.ts';
import { photoViews } from './photo-view.ts';

export function photoCommands(context: StudioContext): Handlers<
  'photos.import' | 'photos.list' | 'photos.choose' | 'photos.chooseFace' | 'photos.setCaption'
  | 'photos.setRepeats'> {
  const { library } = context;
  return {
    'photos.import': ({ subjectId, fileName, bytes }) => importPhoto(context, subjectId, fileName, bytes),
    'photos.list': ({ subjectId }) =>
      photoViews(library.photos.list(subjectId), present(library.subjects.get(subjectId), 'subject')),
    'photos.choose': ({ photoId, userChoice }) => {
      const { subjectId } = present(library.photos.get(photoId), 'photo');
      library.photos.setChoice(photoId, userChoice);
      // whom the set is about, and which of two like pictures stays, may be another now
      judgeSubject(context, subjectId);
      if (photosToLookAt(context, subjectId).length > 0) queueAnalysis(context, subjectId);
      return announcePhoto(context, photoId, 'photo-changed');
    },
    'photos.chooseFace': ({ photoId, faceIndex }) => chooseFace(context, photoId, faceIndex),
    'photos.setCaption': ({ photoId, caption }) => {
      library.photos.setCaption(photoId, caption.trim());
      return announcePhoto(context, photoId, 'photo-changed');
    },
    'photos.setRepeats': ({ photoId, repeats }) => {
      library.photos.setRepeats(photoId, repeats);
      return announcePhoto(context, photoId, 'photo-changed');
    },
  };
}

async function importPhoto(
  context: StudioContext, subjectId: SubjectId, fileName: string, bytes: Uint8Array,
): Promise<{ photo: Photo; isNew: boolean }> {
  present(context.library.subjects.get(subjectId), 'subject');
  const { id, isNew } = await keepPhoto(context, subjectId, await preparePhoto({ fileName, bytes }));
  const photo = isNew ? announceNew(context, id) : announcePhoto(context, id, 'photo-changed');
  if (isNew) queueAnalysis(context, subjectId);
  return { photo, isNew };
}

/** A new photo has no face yet that the others could be compared with, so it is told of without looking at them. */
export function announceNew({ library, emit }: StudioContext, id: PhotoId): Photo {
  const record = present(library.photos.get(id), 'photo');
  const [photo] = photoViews([record], present(library.subjects.get(record.subjectId), 'subject'));
  emit({ type: 'photo-added', photo: photo! });
  return photo!;
}

/** Keeps a photo that is known to be whole; the same bytes are one photo. `inTheSame` happens with its row or never. */
export async function keepPhoto(
  { library }: StudioContext, subjectId: SubjectId, photo: PreparedPhoto,
  inTheSame: (isNew: boolean) => void = () => undefined,
): Promise<{ id: PhotoId; isNew: boolean }> {
  const { kind, fileName, widthPx, heightPx } = photo;
  return await library.exclusively(async () => {
    const originalSha256 = await library.keepFile(photo.bytes, `image/${kind}`);
    const known = library.photos.findOriginal(subjectId, originalSha256);
    if (known) {
      inTheSame(false);
      return { id: known.id, isNew: false };
    }
    const id = newId<PhotoId>();
    const previewSha256 = await library.keepFile(photo.preview, 'image/webp');
    const thumbnailSha256 = await library.keepFile(photo.thumbnail, 'image/webp');
    library.transaction(() => {
      library.photos.insert({
        id, subjectId, originalSha256, previewSha256, thumbnailSha256, fileName, widthPx, heightPx,
        addedAtMs: Date.now(),
      });
      inTheSame(true);
    });
    return { id, isNew: true };
  });
}

/** The photo waits until it has been looked at again with that face; what the user chose stays chosen. */
function chooseFace(context: StudioContext, photoId: PhotoId, faceIndex: number | null): Photo {
  const { library } = context;
  const { subjectId, faces } = present(library.photos.get(photoId), 'photo');
  if (faceIndex !== null && faceIndex >= faces.length) throw noSuchFace(faces.length);
  library.photos.chooseFace(photoId, faceIndex);
  const photo = announcePhoto(context, photoId, 'photo-changed');
  queueAnalysis(context, subjectId);
  return photo;
}

function noSuchFace(faces: number): UserError {
  return new UserError('photos.no-such-face', {
    what: 'This photo has no such face any more.',
    safe: 'Nothing was changed.',
    todo: 'Look at the photo again and choose one of its faces.',
  }, { faces });
}

/** One waiting job looks at every photo that needs it when its turn comes, so one is enough. */
export function queueAnalysis({ library, queue }: StudioContext, subjectId: SubjectId): void {
  const isQueued = library.jobs.ofSubject(subjectId).some((job) => job.kind === 'analyze' && job.state === 'waiting');
  if (isQueued) return;
  const parameters: AnalyzeParameters = {};
  queue.add({
    id: newId<JobId>(), kind: 'analyze', subjectId, title: 'Looking for faces',
    parameters: JSON.stringify(parameters), createdAtMs: Date.now(),
  });
}

/** Queues a look at what was not looked at: after a crash, by an older version, or by other face networks. */
export function queueUnseenPhotos(context: StudioContext): void {
  const { library } = context;
  for (const { id } of library.subjects.list()) {
    const hasFailed = library.jobs.ofSubject(id).some((job) => job.kind === 'analyze' && job.state === 'failed');
    if (!hasFailed && photosToLookAt(context, id).length > 0) queueAnalysis(context, id);
  }
}
