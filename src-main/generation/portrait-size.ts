// Which sizes networks can draw.

import { UserError } from '../contract/errors.ts';

/** Latent edges are halved three times inside the UNet and must come out whole. */
export const unetFactor = 8;

export interface DrawableSizes {
  /** Pixels that both edges are multiples of. */
  readonly multiplePx: number;
  /** Edge that the networks were trained at. */
  readonly resolutionPx: number;
}

/** Refuses with generation.size edges that the networks cannot draw. */
export function checkPortraitSize(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  { multiplePx, resolutionPx }: DrawableSizes,
): void {
  const fits = (edgePx: number): boolean => edgePx > 0 && edgePx % multiplePx === 0;
  if (fits(widthPx) && fits(heightPx)) return;
  throw new UserError('generation.size', {
    what: `This model cannot draw ${widthPx}x${heightPx} pixels: both edges must be multiples of ${multiplePx}.`,
    safe: 'Nothing was drawn and nothing was changed.',
    todo: `Choose a size such as ${resolutionPx}x${resolutionPx}.`,
  }, { widthPx, heightPx, multiplePx });
}
