// Messages for files that cannot be used: what the file is instead, and where to get a right one.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';

const untouched = 'The file was only read and nothing was changed.';

/** A file that cannot be opened at all. */
export function unreadableFile(file: string, cause: unknown): UserError {
  const missing = (cause as NodeJS.ErrnoException)?.code === 'ENOENT';
  const reason = reasonOf(cause);
  return new UserError(missing ? 'checkpoint.file-missing' : 'checkpoint.file-unreadable', {
    what: missing ? `There is no file ${quote(file)}.` : `${quote(file)} cannot be read (${reason}).`,
    safe: 'Nothing was changed.',
    todo: missing ? 'Check the path, plug its drive in, or choose the file again.'
      : 'Check that you may read it and that its drive is plugged in and whole, then try again.',
  }, { file: path.basename(file), reason });
}

/** A file whose header or data breaks the rules of the format. `reason` completes "because ...". */
export function damagedFile(file: string, reason: string): UserError {
  return new UserError('checkpoint.damaged', {
    what: `${quote(file)} is not a sound safetensors file: ${reason}.`,
    safe: untouched,
    todo: 'Get the file again from where it came from.',
  }, { file: path.basename(file), reason });
}

/** A file that is shorter than its header says. */
export function truncatedFile(file: string, sizeBytes: number, expectedBytes: number): UserError {
  return new UserError('checkpoint.truncated', {
    what: `${quote(file)} is cut off: it has ${sizeBytes} bytes and should have ${expectedBytes}.`,
    safe: untouched,
    todo: 'The download or copy stopped early: get the file again.',
  }, { file: path.basename(file), sizeBytes, expectedBytes });
}

/** A tensor type that nothing here computes with. */
export function unsupportedDType(file: string, tensor: string, dtype: string): UserError {
  return new UserError('checkpoint.dtype-unsupported', {
    what: `${quote(file)} holds numbers of type ${dtype} (in ${JSON.stringify(tensor)}), which Likeness cannot read.`,
    safe: untouched,
    todo: 'Choose the float16, bfloat16 or float32 edition of the same model.',
  }, { file: path.basename(file), tensor, dtype });
}

/** What a file that is no safetensors file seems to be, from its first bytes; undefined when they say nothing. */
export function impostor(file: string, head: Uint8Array): UserError | undefined {
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (/^(?:<!doctype html|<html|<head|<!--|<\?xml)/.test(text)) return webPage(file);
  if (text.startsWith('version https://git-lfs')) return gitLfsPointer(file);
  if (text.startsWith('gguf')) return foreign(file, 'a GGUF file, whose numbers are packed for language models');
  if (new TextDecoder().decode(head.subarray(257, 262)) === 'ustar') {
    return foreign(file, 'a tar archive, the oldest form of PyTorch files');
  }
  if (text.startsWith('pk\u0003\u0004') || (head[0] === 0x80 && head[1] === 2)) return pickle(file);
  return undefined;
}

function webPage(file: string): UserError {
  return new UserError('checkpoint.web-page', {
    what: `${quote(file)} is a web page, not a model: the site sent a page in place of the file.`,
    safe: untouched,
    todo: 'Open the site in a browser, sign in or accept the licence if it asks, and download the file again.',
  }, { file: path.basename(file) });
}

function gitLfsPointer(file: string): UserError {
  return new UserError('checkpoint.lfs-pointer', {
    what: `${quote(file)} is a Git LFS pointer, a note of a few lines that stands for the real file.`,
    safe: untouched,
    todo: 'Run "git lfs pull" in its folder, or download the file itself.',
  }, { file: path.basename(file) });
}

function pickle(file: string): UserError {
  return new UserError('checkpoint.pickle', {
    what: `${quote(file)} is a PyTorch or zip file under another name, not safetensors.`,
    safe: untouched,
    todo: 'Choose the safetensors edition of the same model.',
  }, { file: path.basename(file) });
}

function foreign(file: string, title: string): UserError {
  return new UserError('checkpoint.foreign-format', {
    what: `${quote(file)} is ${title}.`,
    safe: untouched,
    todo: 'Choose the safetensors edition of the same model.',
  }, { file: path.basename(file) });
}

/** The file's name in quotes: messages never show the folders above it. */
export function quote(file: string): string {
  return JSON.stringify(path.basename(file));
}

function reasonOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException)?.code ?? String(cause);
}
