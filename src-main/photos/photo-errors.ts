// Everything that can be wrong with a photo, in words that its owner can act on.

import { UserError } from '../contract/errors.ts';

const untouched = 'Your file was not changed.';

export function notAPicture(file: string): UserError {
  return new UserError('photos.not-a-picture', {
    what: `${file} is not a picture, whatever its name says.`,
    safe: untouched,
    todo: 'Choose a JPEG, PNG or WebP photo.',
  }, { file });
}

export function unsupportedKind(file: string, kind: string): UserError {
  return new UserError('photos.unsupported-kind', {
    what: `${file} is a ${kind} file, which Likeness does not read.`,
    safe: untouched,
    todo: 'Save a copy of it as JPEG, PNG or WebP and add that.',
  }, { file, kind });
}

export function damagedPicture(file: string, kind: string): UserError {
  return new UserError('photos.damaged', {
    what: `${file} is a damaged or cut-off ${kind} file.`,
    safe: untouched,
    todo: 'Copy it again from the camera or phone, or choose another photo.',
  }, { file, kind });
}

export function tooManyPixels(file: string, width: number, height: number, limit: number): UserError {
  const millions = (count: number): number => Math.round(count / 1e6);
  return new UserError('photos.too-many-pixels', {
    what: `${file} is ${width} x ${height} pixels, ${millions(width * height)} million in all; `
      + `the limit is ${millions(limit)} million.`,
    safe: `It was not opened. ${untouched}`,
    todo: 'Save a smaller copy of it and add that.',
  }, { file, width, height, limit });
}

export function tooLarge(file: string, sizeBytes: number, limitBytes: number): UserError {
  const megabytes = (bytes: number): number => Math.round(bytes / 1024 ** 2);
  return new UserError('photos.too-large', {
    what: `${file} is ${megabytes(sizeBytes)} MB; the limit for one photo is ${megabytes(limitBytes)} MB.`,
    safe: `It was not opened. ${untouched}`,
    todo: 'Save a smaller copy of it and add that.',
  }, { file, sizeBytes, limitBytes });
}

export function tookTooLong(file: string): UserError {
  return new UserError('photos.too-slow', {
    what: `${file} could not be decoded in reasonable time.`,
    safe: untouched,
    todo: 'Save a copy of it as an ordinary JPEG and add that.',
  }, { file });
}

export function cannotRead(file: string, reason: string): UserError {
  return new UserError('photos.cannot-read', {
    what: `${file} could not be read (${reason}).`,
    safe: untouched,
    todo: 'Check that it exists and that you may open it.',
  }, { file, reason });
}

export function folderMissing(folder: string): UserError {
  return new UserError('photos.folder-missing', {
    what: `There is no folder ${folder}.`,
    safe: 'Nothing was changed.',
    todo: 'Check the name of the folder.',
  }, { folder });
}

export function folderEmpty(folder: string): UserError {
  return new UserError('photos.folder-empty', {
    what: `There are no pictures in the folder ${folder}.`,
    safe: 'Nothing was changed.',
    todo: 'Put some JPEG, PNG or WebP photos of one person into it, or choose another folder.',
  }, { folder });
}

export function nothingChosen(): UserError {
  return new UserError('photos.none-found', {
    what: 'There are no pictures in what you chose.',
    safe: 'Nothing was changed.',
    todo: 'Choose JPEG, PNG or WebP photos of one person, or a folder with some.',
  });
}

export function tooManyPhotos(most: number): UserError {
  return new UserError('photos.too-many', {
    what: `There are more than ${most} pictures in what you chose.`,
    safe: 'None of them was added.',
    todo: 'Choose the folders that hold photos of this one person.',
  }, { most });
}

/** The operating system's word for what went wrong, e.g. 'ENOENT'; '' when it is not a system error. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
