// What a file is, from the names and shapes in its header alone. The rules are ComfyUI's and A1111's in substance:
// every trainer and interface tells these families apart by the same few tensors.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { TensorReference } from '../tensor/weights.ts';
import { quote } from './file-errors.ts';

export type Architecture = 'sd15' | 'sd2' | 'sdxl';

/** What a file turned out to be; everything but 'sd15', 'sd2' and 'sdxl' is refused. */
export type FileKind =
  | Architecture
  | 'sdxl-refiner' | 'sd3' | 'flux' | 'inpainting' | 'instruct-pix2pix' | 'upscaler'
  | 'lora' | 'textual-inversion' | 'controlnet' | 'unet-alone' | 'vae-alone' | 'text-encoder-alone' | 'unknown';

type Tensors = ReadonlyMap<string, TensorReference>;

const titles: Readonly<Record<FileKind, string>> = {
  'sd15': 'a Stable Diffusion 1.x checkpoint',
  'sd2': 'a Stable Diffusion 2.x checkpoint',
  'sdxl': 'an SDXL checkpoint',
  'sdxl-refiner': 'the SDXL refiner',
  'sd3': 'a Stable Diffusion 3 checkpoint',
  'flux': 'a Flux checkpoint',
  'inpainting': 'an inpainting checkpoint',
  'instruct-pix2pix': 'an InstructPix2Pix checkpoint',
  'upscaler': 'an upscaler checkpoint',
  'lora': 'a LoRA adapter',
  'textual-inversion': 'a textual-inversion embedding',
  'controlnet': 'a ControlNet',
  'unet-alone': 'a UNet without its text encoder and VAE',
  'vae-alone': 'a VAE alone',
  'text-encoder-alone': 'a text encoder alone',
  'unknown': 'no model that Likeness knows',
};

/** Recognises a single file by its header. */
export function detectFileKind(tensors: Tensors): FileKind {
  const names = [...tensors.keys()];
  const any = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (isAdapter(names)) return 'lora';
  if (any(/^(?:model\.diffusion_model\.)?joint_blocks\./)) return 'sd3';
  if (any(/^(?:model\.diffusion_model\.)?double_blocks\./)) return 'flux';
  if (any(/^(?:control_model|controlnet_(?:down_blocks|cond_embedding)|input_hint_block)\./)) return 'controlnet';
  const convIn = tensors.get('model.diffusion_model.input_blocks.0.0.weight');
  if (convIn) return detectStableDiffusion(tensors, convIn.shape[1]);
  if (any(/^(?:down_blocks|input_blocks)\./)) return 'unet-alone';
  if (any(/^(?:first_stage_model\.|vae\.)?encoder\.conv_in\./)) return 'vae-alone';
  if (any(/(?:^|\.)(?:text_model|transformer\.resblocks)\./)) return 'text-encoder-alone';
  if (any(/^(?:emb_params|clip_l|clip_g)$/) || names.length === 1) return 'textual-inversion';
  return 'unknown';
}

/** Whether tensor names are those of a LoRA in any of its namings. */
export function isAdapter(names: readonly string[]): boolean {
  return names.some((name) => /^lora_|[._]lora[._]|\.lora_[AB]\.|\.(?:hada|lokr|oft)_/.test(name));
}

function detectStableDiffusion(tensors: Tensors, inChannels: number | undefined): FileKind {
  if (inChannels === 9) return 'inpainting';
  if (inChannels === 8) return 'instruct-pix2pix';
  if (inChannels === 7) return 'upscaler';
  if (has(tensors, 'conditioner.embedders.1.model.')) return 'sdxl';
  const labels = tensors.get('model.diffusion_model.label_emb.0.0.weight');
  if (labels && labels.shape[1] === 2560) return 'sdxl-refiner';
  if (labels) return 'sdxl';
  if (has(tensors, 'cond_stage_model.model.') || has(tensors, 'conditioner.embedders.0.model.')) return 'sd2';
  const toKey = [...tensors].find(([name]) => /^model\.diffusion_model\..*\.attn2\.to_k\.weight$/.test(name))?.[1];
  if (toKey?.shape[1] === 1024) return 'sd2';
  return has(tensors, 'cond_stage_model.transformer.') ? 'sd15' : 'unet-alone';
}

function has(tensors: Tensors, prefix: string): boolean {
  for (const name of tensors.keys()) if (name.startsWith(prefix)) return true;
  return false;
}

/** The refusal of a file or folder that is something else than a checkpoint this version can use. */
export function unsupportedKind(file: string, kind: FileKind): UserError {
  const later = kind === 'sd2' || kind === 'sdxl';
  const otherwise = kind === 'lora' ? 'checkpoint.is-adapter' : 'checkpoint.wrong-kind';
  const code = later ? 'checkpoint.architecture-not-yet' : otherwise;
  const what = `${quote(file)} is ${titles[kind]}`;
  return new UserError(code, {
    what: later ? `${what}, which this version of Likeness does not support yet.` : `${what}, not a base model.`,
    safe: 'The file was only read and nothing was changed.',
    todo: todoFor(kind),
  }, { file: path.basename(file), kind });
}

function todoFor(kind: FileKind): string {
  if (kind === 'lora') return 'Choose the base model it was trained on as the checkpoint.';
  if (kind === 'unet-alone' || kind === 'vae-alone' || kind === 'text-encoder-alone') {
    return 'Choose the complete checkpoint file, or the folder that holds unet, vae and text_encoder.';
  }
  return 'Choose a Stable Diffusion 1.5 checkpoint (single file or diffusers folder).';
}
