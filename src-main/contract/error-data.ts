// Errors across a process boundary: a UserError as data, and back. What is not a UserError is a fault of ours and
// is reported as one, with its message but never with a path of the user's.

import { UserError } from './errors.ts';
import type { ErrorData } from './nouns.ts';

// EFBIG: the file system takes no larger files, or this process may write none
const fullDiskCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL']);

// SQLite's read-only codes have a suffix: SQLITE_READONLY_DBMOVED
const closedFolderCodes = /^(?:EACCES|EPERM|EROFS|SQLITE_READONLY.*|SQLITE_CANTOPEN.*)$/;
const brokenDiskCodes = /^(?:EIO|ENXIO|ENODEV|ESTALE|EREMOTEIO|SQLITE_IOERR.*)$/;

/** The error as data; what a disk does to us anywhere below becomes 'disk.full', 'disk.no-access' or 'disk.failing'. */
export function errorDataOf(error: unknown): ErrorData {
  const known = error instanceof UserError ? error : knownSystemError(error);
  if (known) return { code: known.code, ...known.text, parameters: { ...known.parameters } };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'likeness.bug',
    what: `Likeness made a mistake: ${message}`,
    safe: 'Your photos and finished portraits are untouched.',
    todo: 'Try again; if it happens again, report it with this sentence.',
    parameters: {},
  };
}

/** The UserError that the data came from. */
export function reviveError(data: ErrorData): UserError {
  return new UserError(data.code, { what: data.what, safe: data.safe, todo: data.todo }, data.parameters);
}

function knownSystemError(error: unknown): UserError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : '';
  if (fullDiskCodes.has(code) || /no space left on device/i.test(message)) return fullDiskError();
  if (closedFolderCodes.test(code)) return closedFolderError(code);
  return brokenDiskCodes.test(code) ? brokenDiskError(code) : undefined;
}

export function fullDiskError(): UserError {
  return new UserError('disk.full', {
    what: 'The disk is full.',
    safe: 'Everything that was saved before is kept; the unfinished file was removed.',
    todo: 'Free some space, or choose another folder, and start again.',
  });
}

function closedFolderError(reason: string): UserError {
  return new UserError('disk.no-access', {
    what: `Likeness may not read or write a file that it needs (${reason}).`,
    safe: 'Everything that was saved before is kept; nothing was changed.',
    todo: 'Check that the folder belongs to you, that its disk is not read-only and that no other program holds the '
      + 'file; then try again.',
  }, { reason });
}

function brokenDiskError(reason: string): UserError {
  return new UserError('disk.failing', {
    what: `The disk did not answer as it should (${reason}).`,
    safe: 'What was saved before is where it was; the unfinished file does not count.',
    todo: 'See that the drive is plugged in and whole, make a copy of your library, and try again.',
  }, { reason });
}
