// Pictures that tests of photo intake draw: procedural people, several of them in one picture, a cat, a landscape, a
// page of text. All PNG; the same arguments give the same bytes.

import sharp from 'sharp';
import { renderSubjectPhotos } from '../../src-main/starter/subject.ts';

/** photos/decode.ts blocks the loader that drawings need, for the whole process; here it may work for a moment. */
export async function drawing<T>(draw: () => Promise<T>): Promise<T> {
  const svg = { operation: ['VipsForeignLoadSvg'] };
  sharp.unblock(svg);
  try {
    return await draw();
  } finally {
    sharp.block(svg);
  }
}

function png(rgb: Uint8Array, width: number, height: number): Promise<Buffer> {
  return sharp(rgb, { raw: { width, height, channels: 3 } }).png().toBuffer();
}

/** Portraits of one procedural person in other clothes and poses; another seed is another person. */
export async function person(seed: number, count: number, edgePx = 384): Promise<Buffer[]> {
  const photos = await drawing(() => renderSubjectPhotos(seed, count, { resolutionPx: edgePx }));
  return await Promise.all(photos.map(({ rgb, width, height }) => png(rgb, width, height)));
}

export interface Placed {
  readonly picture: Buffer;
  readonly edgePx: number;
  readonly left: number;
  readonly top: number;
}

/** Portraits laid on one picture. */
export async function together(width: number, height: number, portraits: readonly Placed[]): Promise<Buffer> {
  const inputs = await Promise.all(portraits.map(async ({ picture, edgePx, left, top }) =>
    ({ input: await sharp(picture).resize(edgePx, edgePx).png().toBuffer(), left, top })));
  return await sharp({ create: { width, height, channels: 3, background: '#7d8a86' } }).composite(inputs).png()
    .toBuffer();
}

/** Persons 13, the larger, and 15 beside each other. */
export async function twoPeople(): Promise<Buffer> {
  const [[larger], [smaller]] = [await person(13, 1), await person(15, 1)];
  return await together(1000, 600, [
    { picture: larger!, edgePx: 500, left: 10, top: 50 }, { picture: smaller!, edgePx: 360, left: 575, top: 90 },
  ]);
}

/** Portraits of many people in rows and columns. */
export async function contactSheet(columns: number, rows: number, cellPx: number): Promise<Buffer> {
  const people: Placed[] = [];
  for (let i = 0; i < columns * rows; i++) {
    const [picture] = await person(500 + i, 1, cellPx);
    const [left, top] = [(i % columns) * cellPx, Math.floor(i / columns) * cellPx];
    people.push({ picture: picture!, edgePx: cellPx, left, top });
  }
  return await together(columns * cellPx, rows * cellPx, people);
}

function fromSvg(width: number, height: number, body: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`;
  return drawing(() => sharp(Buffer.from(svg)).flatten().png().toBuffer());
}

export function cat(): Promise<Buffer> {
  const eye = (x: number): string =>
    `<ellipse cx="${x}" cy="260" rx="28" ry="34" fill="#d8e04a"/><ellipse cx="${x}" cy="260" rx="8" ry="30"/>`;
  return fromSvg(600, 600, '<rect width="600" height="600" fill="#b9d8a0"/>'
    + '<polygon points="160,220 190,80 280,170" fill="#a0703c"/>'
    + '<polygon points="440,220 410,80 320,170" fill="#a0703c"/>'
    + `<ellipse cx="300" cy="290" rx="160" ry="140" fill="#b8864b"/>${eye(235)}${eye(365)}`
    + '<polygon points="285,320 315,320 300,338" fill="#e58a8a"/>'
    + '<path d="M300 338 Q300 370 260 368 M300 338 Q300 370 340 368" stroke="#000" stroke-width="4" fill="none"/>'
    + '<path d="M210 330 L90 310 M210 340 L90 345 M390 330 L510 310 M390 340 L510 345" stroke="#eee"/>');
}

export function landscape(): Promise<Buffer> {
  return fromSvg(900, 600, '<rect width="900" height="600" fill="#8fb8e6"/>'
    + '<circle cx="700" cy="120" r="50" fill="#ffe9a0"/>'
    + '<polygon points="0,400 200,180 380,400" fill="#5b6b75"/>'
    + '<polygon points="250,400 480,140 720,400" fill="#46545c"/>'
    + '<rect y="380" width="900" height="220" fill="#4f7f3a"/><circle cx="150" cy="430" r="50" fill="#2f5b22"/>'
    + '<rect x="142" y="450" width="16" height="80" fill="#5a3a1c"/>');
}

/** Words as letters of strokes, without a font: lines on white paper, the last of each paragraph short. */
export async function pageOfText(): Promise<Buffer> {
  const [width, height] = [800, 1100];
  const rgb = new Uint8Array(width * height * 3).fill(250);
  const ink = (left: number, top: number, wide: number, high: number): void => {
    for (let y = top; y < top + high; y++) rgb.fill(30, (y * width + left) * 3, (y * width + left + wide) * 3);
  };
  for (let line = 0; line < 40; line++) {
    const [top, end] = [60 + line * 25, line % 7 === 6 ? 400 : 740];
    for (let x = 60, letter = line * 13; x < end; x += 9, letter++) {
      if ((letter * 7) % 6 === 0) continue;
      ink(x, top, 2, 13);
      if (letter % 2 === 0) ink(x, top, 7, 2);
      if (letter % 3 === 0) ink(x + 5, top, 2, 13);
    }
  }
  return await png(rgb, width, height);
}
