// The file behind a picture that portraits start from.

import type { CreateRequest } from '../contract/engine-create.ts';
import type { SubjectId } from '../contract/ids.ts';
import type { StartPicture } from '../contract/nouns.ts';
import type { Library } from '../library/library.ts';
import { UserError } from '../contract/errors.ts';
import { present } from './missing.ts';

/** Refuses with portraits.other-start what is not a picture of this subject with a face in it. */
export function startFileOf(
  library: Library, subjectId: SubjectId, { source, strength }: StartPicture,
): NonNullable<CreateRequest['start']> {
  if ('portraitId' in source) {
    const portrait = present(library.portraits.get(source.portraitId), 'portrait');
    if (portrait.subjectId !== subjectId) throw otherStart();
    return { file: library.pathOf(portrait.fileSha256), strength, isPhoto: false };
  }
  const photo = present(library.photos.get(source.photoId), 'photo');
  if (photo.subjectId !== subjectId || photo.cropSha256 === null) throw otherStart();
  return { file: library.pathOf(photo.cropSha256), strength, isPhoto: true };
}

function otherStart(): UserError {
  return new UserError('portraits.other-start', {
    what: 'The picture to start from shows no face of this subject.',
    safe: 'Nothing was drawn.',
    todo: 'Choose a portrait of the subject, or a photo in which a face was found.',
  });
}
