// Refusals of the user's own models: places that are not there, packs whose file is gone, add-ons that do not fit.

import path from 'node:path';
import { UserError } from '../contract/errors.ts';

const safe = 'Nothing was changed.';

/** What was named is not there or may not be read. */
export function modelsMissing(place: string, cause: unknown): UserError {
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'no file';
  const isThere = reason !== 'ENOENT';
  return new UserError('models.place-missing', {
    what: isThere ? `${quote(place)} cannot be read (${reason}).` : `There is nothing at ${quote(place)}.`, safe,
    todo: isThere ? 'Check that you may read it and that its drive is whole, then name it again.'
      : 'Check the path, or plug its drive in first.',
  }, { file: path.basename(place), reason });
}

/** A file that was named by itself and is no model that can be used. */
export function notUsable(place: string, reason: string): UserError {
  return new UserError('models.not-usable', {
    what: reason, safe: 'The file was only read and is not remembered.',
    todo: 'Choose a checkpoint, a LoRA, an embedding or a VAE for Stable Diffusion 1.5, 2 or SDXL.',
  }, { file: path.basename(place) });
}

/** Something that was found and is not known any more. */
export function unknownModel(what: 'folder' | 'model'): UserError {
  return new UserError('models.unknown', {
    what: `This ${what} is not among your models any more.`, safe, todo: 'Look at the list of models again.',
  });
}

/** A checkpoint that was there before. */
export function packGone(name: string): UserError {
  return new UserError('packs.gone', {
    what: `The model "${name}" is not where it was.`, safe: 'Your looks and portraits are untouched.',
    todo: 'Plug its drive in or put the file back, then try again; or choose another model.',
  }, { name });
}

export function packChanged(name: string): UserError {
  return new UserError('packs.changed', {
    what: `The file of the model "${name}" was changed since it was looked at.`,
    safe: 'Your looks and portraits are untouched.',
    todo: 'Look through the folder of models again, then try once more.',
  }, { name });
}

/** Another model's VAE, or something that is none. */
export function notAVaeFor(name: string): UserError {
  return new UserError('models.not-a-vae', {
    what: `"${name}" is no VAE that this model can use.`, safe, todo: 'Choose a VAE that was made for its family.',
  }, { name });
}

export function addOnGone(name: string): UserError {
  return new UserError('models.add-on-gone', {
    what: name === '' ? 'A LoRA or embedding is not among your models any more.'
      : `"${name}" is not where it was.`,
    safe: 'Nothing was drawn.', todo: 'Plug its drive in or put the file back; or draw without it.',
  }, { name });
}

export function notAnAddOn(name: string): UserError {
  return new UserError('models.not-an-add-on', {
    what: `"${name}" is neither a LoRA nor an embedding that can be used.`, safe: 'Nothing was drawn.',
    todo: 'Choose a LoRA or an embedding for the family of the base model.',
  }, { name });
}

export function addOnMisfit(name: string, its: string, model: string): UserError {
  return new UserError('models.add-on-misfit', {
    what: `"${name}" was made for ${its}, but the chosen base model is ${model}.`, safe: 'Nothing was drawn.',
    todo: `Leave it out, or choose a base model of ${its}.`,
  }, { name, its, model });
}

function quote(place: string): string {
  return JSON.stringify(path.basename(place));
}
