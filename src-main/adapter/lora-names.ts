// The namings that LoRA files of SD 1.x come in, and the parts of a layer that their names speak of:
//   kohya      lora_unet_mid_block_attentions_0_proj_in.lora_down.weight   (dots of the path became underscores)
//   diffusers  unet....attn1.processor.to_q_lora.down.weight, unet....to_q.lora.down.weight,
//              text_encoder....q_proj.lora_linear_layer.down.weight
//   PEFT       unet....to_q.lora_A.weight, base_model.model....to_q.lora_A.weight

import type { AdaptableLayer, AdaptedNetwork } from './lora-layers.ts';

export type LoraPart = 'down' | 'up' | 'alpha';

export interface LoraName {
  /** As the file speaks of the layer: 'unet/mid_block.attentions.0.proj_in', or with underscores for the dots. */
  readonly layerKey: string;
  readonly part: LoraPart;
}

const kohyaPrefixes: Readonly<Record<AdaptedNetwork, string>> = {
  unet: 'lora_unet', textEncoder: 'lora_te', textEncoder2: 'lora_te2',
};

const kohyaParts: Readonly<Record<string, LoraPart>> = {
  'lora_down.weight': 'down', 'lora_up.weight': 'up', 'alpha': 'alpha',
};

const dottedEndings: readonly (readonly [RegExp, LoraPart])[] = [
  [/(?:\.lora_A(?:\.default)?|\.lora\.down|\.lora_linear_layer\.down|_lora\.down)\.weight$/, 'down'],
  [/(?:\.lora_B(?:\.default)?|\.lora\.up|\.lora_linear_layer\.up|_lora\.up)\.weight$/, 'up'],
  [/\.alpha$/, 'alpha'],
];

/** diffusers' first naming calls the text encoder's projections as the UNet's. */
const oldTextNames: Readonly<Record<string, string>> = {
  to_q: 'q_proj', to_k: 'k_proj', to_v: 'v_proj', to_out: 'out_proj',
};

/** kohya's name of a layer, e.g. 'lora_te_text_model_encoder_layers_0_mlp_fc1'. */
export function kohyaName(network: AdaptedNetwork, modulePath: string): string {
  return `${kohyaPrefixes[network]}_${modulePath.replaceAll('.', '_')}`;
}

/** Reads a tensor's name in whatever naming; undefined when it is no part of a plain LoRA. */
export function parseLoraName(name: string): LoraName | undefined {
  const kohya = /^lora_(unet|te1?)_([^.]+)\.(.+)$/.exec(name);
  if (kohya) {
    const part = kohyaParts[kohya[3]!];
    return part && { layerKey: `${kohya[1] === 'unet' ? 'unet' : 'textEncoder'}/${kohya[2]}`, part };
  }
  const ending = dottedEndings.find(([pattern]) => pattern.test(name));
  if (!ending) return undefined;
  const isOld = /_lora\.(?:down|up)\.weight$/.test(name);
  const bare = name.replace(/^base_model\.model\./, '').replace(ending[0], '');
  const isText = /^(?:text_encoder\.|text_model\.)/.test(bare);
  const path = bare.replace(/^(?:unet|text_encoder)\./, '');
  const modulePath = isOld ? oldPath(path, isText) : path;
  return { layerKey: `${isText ? 'textEncoder' : 'unet'}/${modulePath}`, part: ending[1] };
}

function oldPath(path: string, isText: boolean): string {
  return path.replace('.processor.', '.').replace(/\.(to_(?:q|k|v|out))$/, (_, projection: string) => {
    if (isText) return `.${oldTextNames[projection]}`;
    return projection === 'to_out' ? '.to_out.0' : `.${projection}`;
  });
}

/** The base model's layers under both keys that a file may use. */
export function layersByKey(layers: readonly AdaptableLayer[]): ReadonlyMap<string, AdaptableLayer> {
  return new Map(layers.flatMap((layer) => [
    [`${layer.network}/${layer.modulePath}`, layer],
    [`${layer.network}/${layer.modulePath.replaceAll('.', '_')}`, layer],
  ]));
}
