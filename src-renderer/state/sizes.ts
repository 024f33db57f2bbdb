// Sizes that portraits can be drawn in: shapes of the area that the model was made for, or any other by hand.

import type { Pack, Portrait } from '../../src-main/contract/nouns.ts';
import { generationSettingsSchema } from '../../src-main/contract/settings.ts';

export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}
export const shapeNames = ['square', 'portrait', 'tall', 'landscape', 'wide'] as const;
export type ShapeName = (typeof shapeNames)[number];

/** Width over height. */
const shapes: Readonly<Record<ShapeName, number>> = {
  square: 1, portrait: 3 / 4, tall: 2 / 3, landscape: 4 / 3, wide: 16 / 9,
};
export const mostSizes = 10;

/**
 * The size of this shape that has at most the area which the model was made for, in steps that fit its networks; the
 * same buckets as those that SDXL was trained in (Podell et al. 2023, appendix I) where they are of these shapes.
 */
export function sizeOf(shape: ShapeName, resolutionPx: number): Size {
  const ratio = shapes[shape];
  const stepPx = Math.min(64, resolutionPx / 8);
  const area = resolutionPx ** 2;
  const shortPx = Math.round(Math.sqrt(area * Math.min(ratio, 1 / ratio)) / stepPx) * stepPx;
  const longPx = ratio === 1 ? shortPx : Math.floor(area / shortPx / stepPx) * stepPx;
  return ratio <= 1 ? { widthPx: shortPx, heightPx: longPx } : { widthPx: longPx, heightPx: shortPx };
}

/** What the model draws where nothing is chosen. */
export function usualSize(pack: Pack | undefined, isInstant: boolean): Size {
  const { widthPx, heightPx } = { ...pack?.generationDefaults, ...(isInstant ? pack?.instantDefaults : {}) };
  const edge = pack?.resolutionPx ?? 512;
  return { widthPx: widthPx ?? edge, heightPx: heightPx ?? edge };
}

export function isSameSize(a: Size, b: Size): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}

/** Whether an edge is one that the studio takes. */
export function isAllowedEdge(edgePx: number | null): edgePx is number {
  return edgePx !== null && generationSettingsSchema.shape.widthPx.safeParse(edgePx).success;
}

/** The size that a portrait was drawn in before it was enlarged. */
export function drawnSize({ widthPx, heightPx, settings }: Portrait): Size {
  const { upscale = 1 } = settings;
  const before = (edgePx: number): number => Math.max(64, Math.round(edgePx / upscale / 8) * 8);
  return { widthPx: settings.widthPx ?? before(widthPx), heightPx: settings.heightPx ?? before(heightPx) };
}
