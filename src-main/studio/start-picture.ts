// The file behind a picture that portraits start from.

import type { CreateRequest } from '../contract/engine-create.ts';
import type { SubjectId } from '../contract/ids.ts';
import type { StartPicture } from '../contract/nouns.ts';
import type { Library } from '../library/library.ts';
import { UserError } from '../contract/errors.ts';
import { present } from './missing.ts';

/**
 * Refuses with portraits.other-start what is not a picture of this subject with a face in it, and portraits with
 * somebody in them who is not the second person of the new ones too.
 */
export function startFileOf(
  library: Library, subjectId: SubjectId, { source, strength }: StartPicture, secondId: SubjectId | undefined,
): NonNullable<CreateRequest['start']> {
  if ('portraitId' in source) {
    const portrait = present(library.portraits.get(source.portraitId), 'portrait');
    // whoever is in it would stay in the new one unseen, also when they are removed
    const isKnown = portrait.second === null || portrait.second.subjectId === secondId;
    if (portrait.subjectId !== subjectId || !isKnown) throw otherStart();
    return { file: library.pathOf(portrait.fileSha256), strength, isPhoto: false };
  }
  const photo = present(library.photos.get(source.photoId), 'photo');
  if (photo.subjectId !== subjectId || photo.cropSha256 === null) throw otherStart();
  return { file: library.pathOf(photo.cropSha256), strength, isPhoto: true };
}

function otherStart(): UserError {
  return new UserError('portraits.other-start', {
    what: 'The picture to start from shows no face of this subject, or somebody else as well.',
    safe: 'Nothing was drawn.',
    todo: 'Choose a portrait of the subject alone, or a photo in which a face was found.',
  });
}
