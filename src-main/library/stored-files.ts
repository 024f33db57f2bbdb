// Rows of the files in the store: what is kept, how large it is and what type of content it has.

import type { Database } from 'better-sqlite3';

export interface StoredFileQueries {
  insert(sha256: string, sizeBytes: number, mediaType: string): void;
  mediaTypeOf(sha256: string): string | undefined;
  /** Deletes the rows of files that nothing refers to; returns the names of those that stay. */
  removeUnused(): Set<string>;
}

const removeUnusedSql = `
delete from stored_file where sha256 not in (
  select original_sha256 from photo union select preview_sha256 from photo union select thumbnail_sha256 from photo
  union select crop_sha256 from photo where crop_sha256 is not null
  union select file_sha256 from adapter union select file_sha256 from portrait
  union select before_sha256 from portrait where before_sha256 is not null
  union select file_sha256 from preview union select file_sha256 from class_image
  union select file_sha256 from exported_file)`;

export function storedFileQueries(database: Database): StoredFileQueries {
  const insert = database.prepare(
    'insert into stored_file (sha256, size_bytes, media_type) values (?, ?, ?) on conflict do nothing');
  const mediaType = database.prepare<[string], { media_type: string }>(
    'select media_type from stored_file where sha256 = ?');
  const removeUnused = database.prepare(removeUnusedSql);
  const all = database.prepare<[], { sha256: string }>('select sha256 from stored_file');
  return {
    insert: (sha256, sizeBytes, type) => void insert.run(sha256, sizeBytes, type),
    mediaTypeOf: (sha256) => mediaType.get(sha256)?.media_type,
    removeUnused() {
      removeUnused.run();
      return new Set(all.all().map((row) => row.sha256));
    },
  };
}
