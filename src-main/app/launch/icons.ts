// Draws the app's icons from resources/icons/icon.svg, in the forms that each system's packages want.
//   node src-main/app/launch/icons.ts
// The SVG is the source; run this after a change of it and commit what it writes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';

/** Edges in pixels. Linux takes the PNGs by their names. */
export const pngSizes = [16, 32, 48, 64, 128, 256, 512] as const;
const icoSizes = [16, 24, 32, 48, 64, 128, 256] as const;
/** The types of an icns file that hold a PNG, with its edge; the twice as dense ones have a type of their own. */
const icnsTypes = [
  ['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic13', 256], ['ic08', 256], ['ic14', 512], ['ic09', 512], ['ic10', 1024],
] as const;

/** Writes <edge>x<edge>.png, icon.ico and icon.icns beside the SVG. */
export async function drawIcons(svgFile: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const draw = (edgePx: number): Promise<Buffer> => drawPng(svgFile, edgePx);
  for (const edge of pngSizes) writeFileSync(join(folder, `${edge}x${edge}.png`), await draw(edge));
  writeFileSync(join(folder, 'icon.ico'), ico(await Promise.all(icoSizes.map(draw)), icoSizes));
  const parts = await Promise.all(icnsTypes.map(async ([type, edge]) => ({ type, png: await draw(edge) })));
  writeFileSync(join(folder, 'icon.icns'), icns(parts));
}

async function drawPng(svgFile: string, edgePx: number): Promise<Buffer> {
  // the drawing is 1024 wide at 72 dots an inch
  const svg = sharp(svgFile, { density: Math.max(9, (72 * edgePx) / 1024) }).resize(edgePx, edgePx);
  return await svg.png({ palette: true, colours: 192, effort: 10, compressionLevel: 9 }).toBuffer();
}

/** Windows' form, of PNGs since Vista: a directory of 16 bytes each, then the pictures. */
export function ico(pngs: readonly Buffer[], sizes: readonly number[]): Buffer {
  const header = Buffer.from([0, 0, 1, 0, pngs.length, 0]);
  let offset = header.length + 16 * pngs.length;
  const entries = pngs.map((png, k) => {
    const entry = Buffer.alloc(16);
    // 256 does not fit into its byte and is written 0
    entry.writeUInt8(sizes[k]! % 256, 0);
    entry.writeUInt8(sizes[k]! % 256, 1);
    entry.writeUInt16LE(1, 4);
    entry.writeUInt16LE(32, 6);
    entry.writeUInt32LE(png.length, 8);
    entry.writeUInt32LE(offset, 12);
    offset += png.length;
    return entry;
  });
  return Buffer.concat([header, ...entries, ...pngs]);
}

/** Apple's form: 'icns' and the file's length, then type, length and PNG of each. */
export function icns(parts: readonly { readonly type: string; readonly png: Buffer }[]): Buffer {
  const framed = parts.flatMap(({ type, png }) => [frame(type, png.length + 8), png]);
  const length = framed.reduce((sum, part) => sum + part.length, 8);
  return Buffer.concat([frame('icns', length), ...framed]);
}

function frame(type: string, length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.write(type, 0, 'latin1');
  bytes.writeUInt32BE(length, 4);
  return bytes;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const folder = join(import.meta.dirname, '..', '..', '..', 'resources', 'icons');
  await drawIcons(join(folder, 'icon.svg'), folder);
}
