// What a file is, from the names and shapes in its header alone. The rules are ComfyUI's and A1111's in substance:
// every trainer and interface tells these families apart by the same few tensors.

import type { DType, Shape } from '../tensor/tensor.ts';

/** Type and shape of a tensor, wherever it is. */
export interface TensorOutline {
  readonly dtype: DType;
  readonly shape: Shape;
}

export type Architecture = 'sd15' | 'sd2' | 'sdxl';

/** What a file turned out to be; everything but 'sd15', 'sd2' and 'sdxl' is refused. */
export type FileKind =
  | Architecture
  | 'sdxl-refiner' | 'sdxl-distilled' | 'edm' | 'unclip' | 'sd3' | 'flux'
  | 'inpainting' | 'depth' | 'instruct-pix2pix' | 'upscaler'
  | 'lora' | 'textual-inversion' | 'controlnet' | 'ip-adapter'
  | 'unet-alone' | 'vae-alone' | 'text-encoder-alone' | 'averages-alone' | 'unknown';

type Tensors = ReadonlyMap<string, TensorOutline>;

const unetPrefix = 'model.diffusion_model.';

/** Recognises a single file by its header. */
export function detectFileKind(tensors: Tensors): FileKind {
  const names = [...tensors.keys()];
  const any = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (isAdapter(names)) return 'lora';
  if (any(/^(?:model\.diffusion_model\.)?joint_blocks\./)) return 'sd3';
  if (any(/^(?:model\.diffusion_model\.)?double_blocks\./)) return 'flux';
  if (any(/^(?:control_model|controlnet_(?:down_blocks|cond_embedding)|input_hint_block)\./)) return 'controlnet';
  if (any(/^ip_adapter\./)) return 'ip-adapter';
  const convIn = tensors.get(`${unetPrefix}input_blocks.0.0.weight`);
  if (convIn) return detectStableDiffusion(tensors, convIn.shape[1]);
  if (any(/^model_ema\.diffusion_model/)) return 'averages-alone';
  if (any(/^(?:model\.diffusion_model\.)?(?:down_blocks|input_blocks)\./)) return 'unet-alone';
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
  const special = specialInput(inChannels);
  if (special) return special;
  if (tensors.has('edm_mean') || tensors.has('edm_std') || tensors.has('edm_vpred.sigma_max')) return 'edm';
  const labelWidth = tensors.get(`${unetPrefix}label_emb.0.0.weight`)?.shape[1];
  if (labelWidth !== undefined) return detectLabelled(tensors, labelWidth);
  if (has(tensors, 'cond_stage_model.model.') || has(tensors, 'conditioner.embedders.0.model.')) return 'sd2';
  if (!has(tensors, 'cond_stage_model.transformer.') && !has(tensors, 'conditioner.embedders.0.transformer.')) {
    return 'unet-alone';
  }
  return contextWidth(tensors) === openClipHWidth ? 'sd2' : 'sd15';
}

/** Channels of the latent and of what a special model is shown beside it. */
function specialInput(inChannels: number | undefined): FileKind | undefined {
  switch (inChannels) {
    case 5: return 'depth';
    case 7: return 'upscaler';
    case 8: return 'instruct-pix2pix';
    case 9: return 'inpainting';
    default: return undefined;
  }
}

/** Widths of real models' text states, and of what the refiner takes beside them: pooled text and five sizes. */
const openClipHWidth = 1024;
const openClipBigGWidth = 1280;
const refinerLabelWidth = 2560;

/** Models that take more than text: SDXL pooled text and sizes, SD 2 unCLIP a picture. */
function detectLabelled(tensors: Tensors, labelWidth: number): FileKind {
  const width = contextWidth(tensors);
  if (labelWidth === refinerLabelWidth || width === openClipBigGWidth) return 'sdxl-refiner';
  if (width === openClipHWidth) return 'unclip';
  if (!has(tensors, 'conditioner.embedders.1.model.')) return 'unet-alone';
  return hasSdxlLayers(tensors) ? 'sdxl' : 'sdxl-distilled';
}

const transformerBlock
  = /^model\.diffusion_model\.(input|middle|output)_block(?:s\.(\d+))?\.1\.transformer_blocks\.(\d+)\./;

/** SSD-1B and Vega took the middle attention and layers beside it out of SDXL, KOALA the whole middle. */
function hasSdxlLayers(tensors: Tensors): boolean {
  // layers of each attention, by side and number
  const none = (): Map<number, number> => new Map();
  const depths = { input: none(), middle: none(), output: none() };
  for (const name of tensors.keys()) {
    const [, side, block = '0', layer] = transformerBlock.exec(name) ?? [];
    if (side === undefined) continue;
    const here = depths[side as keyof typeof depths];
    here.set(Number(block), Math.max(here.get(Number(block)) ?? 0, Number(layer) + 1));
  }
  const deepest = depths.input.get(Math.max(...depths.input.keys()));
  const levels = new Set(depths.input.values());
  return depths.middle.get(0) === deepest && [...depths.output.values()].every((depth) => levels.has(depth));
}

function contextWidth(tensors: Tensors): number | undefined {
  for (const [name, { shape }] of tensors) {
    if (/^model\.diffusion_model\..*\.attn2\.to_k\.weight$/.test(name)) return shape[1];
  }
  return undefined;
}

function has(tensors: Tensors, prefix: string): boolean {
  for (const name of tensors.keys()) if (name.startsWith(prefix)) return true;
  return false;
}
