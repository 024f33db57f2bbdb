// In which precision each network of a checkpoint computes where float16 is asked for: all in float16 but for what is
// known to leave its range.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { SimplifyOptions } from '../compiler/3-simplify/simplify.ts';
import { UserError } from '../contract/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type WeightTable, isTensorReference } from '../tensor/weights.ts';

/** 'float16' is for GPUs: a processor computes it in float32 all the same, with casts around every step. */
export type Precision = 'float32' | 'float16';

/** How the graphs of a checkpoint's text encoders, UNet and what stands beside them are simplified. */
export function precisionOptions(
  { architecture, unetConfig }: Pick<Checkpoint, 'architecture' | 'unetConfig'>, precision: Precision = 'float32',
): SimplifyOptions {
  if (precision === 'float32') return {};
  // attention scores of Stable Diffusion 2.1 exceed 65504, which a single file's header does not tell
  const isWide = architecture === 'sd2' || unetConfig.upcastAttention;
  return { halfPrecision: { attention: isWide ? 'float32' : 'float16' } };
}

/**
 * The VAE's. SDXL's has activations beyond 65504, save in the edition that was made to have none: its config.json says
 * force_upcast: false, and alone it goes by the name of fp16-fix, or vae-fix in the catalogue. What is tried in float16
 * and gives no number is computed again in float32.
 */
export function vaePrecision(
  { architecture, vaeConfig, vae }: Pick<Checkpoint, 'architecture' | 'vaeConfig' | 'vae'>,
  precision: Precision = 'float32',
): Precision {
  return architecture === 'sdxl' && vaeConfig.forceUpcast && !isNamedFixed(vae) ? 'float32' : precision;
}

function isNamedFixed(vae: WeightTable): boolean {
  const [first] = vae.values();
  return first !== undefined && isTensorReference(first) && /(fp16|vae)[-_. ]?fix/i.test(first.file);
}

/** Says of a result in float16 whether it is one; refuses with generation.exceeds-half. */
export function checkHeld({ data }: Tensor, precision: Precision = 'float32'): void {
  if (precision === 'float32' || (data as Float32Array).every(Number.isFinite)) return;
  throw new UserError('generation.exceeds-half', {
    what: 'This model computes numbers that 16 bits (float16) cannot hold.',
    safe: 'The model and your photos are untouched, and finished pictures are kept.',
    todo: 'Choose 32-bit (float32) as number type in the settings and try again; it takes more memory and time.',
  });
}
