// The namings that LoRA files come in, and the parts of a layer that their names speak of:
//   kohya      lora_unet_mid_block_attentions_0_proj_in.lora_down.weight, for SDXL lora_unet_middle_block_1_proj_in...
//   diffusers  unet....processor.to_q_lora.down.weight, unet....to_q.lora.down.weight,
//              text_encoder....q_proj.lora_linear_layer.down.weight, text_encoder_2...
//   PEFT       unet....to_q.lora_A.weight, base_model.model....to_q.lora_A.weight
//   ComfyUI    diffusion_model.middle_block.1.proj_in.lora_A.weight, text_encoders.clip_l.transformer....

import { originalUnetName, type UnetBlocks, unetBlocksOf } from '../checkpoint/original-names.ts';
import type { AdaptableLayer, AdaptedNetwork } from './lora-layers.ts';

/** `mid` is the core of a Tucker decomposition (LyCORIS). */
export type LoraPart = 'down' | 'up' | 'mid' | 'alpha';

export interface LoraName {
  /** As the file speaks of the layer: 'unet/mid_block.attentions.0.proj_in', or with underscores for the dots. */
  readonly layerKey: string;
  readonly part: LoraPart;
}

const kohyaParts: Readonly<Record<string, LoraPart>> = {
  'lora_down.weight': 'down', 'lora_up.weight': 'up', 'lora_mid.weight': 'mid', 'alpha': 'alpha',
  'lora_A.weight': 'down', 'lora_B.weight': 'up',
};

const kohyaNetworks: Readonly<Record<string, AdaptedNetwork>> = {
  unet: 'unet', te: 'textEncoder', te1: 'textEncoder', te2: 'textEncoder2',
};

const dottedEndings: readonly (readonly [RegExp, LoraPart])[] = [
  [/(?:\.lora_A(?:\.\w+)?|\.lora_down|\.lora\.down|\.lora_linear_layer\.down|_lora\.down)\.weight$/, 'down'],
  [/(?:\.lora_B(?:\.\w+)?|\.lora_up|\.lora\.up|\.lora_linear_layer\.up|_lora\.up)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/(?:\.lora|\.lora_linear_layer|_lora)?\.alpha$/, 'alpha'],
];

const dottedNetworks: readonly (readonly [RegExp, AdaptedNetwork])[] = [
  [/^(?:unet|(?:model\.)?diffusion_model)\./, 'unet'],
  [/^text_encoder\./, 'textEncoder'],
  [/^text_encoder_2\./, 'textEncoder2'],
  [/^(?:text_encoders\.)?clip_[lh]\.transformer\./, 'textEncoder'],
  [/^(?:text_encoders\.)?clip_g\.transformer\./, 'textEncoder2'],
];

/** diffusers' first naming calls the text encoder's projections as the UNet's. */
const oldTextNames: Readonly<Record<string, string>> = {
  to_q: 'q_proj', to_k: 'k_proj', to_v: 'v_proj', to_out: 'out_proj',
};

/**
 * kohya's name of a layer, e.g. 'lora_te_text_model_encoder_layers_0_mlp_fc1'. For SDXL, whose block counts `sdxl` are,
 * the UNet's layers have the original code's names and the text encoders numbers.
 */
export function kohyaName(network: AdaptedNetwork, modulePath: string, sdxl?: UnetBlocks): string {
  const underscored = (prefix: string, path: string): string => `lora_${prefix}_${path.replaceAll('.', '_')}`;
  if (network === 'textEncoder2') return underscored('te2', modulePath);
  if (network === 'textEncoder') return underscored(sdxl ? 'te1' : 'te', modulePath);
  const original = sdxl ? originalUnetName(modulePath, sdxl) : modulePath;
  if (original === undefined) throw new Error(`${modulePath} is no layer of an SDXL UNet.`);
  return underscored('unet', original);
}

/** Reads a tensor's name in whatever naming; undefined when it is no part of a plain LoRA. */
export function parseLoraName(name: string): LoraName | undefined {
  const kohya = /^lora_(unet|te[12]?)_([^.]+)\.(.+)$/.exec(name);
  if (kohya) {
    const part = kohyaParts[kohya[3]!];
    return part && { layerKey: `${kohyaNetworks[kohya[1]!]}/${kohya[2]}`, part };
  }
  const [ending, part] = dottedEndings.map(([pattern, part]) => [pattern.exec(name)?.[0], part] as const)
    .find(([found]) => found !== undefined) ?? [];
  if (ending === undefined || part === undefined) return undefined;
  const bare = name.slice(0, -ending.length).replace(/^base_model\.model\./, '');
  const [prefix, network] = dottedNetworks.find(([pattern]) => pattern.test(bare))
    ?? [/^/, bare.startsWith('text_model.') ? 'textEncoder' : 'unet'] as const;
  const path = bare.replace(prefix, '');
  return { layerKey: `${network}/${ending.startsWith('_lora') ? oldPath(path, network !== 'unet') : path}`, part };
}

function oldPath(path: string, isText: boolean): string {
  return path.replace('.processor.', '.').replace(/\.(to_(?:q|k|v|out))$/, (_, projection: string) => {
    if (isText) return `.${oldTextNames[projection]}`;
    return projection === 'to_out' ? '.to_out.0' : `.${projection}`;
  });
}

/** The base model's layers under every key that a file may use. */
export function layersByKey(layers: readonly AdaptableLayer[]): ReadonlyMap<string, AdaptableLayer> {
  const blocks = unetBlocksOf(layers.flatMap(({ network, modulePath }) => (network === 'unet' ? modulePath : [])));
  return new Map(layers.flatMap((layer) => {
    const { network, modulePath } = layer;
    // Transformers 5 leaves text_model out
    const other = network === 'unet' ? originalUnetName(modulePath, blocks) : modulePath.replace(/^text_model\./, '');
    return [modulePath, ...(other === undefined ? [] : [other])].flatMap((path): [string, AdaptableLayer][] => [
      [`${network}/${path}`, layer], [`${network}/${path.replaceAll('.', '_')}`, layer],
    ]);
  }));
}
