// Messages for torch files that cannot be used.

import path from 'node:path';

import { UserError } from '../../contract/errors.ts';
import { damagedFile, quote, unsupportedDType } from '../file-errors.ts';

const untouched = 'The file was only read: nothing in it was run, and nothing was changed.';
const getAgain = 'Get the file again from where it came from.';
const chooseSafetensors = 'Choose the safetensors edition of the same model.';

export function damagedTorch(file: string, reason: string): UserError {
  return new UserError('checkpoint.torch-damaged', {
    what: `${quote(file)} is not a sound PyTorch file: ${reason}.`, safe: untouched, todo: getAgain,
  }, { file: path.basename(file), reason });
}

export function truncatedTorch(file: string): UserError {
  return new UserError('checkpoint.truncated', {
    what: `${quote(file)} is cut off: its end is missing.`, safe: untouched,
    todo: 'The download or copy stopped early: get the file again.',
  }, { file: path.basename(file) });
}

export function changedFile(file: string): UserError {
  return damagedFile(file, 'it changed while it was read');
}

/** The pickle names something that weights have no need of; whoever loads it in PyTorch may run it. */
export function unsafePickle(file: string, name: string): UserError {
  const shown = [...name].map((letter) => (/[\p{L}\p{N}._ -]/u.test(letter) ? letter : '?')).join('').slice(0, 100);
  return new UserError('checkpoint.pickle-unsafe', {
    what: `${quote(file)} asks for "${shown}", no part of a model: opened elsewhere, it could run a program.`,
    safe: 'Nothing in it was run, and nothing was changed.',
    todo: 'Do not open it with other programs unless you trust where it came from. '
      + 'Choose the safetensors edition of the same model.',
  }, { file: path.basename(file), name: shown });
}

export function unsupportedTorch(file: string, reason: string): UserError {
  return new UserError('checkpoint.torch-unsupported', {
    what: `${quote(file)} cannot be read: ${reason}.`, safe: untouched, todo: chooseSafetensors,
  }, { file: path.basename(file), reason });
}

export function compressedZip(file: string, reason: string): UserError {
  return new UserError('checkpoint.zip-unsupported', {
    what: `${quote(file)} is not as PyTorch wrote it: ${reason}.`, safe: untouched,
    todo: 'Get the original file, or the safetensors edition of the same model.',
  }, { file: path.basename(file), reason });
}

export function torchDType(file: string, name: string): UserError {
  return unsupportedDType(file, 'its pickle', name);
}

/** No torch file at all, by its first bytes. */
export function notTorch(file: string): UserError {
  return new UserError('checkpoint.torch-unknown', {
    what: `${quote(file)} is no PyTorch file: it begins neither as a zip archive nor as a pickle.`, safe: untouched,
    todo: 'Choose a .ckpt, .pt, .bin or .safetensors file of a model.',
  }, { file: path.basename(file) });
}

/** Views that must be copied and are larger than the file could account for. */
export function scatteredWeights(file: string): UserError {
  return new UserError('checkpoint.torch-scattered', {
    what: `The numbers in ${quote(file)} do not lie in order and are too many to sort in memory.`, safe: untouched,
    todo: chooseSafetensors,
  }, { file: path.basename(file) });
}
