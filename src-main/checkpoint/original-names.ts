// Diffusers' and Transformers' tensor names back to those of the original code ('input_blocks.4.1...'), which single
// files have: the inverse of unet-names.ts, vae-names.ts and text-encoder-names.ts. The rules are those of diffusers'
// convert_diffusers_to_original_*.py; SDXL LoRAs of kohya's trainer name their layers by them too.

/** One tensor of a single file and the tensors that it is made of. */
export interface OriginalTensor {
  /** Without the network's prefix. */
  readonly name: string;
  /** One name, or q, k and v of a fused in_proj, whose rows follow each other in this order. */
  readonly from: readonly string[];
  /** transposed: rows and columns swapped; pointwise: a Linear [out, in] stored as a 1x1 convolution. */
  readonly relaid?: 'transposed' | 'pointwise';
}

/** What the numbers in original names are counted from. */
export interface UnetBlocks {
  /** ResNets of a down block; an up block has one more. */
  readonly layersPerBlock: number;
  readonly upBlockTypes: readonly ('CrossAttnUpBlock2D' | 'UpBlock2D')[];
}

type Rule = readonly [string, string];

const outerNames: readonly Rule[] = [
  ['conv_in.', 'input_blocks.0.0.'], ['conv_norm_out.', 'out.0.'], ['conv_out.', 'out.2.'],
  ['time_embedding.linear_1.', 'time_embed.0.'], ['time_embedding.linear_2.', 'time_embed.2.'],
  ['add_embedding.linear_1.', 'label_emb.0.0.'], ['add_embedding.linear_2.', 'label_emb.0.2.'],
  ['mid_block.resnets.0.', 'middle_block.0.'], ['mid_block.attentions.0.', 'middle_block.1.'],
  ['mid_block.resnets.1.', 'middle_block.2.'],
];

const resnetNames: readonly Rule[] = [
  ['norm1.', 'in_layers.0.'], ['conv1.', 'in_layers.2.'], ['time_emb_proj.', 'emb_layers.1.'],
  ['norm2.', 'out_layers.0.'], ['conv2.', 'out_layers.3.'], ['conv_shortcut.', 'skip_connection.'],
];

