// The refusals of files and folders that are something else than a base model Likeness can use, or only a part of one.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { FileKind } from './architecture.ts';
import { quote } from './file-errors.ts';

const untouched = 'The file was only read and nothing was changed.';

const titles: Readonly<Record<FileKind, string>> = {
  'sd15': 'a Stable Diffusion 1.x checkpoint',
  'sd2': 'a Stable Diffusion 2.x checkpoint',
  'sdxl': 'an SDXL checkpoint',
  'sdxl-refiner': 'the SDXL refiner, which only finishes pictures of the base model',
  'sdxl-distilled': 'an SDXL model with layers taken out (such as SSD-1B, Vega or KOALA)',
  'edm': 'an SDXL model of another noise schedule (EDM, such as Playground 2.5)',
  'unclip': 'a Stable Diffusion 2 unCLIP checkpoint, which takes pictures in place of prompts',
  'sd3': 'a Stable Diffusion 3 checkpoint',
  'flux': 'a Flux checkpoint',
  'inpainting': 'an inpainting checkpoint',
  'depth': 'a depth-to-image checkpoint',
  'instruct-pix2pix': 'an InstructPix2Pix checkpoint',
  'upscaler': 'an upscaler checkpoint',
  'lora': 'a LoRA adapter',
  'textual-inversion': 'a textual-inversion embedding',
  'controlnet': 'a ControlNet',
  'ip-adapter': 'an IP-Adapter',
  'unet-alone': 'a UNet without its text encoder and VAE',
  'vae-alone': 'a VAE alone',
  'text-encoder-alone': 'a text encoder alone',
  'averages-alone': 'a training state that holds the averaged weights (EMA) alone',
  'unknown': 'no model that Likeness knows',
};

/** What a file is, with its article: "a LoRA adapter". */
export function titleOf(kind: FileKind): string {
  return titles[kind];
}

const parts: readonly FileKind[] = ['unet-alone', 'vae-alone', 'text-encoder-alone'];

/** The refusal of a file or folder that is no base model of SD 1, SD 2 or SDXL. */
export function unsupportedKind(file: string, kind: FileKind): UserError {
  const code = kind === 'lora' ? 'checkpoint.is-adapter' : 'checkpoint.wrong-kind';
  const title = titles[kind];
  return new UserError(code, {
    what: `${quote(file)} is ${title}, not a base model that Likeness can use.`, safe: untouched, todo: todoFor(kind),
  }, { file: path.basename(file), kind });
}

function todoFor(kind: FileKind): string {
  if (kind === 'lora') return 'Choose the base model it was trained on as the checkpoint.';
  if (kind === 'sdxl-refiner') return 'Choose the SDXL base model.';
  if (kind === 'averages-alone') return 'Choose the edition of the model that is meant for use ("pruned").';
  if (parts.includes(kind)) {
    return 'Choose the complete checkpoint file, or the folder that holds unet, vae and text_encoder.';
  }
  return 'Choose a Stable Diffusion 1.5, 2.x or SDXL base checkpoint (single file or diffusers folder).';
}

/** A checkpoint in which a tensor is missing. */
export function incompleteCheckpoint(file: string, name: string): UserError {
  return new UserError('checkpoint.incomplete', {
    what: `${quote(file)} lacks the tensor ${JSON.stringify(name)}.`, safe: untouched,
    todo: 'Choose a complete checkpoint with UNet, text encoder and VAE, or get the file again.',
  }, { file: path.basename(file), name });
}

/** Layers of a width from which the number of heads or groups cannot be told. */
export function unusualSize(file: string, network: string, width: number): UserError {
  return new UserError('checkpoint.size-unknown', {
    what: `The ${network} in ${quote(file)} has layers of ${width} channels, which no Stable Diffusion has.`,
    safe: untouched,
    todo: network === 'VAE' ? 'Put the config.json that it was published with beside it, or choose another VAE.'
      : 'Use the diffusers folder of the same model: its config.json files say what a single file cannot.',
  }, { file: path.basename(file), network, width });
}

/** Networks of several models, by sizes that do not meet. */
export function partsDisagree(location: string, sizes: Readonly<Record<string, number>>): UserError {
  return new UserError('checkpoint.parts-disagree', {
    what: `The networks in ${quote(location)} do not belong together.`,
    safe: 'The files were only read and nothing was changed.',
    todo: 'Choose a checkpoint whose UNet, VAE and text encoder come from one model.',
  }, sizes);
}

export function notACheckpointFolder(folder: string): UserError {
  return new UserError('checkpoint.not-a-folder', {
    what: `The folder ${quote(folder)} is no diffusers checkpoint: it has no unet/config.json.`,
    safe: 'Nothing was changed.',
    todo: 'Choose the folder that holds unet, vae, text_encoder and model_index.json, or a .safetensors file.',
  }, { folder: path.basename(folder) });
}
