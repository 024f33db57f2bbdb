// The refusals of foreign .onnx files: those that are run as they are, and those that are only named.

import path from 'node:path';
import { UserError } from '../contract/errors.ts';

const untouched = 'The file was only read and nothing was changed.';

const quote = (file: string): string => JSON.stringify(path.basename(file));

/** A file that is not there, is a folder, or may not be read. */
export function missingModel(file: string, cause: unknown): UserError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'no file';
  return new UserError('models.file-missing', {
    what: `The network ${quote(file)} cannot be read where it was (${reason}).`,
    safe: 'Nothing was changed.',
    todo: 'Put it back, or name its new place: likeness models add PATH.',
  }, { file: path.basename(file), reason });
}

export function tooLargeModel(file: string, sizeBytes: number, maximumBytes: number): UserError {
  return new UserError('models.file-too-large', {
    what: `${quote(file)} has ${sizeBytes} bytes; no network of this kind has more than ${maximumBytes}.`,
    safe: 'It was not read, and nothing was changed.',
    todo: 'Choose the file that was published.',
  }, { file: path.basename(file), sizeBytes, maximumBytes });
}

/** An .onnx file is a program of a kind: other bytes than the published ones are not run. */
export function wrongHash(file: string): UserError {
  return new UserError('models.wrong-hash', {
    what: `${quote(file)} is not the file that was published: its SHA-256 is another.`,
    safe: 'It was not run, and nothing was changed.',
    todo: 'Get the file again from where it was published.',
  }, { file: path.basename(file) });
}

export function unreadableModel(file: string, cause: unknown): UserError {
  return new UserError('models.unreadable', {
    what: `ONNX Runtime cannot read ${quote(file)}: ${lastWords(cause)}`,
    safe: untouched,
    todo: 'Get the file again from where it was published.',
  }, { file: path.basename(file) });
}

/** A sound graph of something else. `reason` completes "because ...". */
export function otherModel(file: string, reason: string): UserError {
  return new UserError('models.other-network', {
    what: `${quote(file)} is another network than the one that is needed: ${reason}.`,
    safe: untouched,
    todo: 'Choose the file that was published.',
  }, { file: path.basename(file), reason });
}

/** Before its last words ONNX Runtime tells where in its own sources it was. */
function lastWords(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  const line = message.trim().split('\n')[0]!.replace(/^.* was false\. /, '').replace(/\.$/, '');
  return `${line}.`;
}
