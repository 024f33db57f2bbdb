// A portrait as a picture for the world outside: PNG, JPEG or WebP in sRGB with its profile, at its own size or
// another, always with the label that a machine made it, with its settings only where wanted, and nothing else.

import sharp, { type Sharp } from 'sharp';

import type { PictureFormat } from '../contract/settings.ts';
import { decodePhoto } from '../photos/decode.ts';
import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { addExif, exifWithComment } from './exif-comment.ts';
import { addPngTexts, readPngTexts, xmpKeyword } from './png-chunks.ts';
import { type AigcLabel, labelXmp, parametersKeyword, sourceTypeOf } from './portrait-file.ts';
import { type LabelWords, drawLabel } from './visible-label.ts';

export interface PictureOptions {
  readonly format: PictureFormat;
  /** 1 to 100, of JPEG and WebP. */
  readonly quality: number;
  /** Pixels of the longer edge; null leaves the size. */
  readonly longEdgePx: number | null;
  /** Prompt, seed and the like, in A1111's form: a PNG's text, or the comment in EXIF. */
  readonly withSettings: boolean;
  /** Letters in a corner; null for none. */
  readonly visibleLabel: LabelWords | null;
  /** China's own label beside IPTC's; null for none. */
  readonly aigc: AigcLabel | null;
  /** Names of people, which are taken out of the settings. */
  readonly names: readonly string[];
}

export const pictureEndings: Readonly<Record<PictureFormat, string>> = { png: 'png', jpeg: 'jpg', webp: 'webp' };
export const pictureTypes: Readonly<Record<PictureFormat, string>> = {
  png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp',
};

/** The bytes of the picture file. `png` is a portrait of encodePortrait. */
export async function pictureFile(png: Uint8Array, options: PictureOptions): Promise<Uint8Array> {
  const { longEdgePx, visibleLabel, aigc } = options;
  const sized = await resized(await decodePhoto(png, 'portrait'), longEdgePx);
  const { width, height, data } = visibleLabel ? drawLabel(sized, visibleLabel) : sized;
  const xmp = labelXmp(sourceTypeOf(png) ?? 'trainedAlgorithmicMedia', aigc);
  const settings = options.withSettings ? settingsText(png, options.names) : undefined;
  const picture = sharp(data, { raw: { width, height, channels: 3 } }).withIccProfile('srgb');
  return await encoded(picture, options, xmp, settings);
}

async function encoded(
  picture: Sharp, { format, quality }: PictureOptions, xmp: string, settings: string | undefined,
): Promise<Uint8Array> {
  if (format === 'png') {
    return addPngTexts(await picture.png({ compressionLevel: 7 }).toBuffer(), [
      ...(settings === undefined ? [] : [{ keyword: parametersKeyword, text: settings }]),
      { keyword: xmpKeyword, text: xmp },
    ]);
  }
  const labelled = picture.withXmp(xmp);
  const bytes = format === 'jpeg'
    // whole colour: lips and eyes are small and red
    ? await labelled.jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: true }).toBuffer()
    : await labelled.webp({ quality, smartSubsample: true, effort: 4 }).toBuffer();
  return settings === undefined ? bytes : addExif(bytes, exifWithComment(settings));
}

async function resized(picture: RgbPicture, longEdgePx: number | null): Promise<RgbPicture> {
  const { width, height, data } = picture;
  const scale = longEdgePx === null ? 1 : longEdgePx / Math.max(width, height);
  if (scale === 1) return picture;
  const [newWidth, newHeight] = [width, height].map((edge) => Math.max(1, Math.round(edge * scale)));
  const resized = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(newWidth!, newHeight!, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer();
  return rgbPicture(newWidth!, newHeight!, new Uint8Array(resized));
}

/** What the portrait's own text says, without the names of the people in it. */
function settingsText(png: Uint8Array, names: readonly string[]): string | undefined {
  const text = readPngTexts(png)?.find(({ keyword }) => keyword === parametersKeyword)?.text;
  return text === undefined ? undefined : names.filter((name) => name !== '').reduce(withoutName, text);
}

/** Whole words in the case that the name has: 'Rose' goes, 'a rose' stays. */
function withoutName(text: string, name: string): string {
  const literal = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${literal}(?![\\p{L}\\p{N}])`, 'gu'), '{subject}');
}
