// --mask: a picture that is white where the second person is, as the coarse grid that a portrait is asked with.

import path from 'node:path';
import { UserError } from '../contract/errors.ts';
import type { RegionMask } from '../contract/faces.ts';
import { openPhoto } from '../photos/import-photo.ts';
import { luma, resampleRegion } from '../photos/pixels.ts';

/** Cells of the longer edge; a mask is soft at its edge anyhow. */
const longestEdgeCells = 64;
/** How much the shape of a mask may differ from the portrait's: what rounding to whole pixels makes. */
const shapeTolerance = 0.02;

/**
 * Reads a mask for a portrait of this size. Throws mask.other-shape for one of another shape, mask.empty where it
 * leaves no place for one of the two, and what is said of files that are no pictures.
 */
export async function readRegionMask(file: string, size: { widthPx: number; heightPx: number }): Promise<RegionMask> {
  const name = path.basename(file);
  const picture = await openPhoto(file);
  const wanted = size.widthPx / size.heightPx;
  const found = picture.width / picture.height;
  if (Math.abs(found / wanted - 1) > shapeTolerance) throw otherShape(name, picture, size);
  const scale = Math.min(1, longestEdgeCells / Math.max(picture.width, picture.height));
  const columns = Math.max(1, Math.round(picture.width * scale));
  const rows = Math.max(1, Math.round(picture.height * scale));
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  const values = Array.from(luma(resampleRegion(picture, whole, columns, rows, 'reflect')), (value) => (
    Math.min(1, Math.max(0, Math.round(value) / 255))));
  if (!values.some((value) => value > 0.5) || !values.some((value) => value < 0.5)) throw empty(name);
  return { columns, rows, values };
}

function otherShape(
  file: string, { width, height }: { readonly width: number; readonly height: number },
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): UserError {
  return new UserError('mask.other-shape', {
    what: `The mask ${file} has ${width} x ${height} pixels, the portrait ${widthPx} x ${heightPx}.`,
    safe: 'Nothing was drawn.',
    todo: 'Give a mask of the same shape; it may be smaller or larger.',
  }, { file, width, height, widthPx, heightPx });
}

function empty(file: string): UserError {
  return new UserError('mask.empty', {
    what: `The mask ${file} leaves a place for only one of the two people.`,
    safe: 'Nothing was drawn.',
    todo: 'Paint white where the second person is, and leave the rest black.',
  }, { file });
}
