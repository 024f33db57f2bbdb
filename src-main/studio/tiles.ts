// Small pictures of portraits for the gallery. They are made when a portrait is kept; one from before that gets its own
// when it is first looked at.

import type { PortraitId } from '../contract/ids.ts';
import { tileEdgePx, tileOf } from '../generation/portrait-file.ts';
import type { Library } from '../library/library.ts';
import type { PortraitRecord } from '../library/portraits.ts';

interface Picture {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** The portrait's small picture, or the portrait where it is small itself; undefined when there is none. */
export async function openTile(library: Library, id: PortraitId): Promise<Picture | undefined> {
  const portrait = library.portraits.get(id);
  if (!portrait) return undefined;
  const kept = portrait.tileSha256 ? await readKept(library, portrait.tileSha256) : undefined;
  if (kept) return kept;
  const whole = await readKept(library, portrait.fileSha256);
  const isSmall = Math.max(portrait.widthPx, portrait.heightPx) <= tileEdgePx;
  if (!whole || isSmall) return whole;
  return await makeTile(library, portrait, whole.bytes).catch(() => undefined) ?? whole;
}

async function makeTile(
  library: Library, { id }: PortraitRecord, png: Uint8Array,
): Promise<Picture | undefined> {
  const bytes = await tileOf(png);
  if (!bytes) return undefined;
  await library.exclusively(async () => {
    const tileSha256 = await library.keepFile(bytes, 'image/webp');
    // the portrait may be gone by now; then the sweep takes the file
    library.portraits.setTile(id, tileSha256);
  });
  return { bytes, contentType: 'image/webp' };
}

async function readKept(library: Library, sha256: string): Promise<Picture | undefined> {
  const file = await library.readFile(sha256);
  return file && { bytes: file.bytes, contentType: file.mediaType };
}
