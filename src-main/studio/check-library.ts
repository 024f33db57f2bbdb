// Looks at all of the library: every kept file is read again, the database is checked, what belongs to nothing is
// swept. Pictures that come from a photo are made again from it where they are missing or damaged; originals and
// portraits cannot be, and are counted.

import type { LibraryCheck } from '../contract/keeping.ts';
import type { PhotoRecord } from '../library/photos.ts';
import { preparePhoto } from '../photos/import-photo.ts';
import type { StudioContext } from './context.ts';
import { announcePhoto } from './photo-set.ts';
import { queueAnalysis } from './photos.ts';

/** The queue goes on meanwhile; only what is changed waits for its turn. */
export async function checkLibrary(context: StudioContext): Promise<LibraryCheck> {
  const { library } = context;
  const { checked, missing, damaged } = await library.checkFiles();
  const mended = await mend(context, new Set(missing), new Set(damaged));
  return await library.exclusively(async () => {
    const swept = await library.sweep();
    const check: LibraryCheck = {
      atMs: Date.now(), filesChecked: checked, missing: missing.length, damaged: damaged.length, mended,
      swept: swept.files, isDatabaseSound: library.isDatabaseSound(),
    };
    library.facts.setLastCheck(check);
    return check;
  });
}

/** Returns how many files are whole again, or will be once the faces are found again. */
async function mend(
  context: StudioContext, missing: ReadonlySet<string>, damaged: ReadonlySet<string>,
): Promise<number> {
  const { library } = context;
  const isBad = (sha256: string | null): boolean => sha256 !== null && (missing.has(sha256) || damaged.has(sha256));
  let mended = 0;
  if (missing.size + damaged.size === 0) return mended;
  for (const subject of library.subjects.list()) {
    for (const photo of library.photos.list(subject.id)) {
      const bad = [photo.previewSha256, photo.thumbnailSha256, photo.cropSha256].filter(isBad) as string[];
      if (bad.length === 0 || isBad(photo.originalSha256)) continue;
      await library.exclusively(async () => {
        for (const sha256 of bad) if (damaged.has(sha256)) await library.putFileAside(sha256);
        await makeAgain(context, photo, isBad);
      });
      announcePhoto(context, photo.id, 'photo-changed');
      mended += bad.length;
    }
    for (const { id, tileSha256 } of library.portraits.list(subject.id)) {
      if (!isBad(tileSha256)) continue;
      // it is made again when it is next asked for
      library.portraits.setTile(id, null);
      mended++;
    }
  }
  return mended;
}

async function makeAgain(
  context: StudioContext, photo: PhotoRecord, isBad: (sha256: string | null) => boolean,
): Promise<void> {
  const { library } = context;
  if (isBad(photo.previewSha256) || isBad(photo.thumbnailSha256)) {
    const original = await library.readFile(photo.originalSha256);
    if (!original) return;
    const { preview, thumbnail } = await preparePhoto({ fileName: photo.fileName, bytes: original.bytes });
    library.photos.setPreviews(photo.id, {
      previewSha256: await library.keepFile(preview, 'image/webp'),
      thumbnailSha256: await library.keepFile(thumbnail, 'image/webp'),
    });
  }
  if (!isBad(photo.cropSha256)) return;
  // the face is cut out anew when it is found again
  library.photos.chooseFace(photo.id, photo.isFaceChosen ? photo.faceIndex : null);
  queueAnalysis(context, photo.subjectId);
}
