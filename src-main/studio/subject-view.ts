// Subjects as the page sees them: the record of the library with how alike the used photos are to each other.

import type { SubjectId } from '../contract/ids.ts';
import type { Photo, Subject } from '../contract/nouns.ts';
import { likenessRange } from '../faces/likeness.ts';
import type { StudioContext } from './context.ts';
import { present } from './missing.ts';
import { isUsed, photoViews } from './photo-view.ts';

/** The range is that of the networks in use; photos that others embedded wait to be looked at again. */
export function subjectView({ library, companions }: StudioContext, subject: Subject): Subject {
  const { kind } = companions.faceNetworks(library.settings.get().faceEngine);
  const photos = library.photos.list(subject.id);
  const embeddings = photos.filter(isUsed).flatMap(({ faceEmbedding, embeddingEngine }) => (
    faceEmbedding && embeddingEngine === kind ? [faceEmbedding] : []));
  return {
    ...subject, coverPhotoId: coverOf(photoViews(photos, subject)), likenessRange: likenessRange(embeddings, kind),
  };
}

/** The used photo that is most like the others; before there is a used one the first that has a face, or any. */
function coverOf(photos: readonly Photo[]): Subject['coverPhotoId'] {
  const used = photos.filter((photo) => photo.isUsed).sort((a, b) => (b.likeness ?? -1) - (a.likeness ?? -1));
  return (used[0] ?? photos.find(({ faceBox }) => faceBox !== null) ?? photos[0])?.id ?? null;
}

/** Tells the page of a subject as it is now; call it when its photos, or which of them are used, have changed. */
export function announceSubject(context: StudioContext, id: SubjectId): Subject {
  const subject = subjectView(context, present(context.library.subjects.get(id), 'subject'));
  context.emit({ type: 'subject-changed', subject });
  return subject;
}
