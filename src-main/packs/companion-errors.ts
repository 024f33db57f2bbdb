// What is said when a path holds none of the networks that stand beside base models, or when they cannot be used.

import path from 'node:path';
import { UserError } from '../contract/errors.ts';

const untouched = 'It was only looked at, and nothing was changed.';

/** `reason` completes "because ...". */
export function noCompanion(place: string, reason: string): UserError {
  const file = path.basename(place);
  return new UserError('companions.unknown', {
    what: `"${file}" is none of the networks that stand beside a base model: ${reason}.`,
    safe: untouched,
    todo: 'Name the folder of antelopev2 or of InstantID, one of their files, or the LCM-LoRA for SDXL. '
      + 'A base model goes with --pack.',
  }, { file, reason });
}

export function notALcmLora(place: string): UserError {
  const file = path.basename(place);
  return new UserError('companions.other-lora', {
    what: `"${file}" is a LoRA, but not one that makes a model draw in few steps.`,
    safe: untouched,
    todo: 'Name the LCM-LoRA for SDXL (pytorch_lora_weights.safetensors).',
  }, { file });
}

/** antelopev2 was chosen and cannot be used. `reason` is a whole sentence. */
export function engineNotReady(reason: string): UserError {
  return new UserError('companions.engine-not-ready', {
    what: `antelopev2 cannot be used. ${reason}`,
    safe: 'The built-in face networks stay in use.',
    todo: 'Add its two files with "likeness models add PATH", read its licence and accept it.',
  }, { reason });
}

export function unknownLicense(licenseId: string): UserError {
  return new UserError('companions.unknown-license', {
    what: `There is no licence "${licenseId}".`,
    safe: 'Nothing was changed.',
    todo: 'See "likeness models" for the ids of licences.',
  }, { licenseId });
}
