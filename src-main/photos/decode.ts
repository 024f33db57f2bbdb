// The only place that decodes pictures that others made: sharp with every loader but JPEG, PNG and WebP blocked,
// limits on pixels and time, and the content, not the name, deciding what a file is.

import sharp, { type Metadata, type Sharp } from 'sharp';
import { damagedPicture, notAPicture, tookTooLong, tooManyPixels, unsupportedKind } from './photo-errors.ts';
import { pictureKind, signatureBytes, type SupportedKind } from './picture-kind.ts';
import { type Region, type RgbPicture, rgbPicture } from './pixels.ts';

/** Above every camera of today (100 megapixels), below what a decompression bomb wants. */
export const maximumPixels = 1e8;

/** A decoder that runs longer than this is being abused. */
const timeLimitSeconds = 30;

// sharp sniffs content, so an SVG or TIFF named .jpg would otherwise reach its loader. This holds for the whole
// process: the starter pack's renderer, which draws SVG of its own, must run in another.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng', 'VipsForeignLoadWebp'] });

export interface PictureHeader {
  readonly kind: SupportedKind;
  /** As it will be seen, orientation applied. */
  readonly width: number;
  readonly height: number;
}

export type ColourHandling =
  /** Through the embedded profile to sRGB, as a viewer would show it. */
  | 'srgb'
  /** The stored numbers, whatever profile comes with them. */
  | 'stored';

function open(bytes: Uint8Array, colour: ColourHandling): Sharp {
  return sharp(bytes, {
    failOn: 'warning',
    limitInputPixels: maximumPixels,
    limitInputChannels: 5,
    unlimited: false,
    sequentialRead: true,
    pages: 1,
    animated: false,
    ignoreIcc: colour === 'stored',
  });
}

function supportedKind(bytes: Uint8Array, file: string): SupportedKind {
  const kind = pictureKind(bytes.subarray(0, signatureBytes));
  if (!kind) throw notAPicture(file);
  if (!kind.supported) throw unsupportedKind(file, kind.name);
  return kind.supported;
}

const kindNames: Readonly<Record<SupportedKind, string>> = { jpeg: 'JPEG', png: 'PNG', webp: 'WebP' };

/** Orientations 5 to 8 of EXIF swap the axes. */
function swapsAxes(orientation: number | undefined): boolean {
  return orientation !== undefined && orientation >= 5 && orientation <= 8;
}

/** Kind and size of a picture from its header, nothing decoded. `file` is its name for messages. */
export async function readPictureHeader(bytes: Uint8Array, file: string): Promise<PictureHeader> {
  const kind = supportedKind(bytes, file);
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes, { failOn: 'warning', limitInputPixels: false, pages: 1 }).metadata();
  } catch {
    throw damagedPicture(file, kindNames[kind]);
  }
  const { width, height, orientation } = metadata;
  if (width * height > maximumPixels) throw tooManyPixels(file, width, height, maximumPixels);
  return swapsAxes(orientation) ? { kind, width: height, height: width } : { kind, width, height };
}

/** sharp reports a time-out only by its sentence. */
function decodeError(error: unknown, file: string, kind: SupportedKind): Error {
  const isTimeout = error instanceof Error && error.message.includes('timeout');
  return isTimeout ? tookTooLong(file) : damagedPicture(file, kindNames[kind]);
}

/**
 * A photo as 8-bit RGB: orientation applied, transparency laid on white, first frame only.
 *
 * Throws the UserErrors photos.not-a-picture, .unsupported-kind, .damaged, .too-many-pixels and .too-slow.
 */
export async function decodePhoto(
  bytes: Uint8Array, file: string, colour: ColourHandling = 'srgb',
): Promise<RgbPicture> {
  const { kind } = await readPictureHeader(bytes, file);
  return await decoded(upright(bytes, colour), file, kind);
}

/**
 * The same at exactly `size`, or the part of that with these whole pixels. A JPEG is reduced as it is decoded, which
 * takes less time and memory than decoding all of it.
 */
export async function decodeReduced(
  bytes: Uint8Array, file: string, size: { readonly width: number; readonly height: number }, part?: Region,
): Promise<RgbPicture> {
  const { kind } = await readPictureHeader(bytes, file);
  const reduced = upright(bytes, 'srgb').resize(size.width, size.height, { fit: 'fill' });
  return await decoded(part ? reduced.extract(part) : reduced, file, kind);
}

/**
 * The same, reduced while it is decoded to fit into a square of `edgePx`, never enlarged. Every byte is still decoded,
 * so what is damaged is found; a JPEG takes an eighth of the memory and less time.
 */
export async function decodeWithin(bytes: Uint8Array, file: string, edgePx: number): Promise<RgbPicture> {
  const kind = supportedKind(bytes, file);
  const fit = { fit: 'inside', withoutEnlargement: true } as const;
  return await decoded(upright(bytes, 'srgb').resize(edgePx, edgePx, fit), file, kind);
}

function upright(bytes: Uint8Array, colour: ColourHandling): Sharp {
  return open(bytes, colour).timeout({ seconds: timeLimitSeconds }).autoOrient()
    .flatten({ background: '#ffffff' }).toColourspace('srgb');
}

async function decoded(picture: Sharp, file: string, kind: SupportedKind): Promise<RgbPicture> {
  try {
    const { data, info } = await picture.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return rgbPicture(info.width, info.height, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } catch (error) {
    throw decodeError(error, file, kind);
  }
}

/** A WebP that fits into a square of `edgePx`, never enlarged, without any metadata. */
export async function encodeThumbnail(picture: RgbPicture, edgePx: number): Promise<Uint8Array> {
  const { width, height, data } = picture;
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(edgePx, edgePx, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer();
}

/**
 * A PNG without any metadata. `compressionLevel` is zlib's, 0 to 9: of a face crop 3 takes a third of the time of 6 and
 * makes a file that is one percent larger.
 */
export async function encodePng(picture: RgbPicture, compressionLevel = 6): Promise<Uint8Array> {
  const { width, height, data } = picture;
  return await sharp(data, { raw: { width, height, channels: 3 } }).png({ compressionLevel }).toBuffer();
}
