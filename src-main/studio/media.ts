// What stands behind media/<kind>/<id>: looked up in the library by its opaque id, read from the store, never by path.

import {
  exportIdSchema, jobIdSchema, photoIdSchema, portraitIdSchema, previewIdSchema,
} from '../contract/ids.ts';
import type { MediaKind } from '../contract/studio.ts';
import type { StudioContext } from './context.ts';
import { openTile } from './tiles.ts';
import { makeContactSheet } from './contact-sheets.ts';

export interface Media {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Offered as the name when this is saved rather than shown. */
  readonly downloadName?: string;
}

/** A file of any size, to be streamed to whoever saves it. */
export interface ExportedMedia {
  /** Absolute path inside the library. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly downloadName: string;
}

/** What looks.export prepared; undefined when there is none. */
export function openExport({ library }: StudioContext, id: string): ExportedMedia | undefined {
  const exported = library.exportedFiles.get(exportIdSchema.safeParse(id).data ?? noId());
  return exported && {
    file: library.pathOf(exported.fileSha256), sizeBytes: exported.sizeBytes, contentType: 'application/octet-stream',
    downloadName: exported.fileName,
  };
}

export type PictureKind = Exclude<MediaKind, 'export'>;

/** The media of this kind and id; undefined when there is none, whatever the reason. */
export async function openMedia(context: StudioContext, kind: PictureKind, id: string): Promise<Media | undefined> {
  const { library } = context;
  switch (kind) {
    case 'thumbnail': case 'photo': case 'face': {
      const photo = library.photos.get(photoIdSchema.safeParse(id).data ?? noId());
      const file = { thumbnail: photo?.thumbnailSha256, photo: photo?.previewSha256, face: photo?.cropSha256 }[kind];
      return readKept(context, file);
    }
    case 'portrait': case 'before': {
      const portrait = library.portraits.get(portraitIdSchema.safeParse(id).data ?? noId());
      return readKept(context, kind === 'portrait' ? portrait?.fileSha256 : portrait?.beforeSha256);
    }
    case 'tile':
      return await openTile(library, portraitIdSchema.safeParse(id).data ?? noId());
    case 'style': {
      const picture = await context.styleShelf.picture(id);
      return picture && { bytes: picture.bytes, contentType: picture.mediaType };
    }
    case 'preview':
      return readKept(context, library.snapshots.previewFile(previewIdSchema.safeParse(id).data ?? noId()));
    case 'sheet': {
      const job = library.jobs.get(jobIdSchema.safeParse(id).data ?? noId());
      const sheet = job && await makeContactSheet(context, job.id);
      return sheet && { bytes: sheet, contentType: 'image/png', downloadName: 'contact-sheet.png' };
    }
  }
}

/** An id that nothing has, in the place of one that is malformed. */
function noId<Id extends string>(): Id {
  return '' as Id;
}

async function readKept({ library }: StudioContext, sha256: string | null | undefined): Promise<Media | undefined> {
  const file = sha256 ? await library.readFile(sha256) : undefined;
  return file && { bytes: file.bytes, contentType: file.mediaType };
}
