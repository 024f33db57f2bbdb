// In which precision each network of a checkpoint computes where float16 is asked for: all in float16 but for what is
// known to leave its range.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { SimplifyOptions } from '../compiler/3-simplify/simplify.ts';

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
 * The VAE's. SDXL's has activations beyond 65504, save in the edition that was made to have none (its config.json says
 * force_upcast: false); others are tried in float16, and again in float32 where the result is no number.
 */
export function vaePrecision(
  { architecture, vaeConfig }: Pick<Checkpoint, 'architecture' | 'vaeConfig'>, precision: Precision = 'float32',
): Precision {
  return architecture === 'sdxl' && vaeConfig.forceUpcast ? 'float32' : precision;
}
