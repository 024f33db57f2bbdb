// Aspect-ratio buckets of sd-scripts: the resolutions of a setting; for many picture sizes bucket, resized size, crop
// and SDXL's crop values, exactly; and some parts of a photo resized and cut, within a level.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import {
  bucketResolutions, type BucketSettings, cutToBucket, type PictureSize, placeInBucket,
} from '../../../src-main/dataset/buckets.ts';
import { resizeKind } from '../../../src-main/dataset/resize.ts';
import { decodePhoto } from '../../../src-main/photos/decode.ts';
import { type RgbPicture, rgbPicture } from '../../../src-main/photos/pixels.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow, row } from '../case.ts';

type Edges = readonly [number, number];

interface GoldenSettings {
  readonly base: Edges;
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

interface GoldenPlacement {
  readonly bucket: Edges;
  readonly resized: Edges;
  readonly centre_crop_left_top: Edges;
  readonly resize: string;
  readonly crop_ltrb: readonly number[];
}

interface GoldenSetting extends GoldenSettings {
  readonly resolutions: readonly Edges[];
  readonly images: readonly {
    readonly image: Edges; readonly upscale: GoldenPlacement; readonly no_upscale: GoldenPlacement;
  }[];
}

interface PixelConfig {
  readonly photo: string;
  readonly buckets: GoldenSettings;
  readonly cases: readonly {
    readonly name: string; readonly crop_x_y_w_h: readonly [number, number, number, number];
    readonly bucket: Edges; readonly resized: Edges;
  }[];
}

/** Levels of 8-bit pixels. */
const pixelTolerance = 1;

export const cases: readonly GoldenCase[] = [{
  folder: 'image-bucketing',
  async run({ folder }) {
    const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, name), 'utf8'));
    const config = await read('config.json') as { readonly data?: string; readonly pixels: PixelConfig };
    const settings = await read(config.data ?? 'buckets.json') as Readonly<Record<string, GoldenSetting>>;
    return [
      ...Object.entries(settings).flatMap(([name, setting]) => checkSetting(name, setting)),
      ...await checkPixels(folder, config.pixels),
    ];
  },
}];

const sizeOf = ([width, height]: Edges): PictureSize => ({ width, height });
const edgesOf = ({ width, height }: PictureSize): Edges => [width, height];

function settingsOf({ base, min, max, step }: GoldenSettings, enlarge: boolean): BucketSettings {
  return { base: sizeOf(base), minEdgePx: min, maxEdgePx: max, stepPx: step, enlarge };
}

function checkSetting(name: string, setting: GoldenSetting): GoldenRow[] {
  const resolutions = bucketResolutions(settingsOf(setting, true)).map(edgesOf);
  const rows = [exactRow(`${name}/resolutions`, same(resolutions, setting.resolutions))];
  for (const mode of ['upscale', 'no_upscale'] as const) {
    const wrong = setting.images.filter((golden) => {
      const picture = sizeOf(golden.image);
      const { bucket, resized, left, top, sdxlCrop } = placeInBucket(picture, settingsOf(setting, mode === 'upscale'));
      const actual = {
        bucket: edgesOf(bucket), resized: edgesOf(resized), centre_crop_left_top: [left, top],
        resize: resizeKind(picture, resized.width, resized.height),
        crop_ltrb: [sdxlCrop.left, sdxlCrop.top, sdxlCrop.right, sdxlCrop.bottom],
      };
      return Object.entries(actual).some(([key, value]) => !same(value, golden[mode][key as keyof GoldenPlacement]));
    });
    const note = wrong.length > 0 ? `wrong: ${wrong.map(({ image }) => image.join('x')).join(', ')}` : undefined;
    rows.push(exactRow(`${name}/${mode} of ${setting.images.length} sizes`, wrong.length === 0, note));
  }
  return rows;
}

async function checkPixels(folder: string, config: PixelConfig): Promise<GoldenRow[]> {
  const golden = await readSafetensors(path.join(folder, 'io.safetensors'));
  const photo = await decodePhoto(await readFile(path.join(folder, config.photo)), path.basename(config.photo));
  return config.cases.map(({ name, crop_x_y_w_h: crop, bucket, resized }) => {
    const part = partOf(photo, crop);
    const placement = placeInBucket(part, settingsOf(config.buckets, true));
    const isPlaced = same(edgesOf(placement.bucket), bucket) && same(edgesOf(placement.resized), resized);
    const cut = cutToBucket(part, placement);
    return row(`pixels/${name}`, isPlaced ? levelError(cut, golden.get(`${name}.out_rgb`)!) : Infinity, pixelTolerance);
  });
}

function partOf({ width, data }: RgbPicture, [left, top, w, h]: readonly [number, number, number, number]): RgbPicture {
  const rows = Array.from({ length: h }, (_, y) =>
    data.subarray(((top + y) * width + left) * 3, ((top + y) * width + left + w) * 3));
  return rgbPicture(w, h, Uint8Array.from(rows.flatMap((line) => [...line])));
}

function levelError(cut: RgbPicture, golden: Tensor): number {
  if (!same([cut.height, cut.width, 3], golden.shape)) return Infinity;
  return cut.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - Number(golden.data[i]))), 0);
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
