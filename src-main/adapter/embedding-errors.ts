// Refusals of textual-inversion files, each in words for its owner.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';

const safe = 'The file was only read and nothing was changed.';

/** A file that is no embedding at all. */
export function notAnEmbedding(file: string, what: string): UserError {
  return new UserError('adapter.not-an-embedding', {
    what: `${name(file)} is ${what}, not a textual-inversion embedding.`,
    safe, todo: 'Choose an embedding: a small file with one new word for the text encoder.',
  }, { file: path.basename(file) });
}

/** An embedding for text encoders of other widths. */
export function otherEncoders(file: string, its: string, model: string): UserError {
  return new UserError('adapter.other-architecture', {
    what: `${name(file)} is an embedding for ${its}, but the chosen base model is ${model}.`,
    safe, todo: 'Choose an embedding for this base model, or the base model that this one was learned on.',
  }, { file: path.basename(file), adapter: its, checkpoint: model });
}

/** One of the two files in which diffusers keeps an embedding for SDXL. */
export function halfAnEmbedding(file: string, other: string): UserError {
  return new UserError('adapter.half-an-embedding', {
    what: `${name(file)} is one half of an embedding for SDXL: ${name(other)} is missing beside it.`,
    safe, todo: 'Put both files into one folder, or choose a file with clip_l and clip_g.',
  }, { file: path.basename(file), other: path.basename(other) });
}

/** An embedding whose numbers cannot be meant. */
export function brokenEmbedding(file: string, reason: string): UserError {
  return new UserError('adapter.broken', {
    what: `${name(file)} is broken: ${reason}.`, safe, todo: 'Get the file again from where it came from.',
  }, { file: path.basename(file), reason });
}

function name(file: string): string {
  return JSON.stringify(path.basename(file));
}
