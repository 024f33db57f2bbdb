// From a library of version 7 to one whose pictures of a class belong to the weights that drew them: those from before
// go, with their files, and nothing else does.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PackId, SubjectId } from '../../src-main/contract/ids.ts';
import { openFileStore } from '../../src-main/library/file-store.ts';
import { openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ada = 'a'.repeat(32) as SubjectId;

/** What version 7 left: a subject with a photo, and a picture of a class; returns the hashes of the two files. */
async function writeVersion7(): Promise<{ photo: string; classPicture: string }> {
  const store = await openFileStore(join(folder, 'files'));
  const [photo, classPicture] = [
    (await store.put(Buffer.from('a photo'))).sha256, (await store.put(Buffer.from('a woman'))).sha256];
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 7);
  database.pragma('foreign_keys = on');
  database.exec(`
    insert into stored_file values ('${photo}', 7, 'image/png'), ('${classPicture}', 7, 'image/png');
    insert into subject (id, name, trigger_word, class_word, has_consent, created_at_ms)
      values ('${ada}', 'Ada', 'ohwx', 'woman', 1, 1);
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, file_name, width_px,
      height_px, added_at_ms)
      values ('${'1'.repeat(32)}', '${ada}', '${photo}', '${photo}', '${photo}', 'a.jpg', 8, 8, 2);
    insert into class_image values ('starter', 'woman', 64, 1, '${classPicture}');`);
  database.close();
  return { photo, classPicture };
}

test('pictures of a class by weights that nobody knows go, with their files; photos stay', async () => {
  const { photo, classPicture } = await writeVersion7();
  const library = await openLibrary(folder);
  expect(library.photos.list(ada)).toMatchObject([{ fileName: 'a.jpg' }]);
  expect([await library.hasFile(photo), await library.hasFile(classPicture)]).toEqual([true, false]);
  for (const weightsMark of ['', 'a']) {
    const key = { packId: 'starter' as PackId, weightsMark, classWord: 'woman', edgePx: 64 } as const;
    expect(library.classImages.list(key)).toEqual([]);
  }
  expect(await library.backups.list()).toMatchObject([{ reason: 'migration' }]);
  library.close();
});
