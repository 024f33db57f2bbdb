// What is said when a model of the catalogue cannot be fetched as asked.

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

/** Of a drive that is not plugged in, or a share that is not connected. */
export function storeAway(place: string): UserError {
  return new UserError('models.store-away', {
    what: `The place where models are kept (${place}) is not there now.`,
    safe: 'What is on it is untouched, and nothing was fetched.',
    todo: 'Plug its drive in or connect to it, then try again; or choose another place for models.',
  }, { place });
}
