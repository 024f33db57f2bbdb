// Errors across a process boundary: a UserError as data, and back. What is not a UserError is a fault of ours and
// is reported as one, with its message but never with a path of the user's.

import { UserError } from './errors.ts';
import type { ErrorData } from './nouns.ts';

// EFBIG: the file system takes no larger files, or this process may write none
const fullDiskCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL']);

/** The error as data; a full disk anywhere below becomes 'disk.full'. */
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
  return fullDiskCodes.has(code) || /no space left on device/i.test(message) ? fullDiskError() : undefined;
}

export function fullDiskError(): UserError {
  return new UserError('disk.full', {
    what: 'The disk is full.',
    safe: 'Everything that was saved before is kept; the unfinished file was removed.',
    todo: 'Free some space, or choose another folder, and start again.',
  });
}
