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

/** Edges of all networks here: the autoencoder's 8 times the UNet's 8. */
export const edgeStepPx = 64;

/**
 * The size of this shape that has at most the area which the model was made for: the same buckets as those that SDXL
 * was trained in (Podell et al. 2023, appendix I) where they are of these shapes. A model of very small pictures has
 * too few steps for that; it keeps its short edge.
 */
export function sizeOf(shape: ShapeName, resolutionPx: number): Size {
  const ratio = shapes[shape];
  const spread = Math.max(ratio, 1 / ratio);
  const isSmall = resolutionPx < 4 * edgeStepPx;
  const shortPx = isSmall ? resolutionPx : nearest(resolutionPx / Math.sqrt(spread), Math.round);
  const longPx = isSmall ? nearest(shortPx * spread, Math.round) : nearest(resolutionPx ** 2 / shortPx, Math.floor);
  return ratio <= 1 ? { widthPx: shortPx, heightPx: longPx } : { widthPx: longPx, heightPx: shortPx };
}

/** The shapes of a model, each size once. */
export function shapesOf(resolutionPx: number): { name: ShapeName; size: Size }[] {
  const all = shapeNames.map((name) => ({ name, size: sizeOf(name, resolutionPx) }));
  return all.filter(({ size }, index) => all.findIndex((other) => isSameSize(other.size, size)) === index);
}

function nearest(edgePx: number, how: (steps: number) => number): number {
  return how(edgePx / edgeStepPx) * edgeStepPx;
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

/** Whether an edge is one that networks can draw. */
export function isAllowedEdge(edgePx: number | null): edgePx is number {
  if (edgePx === null || edgePx % edgeStepPx !== 0) return false;
  return generationSettingsSchema.shape.widthPx.safeParse(edgePx).success;
}

/** The size that a portrait was drawn in before it was enlarged. */
export function drawnSize({ widthPx, heightPx, settings }: Portrait): Size {
  const { upscale = 1 } = settings;
  const before = (edgePx: number): number => Math.max(edgeStepPx, nearest(edgePx / upscale, Math.round));
  return { widthPx: settings.widthPx ?? before(widthPx), heightPx: settings.heightPx ?? before(heightPx) };
}
