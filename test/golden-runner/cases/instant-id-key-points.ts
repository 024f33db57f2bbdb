// Pictures of key points as InstantID draws them: every pixel equal.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';

import type { FacePoints } from '../../../src-main/faces/face.ts';
import { drawKeyPoints } from '../../../src-main/faces/key-point-picture.ts';
import type { RgbPicture } from '../../../src-main/photos/pixels.ts';
import { exactRow, type GoldenCase, type GoldenRow } from '../case.ts';

interface GoldenPicture {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly kps: readonly (readonly [number, number])[];
}

export const cases: readonly GoldenCase[] = [{
  folder: 'instantid-draw-kps',
  async run({ folder }) {
    const { images } = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as {
      readonly images: readonly GoldenPicture[];
    };
    return Promise.all(images.map((image) => checkPicture(folder, image)));
  },
}];

async function checkPicture(folder: string, { file, width, height, kps }: GoldenPicture): Promise<GoldenRow> {
  const points = kps.map(([x, y]) => ({ x, y })) as unknown as FacePoints;
  const actual = drawKeyPoints(points, width, height);
  const golden = await sharp(await readFile(path.join(folder, file))).removeAlpha().toColourspace('srgb').raw()
    .toBuffer({ resolveWithObject: true });
  const isSameSize = golden.info.width === width && golden.info.height === height && golden.info.channels === 3;
  const wrong = isSameSize ? differentPixels(actual, golden.data) : width * height;
  return exactRow(file, wrong === 0, wrong === 0 ? undefined : `${wrong} pixels differ`);
}

function differentPixels({ data }: RgbPicture, golden: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < data.length; i += 3) {
    if ([0, 1, 2].some((c) => data[i + c] !== golden[i + c])) count++;
  }
  return count;
}
