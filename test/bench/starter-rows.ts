// What a row of the starter pack's table is: figures with the goal they are held to, and a contact sheet; and how rows
// are printed, kept in starter.json and shown.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { type ContactSheetRow, contactSheet } from '../../src-main/generation/contact-sheet.ts';

export interface Figure {
  readonly what: string;
  readonly value: number;
  /** 'dB', 's', 'min'; '' is a share. */
  readonly unit: string;
  /** Reached from above with '≥', from below with '≤'. */
  readonly goal?: { readonly is: '≥' | '≤'; readonly value: number };
  /** What else is to be known of it, in a few words. */
  readonly note?: string;
}

export interface RowResult {
  readonly figures: readonly Figure[];
  /** Numbers behind the figures. */
  readonly details: unknown;
  readonly sheet: readonly ContactSheetRow[];
  /** Pictures of a row of the sheet beside each other. */
  readonly columns: number;
  readonly tileEdgePx?: number;
  readonly hasPhotos?: boolean;
}

/** In a repository nothing is to be larger. */
const largestSheetBytes = 295_000;

/** The sheet as a JPEG that is as good as its size allows. */
async function sheetJpeg({ sheet, columns, tileEdgePx = 128, hasPhotos = false }: RowResult): Promise<Uint8Array> {
  const png = await contactSheet(sheet, { columns, tileEdgePx, hasPhotos });
  let quality = 88;
  for (;;) {
    const jpeg = await sharp(png).jpeg({ quality }).toBuffer();
    if (jpeg.length <= largestSheetBytes || quality < 30) return jpeg;
    quality -= 6;
  }
}

/** Three figures that matter. */
const number = (value: number, unit: string): string => (
  `${value.toFixed(unit === 'dB' || unit === 's' || unit === 'min' ? 1 : 3)}${unit ? ` ${unit}` : ''}`);

export const isReached = ({ value, goal }: Figure): boolean => (
  goal === undefined || (goal.is === '≥' ? value >= goal.value : value <= goal.value));

/** Lines of a Markdown table. */
export function tableLines(rows: Readonly<Record<string, readonly Figure[]>>): string[] {
  const lines = Object.entries(rows).flatMap(([row, figures]) => figures.map((figure) => {
    const { what, value, unit, goal, note = '' } = figure;
    const aim = goal ? `${goal.is} ${number(goal.value, unit)}` : '';
    const verdict = goal ? (isReached(figure) ? 'yes' : '**no**') : '';
    return `| ${row} | ${what} | ${number(value, unit)} | ${aim} | ${verdict} | ${note} |`;
  }));
  return ['| row | what | measured | goal | reached | |', '| --- | --- | --- | --- | --- | --- |', ...lines];
}

interface KeptRow {
  readonly pack: string;
  readonly figures: readonly Figure[];
  readonly details: unknown;
}

/** Writes the row's sheet, and the row into starter.json beside those that were measured before. */
export async function keepRow(out: string, name: string, pack: string, result: RowResult): Promise<void> {
  await mkdir(out, { recursive: true });
  if (result.sheet.length > 0) await writeFile(path.join(out, `starter-${name}.jpg`), await sheetJpeg(result));
  const file = path.join(out, 'starter.json');
  const known = await readFile(file, 'utf8').then((text) => JSON.parse(text) as Record<string, KeptRow>, () => ({}));
  const { figures, details } = result;
  const rows: Record<string, KeptRow> = { ...known, [name]: { pack, figures, details } };
  await writeFile(file, `${JSON.stringify(rows, null, 1)}\n`);
}

/** A share of what the judge itself finds in renders; more is not better than those. */
export const shareOf = (found: number, inRenders: number): number => (
  inRenders > 0 ? rounded(Math.min(1, found / inRenders)) : 0);

/** Rounded, so that files of numbers stay short. */
export const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;
