// Refusals of LoRA files, each in words for its owner.

import path from 'node:path';

import type { Architecture } from '../checkpoint/architecture.ts';
import { UserError } from '../contract/errors.ts';
import { type Family, familyTitles } from './families.ts';

const safe = 'The file was only read and nothing was changed.';

/** A file that is no LoRA at all. */
export function notALora(file: string, what: string, model: Architecture): UserError {
  return new UserError('adapter.not-a-lora', {
    what: `${name(file)} is ${what}, not a LoRA.`, safe, todo: `Choose a LoRA file for ${familyTitles[model]}.`,
  }, { file: path.basename(file) });
}

/** A LoRA of another family of models. */
export function otherArchitecture(file: string, family: Family, model: Architecture): UserError {
  const [its, chosen] = [familyTitles[family], familyTitles[model]];
  const canUse = family === 'flux' || family === 'sd3' ? '' : `, or an ${its} base model for this one`;
  return new UserError('adapter.other-architecture', {
    what: `${name(file)} is a LoRA for ${its}, but the chosen base model is ${chosen}.`,
    safe, todo: `Choose a LoRA for ${chosen}${canUse.replace('an Stable', 'a Stable')}.`,
  }, { file: path.basename(file), adapter: its, checkpoint: chosen });
}

/** A LoRA of a family that Likeness opens no models of. */
export function foreignLora(file: string, family: Family): UserError {
  return new UserError('adapter.foreign', {
    what: `${name(file)} is a LoRA for ${familyTitles[family]}, which Likeness cannot use.`,
    safe, todo: 'Use LoRAs for Stable Diffusion 1.5, 2 or SDXL.',
  }, { file: path.basename(file), adapter: familyTitles[family] });
}

/** A LoRA of the same family whose layers have other sizes, or that the model does not have. */
export function doesNotFit(file: string, layer: string, reason: string): UserError {
  return new UserError('adapter.does-not-fit', {
    what: `${name(file)} was learned on another base model: ${reason} (${layer}).`,
    safe, todo: 'Choose the base model that this LoRA was trained on.',
  }, { file: path.basename(file), layer, reason });
}

/** A kind of adapter that only looks like a LoRA: LyCORIS, DoRA and such. */
export function unsupportedForm(file: string, tensor: string): UserError {
  const quoted = JSON.stringify(tensor.slice(0, 120));
  return new UserError('adapter.form-unsupported', {
    what: `${name(file)} is a kind of adapter that Likeness cannot use (it holds ${quoted}).`,
    safe, todo: 'Choose a plain LoRA: files with lora_down and lora_up, or lora_A and lora_B.',
  }, { file: path.basename(file), tensor });
}

/** A LoRA whose numbers contradict each other or cannot be meant. */
export function brokenLora(file: string, layer: string, reason: string): UserError {
  return new UserError('adapter.broken', {
    what: `${name(file)} is broken: ${reason} (${layer}).`, safe, todo: 'Get the file again from where it came from.',
  }, { file: path.basename(file), layer, reason });
}

function name(file: string): string {
  return JSON.stringify(path.basename(file));
}
