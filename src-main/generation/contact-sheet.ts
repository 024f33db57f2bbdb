// Many pictures on one page, in titled rows with a short label each: photos it learned from, portraits without the
// look, portraits with it; or a selection, the best first. Tiles of rows with equally many pictures stand under each
// other, so seeds compare by column.

import sharp, { type OverlayOptions } from 'sharp';

import type { RgbPicture } from '../photos/pixels.ts';
import { addPngTexts, xmpKeyword } from './png-chunks.ts';
import { type DigitalSourceType, labelXmp, writePngFile } from './portrait-file.ts';

export interface ContactSheetTile {
  readonly picture: RgbPicture;
  /** One short line, e.g. 'seed 7 · 0.62'. */
  readonly label: string;
  /** A second, quieter one. */
  readonly more?: string;
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
  readonly tileEdgePx: number;
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly Placed[];
  readonly titles: readonly { readonly top: number; readonly title: string }[];
}

const gapPx = 12;
const titlePx = 30;
const labelPx = 22;
const morePx = 18;
const paper = '#f4f4f2';
const ink = '#222222';
const quietInk = '#6a6762';
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
    .composite([...overlays, ...lettering(layout)])
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
  const hasMore = shown.some((row) => row.tiles.some(({ more }) => more !== undefined));
  const stepPx = tileEdgePx + labelPx + (hasMore ? morePx : 0) + gapPx;
  let top = gapPx;
  for (const { title, tiles: rowTiles } of shown) {
    titles.push({ top, title });
    top += titlePx;
    rowTiles.forEach((tile, i) => tiles.push({
      tile,
      left: gapPx + (i % columnCount) * (tileEdgePx + gapPx),
      top: top + Math.floor(i / columnCount) * stepPx,
    }));
    top += Math.ceil(rowTiles.length / columnCount) * stepPx;
  }
  return { tileEdgePx, width: gapPx + columnCount * (tileEdgePx + gapPx), height: top, tiles, titles };
}

/** The picture in the middle of its square. */
async function fitted({ left, top, tile }: Placed, tileEdgePx: number): Promise<OverlayOptions> {
  const { width, height, data } = tile.picture;
  const [shownWidth, shownHeight] = shownSize(tile.picture, tileEdgePx);
  const input = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(shownWidth, shownHeight, { fit: 'fill' }).png().toBuffer();
  return {
    input, left: left + inset(shownWidth, tileEdgePx), top: top + inset(shownHeight, tileEdgePx),
  };
}

function shownSize({ width, height }: RgbPicture, tileEdgePx: number): [width: number, height: number] {
  const scale = tileEdgePx / Math.max(width, height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

function inset(shownPx: number, tileEdgePx: number): number {
  return Math.floor((tileEdgePx - shownPx) / 2);
}

// Pango's own text, not SVG: photos/decode.ts rightly blocks every loader but those of photos, in the whole process.
function lettering({ width, tileEdgePx, tiles, titles }: Layout): OverlayOptions[] {
  const title = { sizePx: 17, roomPx: width - 2 * gapPx, weight: 'bold', colour: ink };
  const label = { sizePx: 14, roomPx: tileEdgePx, weight: 'normal', colour: ink };
  const more = { sizePx: 12, roomPx: tileEdgePx, weight: 'normal', colour: quietInk };
  return [
    ...titles.flatMap((row) => line(gapPx, row.top + 6, row.title, title)),
    ...tiles.flatMap(({ left, top, tile }) => {
      // under the picture's own edge, as far as the text has room there
      const own = Math.min(inset(shownSize(tile.picture, tileEdgePx)[0], tileEdgePx), Math.round(tileEdgePx / 8));
      const roomPx = tileEdgePx - own;
      return [
        ...line(left + own, top + tileEdgePx + 5, tile.label, { ...label, roomPx }),
        ...line(left + own, top + tileEdgePx + labelPx + 3, tile.more ?? '', { ...more, roomPx }),
      ];
    }),
  ];
}

interface Lettering {
  readonly sizePx: number;
  readonly roomPx: number;
  readonly weight: string;
  readonly colour: string;
}

function line(
  left: number, top: number, text: string, { sizePx, roomPx, weight, colour }: Lettering,
): OverlayOptions[] {
  const shown = escaped(cut(text, roomPx / (sizePx * letterAspect)));
  if (shown.trim() === '') return [];
  const markup = `<span foreground="${colour}" weight="${weight}">${shown}</span>`;
  // at 72 dpi a point is a pixel
  return [{ input: { text: { text: markup, font: `sans ${sizePx}`, rgba: true, dpi: 72 } }, left, top }];
}

/** As many letters as there is room for; a Chinese one takes the room of two. */
function cut(text: string, room: number): string {
  const all = [...text];
  const widths = all.map((letter) => (/[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]/.test(letter) ? 1.8 : 1));
  if (widths.reduce((sum, width) => sum + width, 0) <= room) return text;
  let [count, taken] = [0, 1];
  while (count < all.length && taken + widths[count]! <= room) taken += widths[count++]!;
  return `${all.slice(0, Math.max(1, count)).join('')}…`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replace(/[\0-\x1f]/g, ' ');
}