/** The block counts of a UNet, read off the names of its tensors or modules. */
export function unetBlocksOf(names: Iterable<string>): UnetBlocks {
  const all = [...names];
  const count = (pattern: RegExp): number => new Set(all.flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
  const hasAttention = (block: number): boolean =>
    all.some((name) => name.startsWith(`up_blocks.${block}.attentions.`));
  return {
    layersPerBlock: count(/^down_blocks\.0\.resnets\.(\d+)\./),
    upBlockTypes: Array.from({ length: count(/^up_blocks\.(\d+)\./) }, (_, block) =>
      hasAttention(block) ? 'CrossAttnUpBlock2D' : 'UpBlock2D'),
  };
}

/**
 * The original name of a UNet's tensor or module: 'up_blocks.0.upsamplers.0.conv' is 'output_blocks.2.2.conv' where
 * that block has attentions, else 'output_blocks.2.1.conv'. Undefined for a name that no UNet of this family has.
 */
export function originalUnetName(name: string, blocks: UnetBlocks): string | undefined {
  // module names end where tensor names go on with a dot
  const dotted = `${name}.`;
  const moved = outerNames.find(([from]) => dotted.startsWith(from)) ?? blockRule(dotted, blocks);
  if (!moved) return undefined;
  const rest = dotted.slice(moved[0].length);
  if (!moved[0].includes('.resnets.')) return (moved[1] + rest).slice(0, -1);
  const inside = resnetNames.find(([from]) => rest.startsWith(from));
  return inside && (moved[1] + inside[1] + rest.slice(inside[0].length)).slice(0, -1);
}

function blockRule(name: string, { layersPerBlock, upBlockTypes }: UnetBlocks): Rule | undefined {
  const found = /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\./.exec(name);
  if (!found) return undefined;
  const [prefix, side, block, part, index] = found as unknown as [string, string, string, string, string];
  // every layer of an up block, the last with its upsampler, is one output block; a downsampler is an input block alone
  const perBlock = layersPerBlock + 1;
  const first = Number(block) * perBlock;
  if (part === 'downsamplers') return [`${prefix}conv.`, `input_blocks.${first + perBlock}.0.op.`];
  if (part === 'upsamplers') {
    const position = upBlockTypes[Number(block)] === 'UpBlock2D' ? 1 : 2;
    return [prefix, `output_blocks.${first + layersPerBlock}.${position}.`];
  }
  const position = part === 'resnets' ? 0 : 1;
  const layer = first + Number(index);
  return [prefix, side === 'down' ? `input_blocks.${1 + layer}.${position}.` : `output_blocks.${layer}.${position}.`];
}

/** Every tensor of a UNet under its original name. Throws on a name that no UNet of this family has. */
export function originalUnet(names: Iterable<string>): OriginalTensor[] {
  const all = [...names];
  const blocks = unetBlocksOf(all);
  return all.map((name) => ({ name: originalUnetName(name, blocks) ?? unknownName(name), from: [name] }));
}

const vaeRules: readonly (readonly [RegExp, string])[] = [
  [/^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\./, 'encoder.down.$1.block.$2.'],
  [/^encoder\.down_blocks\.(\d+)\.downsamplers\.0\./, 'encoder.down.$1.downsample.'],
  [/^(encoder|decoder)\.mid_block\.resnets\.0\./, '$1.mid.block_1.'],
  [/^(encoder|decoder)\.mid_block\.resnets\.1\./, '$1.mid.block_2.'],
  [/^(encoder|decoder)\.mid_block\.attentions\.0\.group_norm\./, '$1.mid.attn_1.norm.'],
  [/^(encoder|decoder)\.mid_block\.attentions\.0\.to_([qkv])\./, '$1.mid.attn_1.$2.'],
  [/^(encoder|decoder)\.mid_block\.attentions\.0\.to_out\.0\./, '$1.mid.attn_1.proj_out.'],
  [/^(encoder|decoder)\.conv_norm_out\./, '$1.norm_out.'],
  [/\.conv_shortcut\./, '.nin_shortcut.'],
];

/** Every tensor of a VAE under its original name; the attention's projections become 1x1 convolutions again. */
export function originalVae(names: Iterable<string>): OriginalTensor[] {
  const all = [...names];
  const upBlocks = new Set(all.flatMap((name) => /^decoder\.up_blocks\.(\d+)\./.exec(name)?.[1] ?? [])).size;
  return all.map((name): OriginalTensor => {
    if (!/^(?:encoder|decoder|quant_conv|post_quant_conv)\./.test(name)) return unknownName(name);
    const original = vaeRules.reduce((text, [from, to]) => text.replace(from, to), upBlockName(name, upBlocks));
    const isProjection = /\.attn_1\.(?:q|k|v|proj_out)\.weight$/.test(original);
    return { name: original, from: [name], ...(isProjection ? { relaid: 'pointwise' } : {}) };
  });
}

/** decoder.up.N counts from the picture, up_blocks.N from the latent. */
function upBlockName(name: string, upBlocks: number): string {
  const pattern = /^decoder\.up_blocks\.(\d+)\.(?:resnets\.(\d+)|upsamplers\.0)\./;
  return name.replace(pattern, (_, block: string, layer?: string) =>
    `decoder.up.${upBlocks - 1 - Number(block)}.${layer === undefined ? 'upsample' : `block.${layer}`}.`);
}

const openClipNames: readonly (readonly [RegExp, string])[] = [
  [/^text_model\.embeddings\.token_embedding\.weight$/, 'token_embedding.weight'],
  [/^text_model\.embeddings\.position_embedding\.weight$/, 'positional_embedding'],
  [/^text_model\.final_layer_norm\./, 'ln_final.'],
  [/^text_model\.encoder\.layers\.(\d+)\.layer_norm([12])\./, 'transformer.resblocks.$1.ln_$2.'],
  [/^text_model\.encoder\.layers\.(\d+)\.mlp\.fc1\./, 'transformer.resblocks.$1.mlp.c_fc.'],
  [/^text_model\.encoder\.layers\.(\d+)\.mlp\.fc2\./, 'transformer.resblocks.$1.mlp.c_proj.'],
  [/^text_model\.encoder\.layers\.(\d+)\.self_attn\.out_proj\./, 'transformer.resblocks.$1.attn.out_proj.'],
];

const projection = /^(text_model\.encoder\.layers\.(\d+)\.self_attn\.)([qkv])_proj\.(weight|bias)$/;

/** Every tensor of a text encoder in OpenCLIP's naming (SD 2, SDXL's second): q, k and v in one in_proj. */
export function originalOpenClip(names: Iterable<string>): OriginalTensor[] {
  const tensors: OriginalTensor[] = [];
  for (const name of names) {
    const fused = projection.exec(name);
    if (fused) {
      const [, path, layer, part, end] = fused as unknown as [string, string, string, string, string];
      const from = ['q', 'k', 'v'].map((letter) => `${path}${letter}_proj.${end}`);
      if (part === 'q') tensors.push({ name: `transformer.resblocks.${layer}.attn.in_proj_${end}`, from });
    } else if (name === 'text_projection.weight') {
      // Linear computes x W^T, OpenCLIP x P
      tensors.push({ name: 'text_projection', from: [name], relaid: 'transposed' });
    } else {
      const rule = openClipNames.find(([from]) => from.test(name));
      tensors.push({ name: rule ? name.replace(rule[0], rule[1]) : unknownName(name), from: [name] });
    }
  }
  return tensors;
}

/** A text encoder that keeps Transformers' names in single files (SD 1, SDXL's first). */
export function originalClip(names: Iterable<string>): OriginalTensor[] {
  return [...names].map((name) => ({ name, from: [name] }));
}

function unknownName(name: string): never {
  throw new Error(`No tensor of the original code corresponds to ${JSON.stringify(name.slice(0, 120))}.`);
}
