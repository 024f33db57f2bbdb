// What is said when a model of the catalogue cannot be fetched as asked; and the hash of a whole file.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { UserError } from '../contract/errors.ts';
import type { ModelLicense } from '../contract/models.ts';

export function licenseNotAccepted(model: string, { id, name }: ModelLicense): UserError {
  return new UserError('models.license-not-accepted', {
    what: `The licence of ${model} (${name}) has not been accepted.`, safe: 'Nothing was fetched.',
    todo: `Read it and accept it first (on the command line: likeness models get --accept-license ${id}).`,
  }, { model, name });
}

export function unknownModelId(id: string, known: readonly string[]): UserError {
  return new UserError('models.not-in-catalogue', {
    what: `The catalogue has no model "${id}".`, safe: 'Nothing was changed.',
    todo: `Choose one of ${known.join(', ')}.`,
  }, { id });
}

/** SHA-256, or '' where the file cannot be read. */
export async function hashOfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(bytes as Uint8Array);
  } catch {
    return '';
  }
  return hash.digest('hex');
}
