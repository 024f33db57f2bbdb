// A photo that is decoded as far as it is needed: the whole of it small, to look for faces; then the part with the face
// at the size that the crop takes. A camera's picture has ten times the pixels that any of this looks at.

import { type PictureHeader, decodePhoto, decodeReduced, readPictureHeader } from './decode.ts';
import type { Region, RgbPicture } from './pixels.ts';

/** A picture, or a part of it, at a fraction of its size. */
export interface PhotoView {
  readonly picture: RgbPicture;
  /** Pixels of `picture` for one of the photo along an edge, about 1, 1/2, 1/4 or 1/8. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Where the part begins, in pixels of the photo. */
  readonly left: number;
  readonly top: number;
}

export interface PhotoSource {
  /** As it is seen, orientation applied. */
  readonly width: number;
  readonly height: number;
  /** The whole photo with a longest edge of `edgePx` or more, where it has as much. */
  whole(edgePx: number): Promise<PhotoView>;
  /** The part of the photo within `region` with at least `scale` of its pixels along an edge. */
  part(region: Region, scale: number): Promise<PhotoView>;
}

/** A picture that is decoded already. */
export function sourceOf(picture: RgbPicture): PhotoSource {
  const view = { picture, scaleX: 1, scaleY: 1, left: 0, top: 0 };
  const { width, height } = picture;
  return { width, height, whole: () => Promise.resolve(view), part: () => Promise.resolve(view) };
}

/** Reads the header only; `file` is the name for messages. Decoding throws what `decodePhoto` throws. */
export async function openPhotoSource(bytes: Uint8Array, file: string): Promise<PhotoSource> {
  const header = await readPictureHeader(bytes, file);
  const { width, height } = header;
  // what was decoded whole serves again while it is fine enough
  let last: PhotoView | undefined;
  const whole = async (reduction: number): Promise<PhotoView> => {
    if (last && last.scaleX >= 0.99 / reduction) return last;
    const picture = reduction === 1 ? await decodePhoto(bytes, file)
      : await decodeReduced(bytes, file, reducedSize(header, reduction));
    last = { picture, scaleX: picture.width / width, scaleY: picture.height / height, left: 0, top: 0 };
    return last;
  };
  return {
    width, height,
    whole: (edgePx) => whole(reductionFor(Math.max(width, height) / edgePx)),
    async part(region, scale) {
      const fitting = reductionFor(1 / scale);
      const reduction = fitting === 2 && region.width < halvedEdgePx ? 1 : fitting;
      if (last && last.scaleX >= Math.min(scale, 0.99)) return last;
      const size = reducedSize(header, reduction);
      const [scaleX, scaleY] = [size.width / width, size.height / height];
      const cut = wholePixels(region, scaleX, scaleY, size);
      const picture = await decodeReduced(bytes, file, size, cut);
      return { picture, scaleX, scaleY, left: cut.left / scaleX, top: cut.top / scaleY };
    },
  };
}

/** The largest power of two up to 8, what a JPEG decoder reduces by on its way, that is not above `most`. */
function reductionFor(most: number): number {
  return [8, 4, 2].find((reduction) => reduction <= most) ?? 1;
}

function reducedSize({ width, height }: PictureHeader, reduction: number): { width: number; height: number } {
  return { width: Math.ceil(width / reduction), height: Math.ceil(height / reduction) };
}

/** A part at half size takes longer to decode than at full size; from here on the fewer pixels make up for it. */
const halvedEdgePx = 1500;

/** Room beside the region for filters that look over its edge. */
const marginPx = 8;

function wholePixels(
  region: Region, scaleX: number, scaleY: number, size: { readonly width: number; readonly height: number },
): Region {
  const along = (start: number, length: number, scale: number, limit: number): readonly [number, number] => {
    const first = Math.max(0, Math.floor(start * scale) - marginPx);
    const end = Math.min(limit, Math.ceil((start + length) * scale) + marginPx);
    return [first, Math.max(1, end - first)];
  };
  const [left, width] = along(region.left, region.width, scaleX, size.width);
  const [top, height] = along(region.top, region.height, scaleY, size.height);
  return { left, top, width, height };
}
