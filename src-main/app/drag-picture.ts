// A portrait as it leaves the window by dragging: as a PNG that is saved without its settings, with the labels that the
// user's own settings give it; and a small picture of it for under the pointer.

import type { StudioSettings } from '../contract/settings.ts';
import { pictureEndings, pictureFile } from '../generation/picture-file.ts';
import { decodeWithin, encodePng } from '../photos/decode.ts';
import { labelsOf } from '../studio/saving.ts';
import type { DragSource } from './drag-out.ts';
import type { PageMedia } from './page-files.ts';

const iconPx = 96;

/** Portraits out of the studio's own media. */
export function dragSource(media: Pick<PageMedia, 'openMedia'>, settings: () => StudioSettings): DragSource {
  return {
    async pictureOf(id) {
      const portrait = await media.openMedia('portrait', id);
      if (!portrait) return undefined;
      const { visibleLabel, hasAigcLabel } = labelsOf(settings());
      const bytes = await pictureFile(portrait.bytes, {
        format: 'png', quality: 100, longEdgePx: null, withSettings: false, visibleLabel, names: [],
        aigc: hasAigcLabel ? { producer: 'Likeness', produceId: id } : null,
      });
      return { bytes, ending: pictureEndings.png };
    },
    async iconOf(id) {
      const portrait = await media.openMedia('tile', id) ?? await media.openMedia('portrait', id);
      // the system reads no WebP
      return portrait && await encodePng(await decodeWithin(portrait.bytes, 'portrait', iconPx));
    },
    nowMs: () => Date.now(),
  };
}
