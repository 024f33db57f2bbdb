// Why a batch of portraits is not drawn, in words that say what to do.

import { UserError } from '../contract/errors.ts';
import type { Subject } from '../contract/nouns.ts';
import type { PhotoRecord } from '../library/photos.ts';

const safe = 'Nothing was drawn.';

export function otherModel(taughtOn: string, asked: string): UserError {
  return new UserError('looks.other-model', {
    what: `This look was taught on "${taughtOn}", not on "${asked}".`, safe,
    todo: `Draw with "${taughtOn}", or teach the face on the other model too.`,
  });
}

export function tooMany(found: number, most: number): UserError {
  return new UserError('portraits.too-many', {
    what: `That would be ${found} portraits; one batch takes ${most}.`, safe,
    todo: 'Choose fewer styles or a smaller count.',
  }, { found });
}

/** The same word of consent that teaching asks for: a face that is given is used just as one that is taught. */
export function noConsentToDraw({ name }: Subject): UserError {
  return new UserError('subjects.no-consent', {
    what: `Nobody has said yet that ${name} agrees to this.`, safe,
    todo: 'Tick "this is me, or I have their permission" for this subject first.',
  });
}

export function noFacePhoto({ name }: Subject, photos: readonly PhotoRecord[]): UserError {
  const isWaiting = photos.some((photo) => photo.verdict.grade === 'waiting');
  const none = photos.length === 0
    ? `There are no photos of ${name}.` : `No photo of ${name} shows a face to draw from.`;
  return new UserError('photos.no-face', {
    what: isWaiting ? `The photos of ${name} have not been looked at yet.` : none, safe,
    todo: isWaiting
      ? 'Wait until the faces are found.' : 'Add a photo that shows one face clearly, from near and in light.',
  }, { photos: photos.length });
}

export function otherFace(): UserError {
  return new UserError('portraits.other-face', {
    what: 'A photo that was to give the face or the pose shows no face of this subject.', safe,
    todo: 'Choose photos in which a face was found.',
  });
}

export function samePerson({ name }: Subject): UserError {
  return new UserError('portraits.same-person', {
    what: `${name} would be in the portrait twice.`, safe, todo: 'Choose somebody else as the second person.',
  });
}

export function noLook({ name }: Subject): UserError {
  return new UserError('portraits.no-look', {
    what: `Nothing says what ${name} looks like.`, safe,
    todo: `Choose a look of ${name}, or draw instantly from photos.`,
  });
}

/** `missing`: each missing part as a sentence. */
export function notInstant(pack: string, missing: readonly string[]): UserError {
  const parts = missing.join(' ');
  return new UserError('portraits.not-instant', {
    what: `"${pack}" cannot draw a face without teaching yet. ${parts}`.trim(), safe,
    todo: 'Add what is missing under Models (likeness models add PATH), choose another model, or teach a look.',
  }, { pack, missing: parts });
}
