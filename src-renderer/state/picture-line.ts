// The pictures that the large view goes along: a subject's photos, the portraits of the gallery, or those of a batch.

import { mediaUrl } from '../../src-main/contract/studio.ts';
import type { PortraitId } from '../../src-main/contract/ids.ts';
import { isGalleryPage } from './gallery-keys.ts';
import type { Opened } from './view.svelte.ts';
import type { Workspace } from './workspace.svelte.ts';

export interface LinePicture {
  readonly opened: NonNullable<Opened>;
  /** A small picture. */
  readonly url: string;
}

export interface PictureLine {
  readonly count: number;
  /** Where the opened one is; -1 where it is not among them. */
  readonly index: number;
  /** Undefined while it is not loaded. */
  at(index: number): LinePicture | undefined;
  /** Loads a stretch. */
  need(from: number, to: number): Promise<void>;
  /** Opens the one at a place. */
  go(index: number): Promise<void>;
}

/** The line that belongs to what is opened. */
export function lineOf(workspace: Workspace): PictureLine {
  const { create, photos, portraits, view } = workspace;
  if (view.opened?.kind === 'photo') {
    return listed(workspace, photos.list.map(({ id }) => ({ kind: 'photo', id })), 'thumbnail');
  }
  if (isGalleryPage(workspace)) return galleryLine(workspace);
  const batch = create.jobId ? portraits.ofJob(create.jobId) : portraits.list;
  return listed(workspace, batch.map(({ id }) => ({ kind: 'portrait', id })), 'tile');
}

function galleryLine({ gallery, view }: Workspace): PictureLine {
  const at = (index: number): LinePicture | undefined => {
    const id = gallery.at(index)?.id;
    return id && { opened: { kind: 'portrait', id }, url: mediaUrl('tile', id) };
  };
  const openedId = view.opened?.id as PortraitId | undefined;
  const isFocused = gallery.focused?.id === openedId;
  return {
    count: gallery.total,
    index: isFocused ? gallery.focus : gallery.placeOf(openedId ?? null),
    at,
    need: (from, to) => gallery.need(from, to),
    async go(index) {
      if (index < 0 || index >= gallery.total) return;
      if (!at(index)) await gallery.need(index, index + 1);
      const picture = at(index);
      if (!picture) return;
      gallery.selection.only(index);
      view.open(picture.opened);
    },
  };
}

function listed(
  { view }: Workspace, all: readonly NonNullable<Opened>[], kind: 'thumbnail' | 'tile',
): PictureLine {
  return {
    count: all.length,
    index: all.findIndex(({ id }) => id === view.opened?.id),
    at: (index) => {
      const opened = all[index];
      return opened && { opened, url: mediaUrl(kind, opened.id) };
    },
    need: async () => undefined,
    go: async (index) => {
      const opened = all[index];
      if (opened) view.open(opened);
    },
  };
}
