// Why a library cannot be moved. In each case it is where it was, and whole.

import { UserError } from '../contract/errors.ts';

const safe = 'The library is where it was, and nothing in it was changed.';

export function nothingToMove(): UserError {
  return new UserError('library.none', {
    what: 'There is no library to move yet.', safe: 'Nothing was changed.', todo: 'Open Likeness once, then move it.',
  });
}

export function placeInside(place: string): UserError {
  return new UserError('library.place-inside', {
    what: `${place} is inside the library, or the library is inside of it.`,
    safe, todo: 'Choose a folder of its own for the library.',
  }, { place });
}

export function placeTaken(place: string): UserError {
  return new UserError('library.place-taken', {
    what: `${place} holds something already.`,
    safe, todo: 'Choose an empty folder, or one that has no folder "Likeness" yet.',
  }, { place });
}

export function noRoom(neededBytes: number, freeBytes: number): UserError {
  const [needed, free] = [neededBytes, freeBytes].map((bytes) => (bytes / 2 ** 30).toFixed(1)) as [string, string];
  return new UserError('library.no-room', {
    what: `The library needs ${needed} GiB there, and ${free} GiB are free.`,
    safe, todo: 'Choose a larger disk, or free some space on this one.',
  }, { needed, free });
}

export function notCopied(file: string): UserError {
  return new UserError('library.move-failed', {
    what: `The copy of "${file}" is not what was written: one of the two disks may be failing.`,
    safe, todo: 'Try another disk, and have this one looked at.',
  }, { file });
}
