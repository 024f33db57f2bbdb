// A portrait as it leaves the window by dragging: its pixels with the label that a machine made them, and nothing
// else inside; and a small picture of it for under the pointer.

import type { PortraitId } from '../contract/ids.ts';
import { addPngTexts, readPngTexts, xmpKeyword } from '../generation/png-chunks.ts';
import { decodePhoto, decodeWithin, encodePng } from '../photos/decode.ts';
import type { DragSource } from './drag-out.ts';
import type { PageMedia } from './page-files.ts';

const iconPx = 96;

/** Portraits out of the studio's own media. */
export function dragSource(media: Pick<PageMedia, 'openMedia'>): DragSource {
  return {
    async pictureOf(id) {
      const portrait = await media.openMedia('portrait', id);
      return portrait && { bytes: await withoutSettings(portrait.bytes), ending: 'png' };
    },
    async iconOf(id: PortraitId) {
      const portrait = await media.openMedia('tile', id) ?? await media.openMedia('portrait', id);
      // the system reads no WebP
      return portrait && await encodePng(await decodeWithin(portrait.bytes, 'portrait', iconPx));
    },
    nowMs: () => Date.now(),
  };
}

/** The picture encoded anew, with its label alone. */
async function withoutSettings(png: Uint8Array): Promise<Uint8Array> {
  const label = readPngTexts(png)?.filter(({ keyword }) => keyword === xmpKeyword) ?? [];
  return addPngTexts(await encodePng(await decodePhoto(png, 'portrait')), label);
}
