// Many pictures on one page, in titled rows with a short label each: photos it learned from, portraits without the
// look, portraits with it. Tiles of rows with equally many pictures stand under each other, so seeds compare by column.

import sharp, { type OverlayOptions } from 'sharp';

import type { RgbPicture } from '../photos/pixels.ts';
import { addPngTexts, xmpKeyword } from './png-chunks.ts';
import { type DigitalSourceType, labelXmp, writePngFile } from './portrait-file.ts';

export interface ContactSheetTile {
  readonly picture: RgbPicture;
  /** One short line, e.g. 'seed 7 · 0.62'. */
  readonly label: string;
}

export interface ContactSheetRow {
  readonly title: string;
  readonly tiles: readonly ContactSheetTile[];
}

export interface ContactSheetOptions {
  /** Edge of the square that every picture is fitted into; 192 when left out. */
  readonly tileEdgePx?: number;
  /** Tiles beside each other before a row is wrapped; 6 when left out. */
  readonly columns?: number;
  /** Whether real photos are on the sheet: then its label says composite. */
  readonly hasPhotos: boolean;
}

interface Placed {
  readonly left: number;
  readonly top: number;
  readonly tile: ContactSheetTile;
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly Placed[];
  readonly titles: readonly { readonly top: number; readonly title: string }[];
}

const gapPx = 12;
const titlePx = 30;
const labelPx = 22;
const paper = '#f4f4f2';
const ink = '#222222';
/** Width of a letter by its height, on average: enough to cut a label that would run into the next. */
const letterAspect = 0.56;

/** The sheet as PNG bytes with the label that a machine made it. Refuses (Error) a sheet without pictures. */
export async function contactSheet(
  rows: readonly ContactSheetRow[], options: ContactSheetOptions,
): Promise<Uint8Array> {
  const tileEdgePx = options.tileEdgePx ?? 192;
  const layout = layOut(rows, tileEdgePx, options.columns ?? 6);
  if (layout.tiles.length === 0) throw new Error('A contact sheet needs pictures.');
  const { width, height } = layout;
  const overlays = await Promise.all(layout.tiles.map((placed) => fitted(placed, tileEdgePx)));
  const png = await sharp({ create: { width, height, channels: 3, background: paper } })
    .composite([...overlays, ...lettering(layout, tileEdgePx)])
    .removeAlpha().png().toBuffer();
  const source: DigitalSourceType = options.hasPhotos
    ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia';
  return addPngTexts(png, [{ keyword: xmpKeyword, text: labelXmp(source) }]);
}

/** Writes the sheet. Refuses with a UserError when the disk is full or the folder cannot be written to. */
export async function writeContactSheet(
  file: string, rows: readonly ContactSheetRow[], options: ContactSheetOptions,
): Promise<void> {
  await writePngFile(file, await contactSheet(rows, options));
}

function layOut(rows: readonly ContactSheetRow[], tileEdgePx: number, columns: number): Layout {
  const shown = rows.filter((row) => row.tiles.length > 0);
  const columnCount = Math.min(columns, Math.max(0, ...shown.map((row) => row.tiles.length)));
  const tiles: Placed[] = [];
  const titles: { top: number; title: string }[] = [];
  let top = gapPx;
  for (const { title, tiles: rowTiles } of shown) {
    titles.push({ top, title });
    top += titlePx;
    rowTiles.forEach((tile, i) => tiles.push({
      tile,
      left: gapPx + (i % columnCount) * (tileEdgePx + gapPx),
      top: top + Math.floor(i / columnCount) * (tileEdgePx + labelPx + gapPx),
    }));
    top += Math.ceil(rowTiles.length / columnCount) * (tileEdgePx + labelPx + gapPx);
  }
  return { width: gapPx + columnCount * (tileEdgePx + gapPx), height: top, tiles, titles };
}

/** The picture in the middle of its square. */
async function fitted({ left, top, tile }: Placed, tileEdgePx: number): Promise<OverlayOptions> {
  const { width, height, data } = tile.picture;
  const scale = tileEdgePx / Math.max(width, height);
  const [shownWidth, shownHeight] = [width, height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const input = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(shownWidth!, shownHeight!, { fit: 'fill' }).png().toBuffer();
  return {
    input,
    left: left + Math.floor((tileEdgePx - shownWidth!) / 2),
    top: top + Math.floor((tileEdgePx - shownHeight!) / 2),
  };
}

// Pango's own text, not SVG: photos/decode.ts rightly blocks every loader but those of photos, in the whole process.
function lettering({ width, tiles, titles }: Layout, tileEdgePx: number): OverlayOptions[] {
  return [
    ...titles.flatMap(({ top, title }) => line(gapPx, top + 6, 17, width - 2 * gapPx, title, 'bold')),
    ...tiles.flatMap(({ left, top, tile }) => line(left, top + tileEdgePx + 5, 14, tileEdgePx, tile.label, 'normal')),
  ];
}

function line(
  left: number, top: number, sizePx: number, roomPx: number, text: string, weight: 'bold' | 'normal',
): OverlayOptions[] {
  const shown = escaped(cut(text, roomPx / (sizePx * letterAspect)));
  if (shown.trim() === '') return [];
  const markup = `<span foreground="${ink}" weight="${weight}">${shown}</span>`;
  // at 72 dpi a point is a pixel
  return [{ input: { text: { text: markup, font: `sans ${sizePx}`, rgba: true, dpi: 72 } }, left, top }];
}

function cut(text: string, letters: number): string {
  const all = [...text];
  return all.length <= letters ? text : `${all.slice(0, Math.max(1, Math.floor(letters) - 1)).join('')}…`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replace(/[\0-\x1f]/g, ' ');
}
