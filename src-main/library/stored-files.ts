// Rows of the files in the store: what is kept, how large it is and what type of content it has.

import type { Database } from 'better-sqlite3';

export interface StoredFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface StoredFileQueries {
  insert(sha256: string, sizeBytes: number, mediaType: string): void;
  mediaTypeOf(sha256: string): string | undefined;
  list(): StoredFile[];
  /** Deletes the rows of files that nothing refers to; returns the names of those that stay. */
  removeUnused(): Set<string>;
}

export function storedFileQueries(database: Database): StoredFileQueries {
  const insert = database.prepare(
    'insert into stored_file (sha256, size_bytes, media_type) values (?, ?, ?) on conflict do nothing');
  const mediaType = database.prepare<[string], { media_type: string }>(
    'select media_type from stored_file where sha256 = ?');
  const removeUnused = database.prepare(removeUnusedSql(database));
  const all = database.prepare<[], StoredFile>('select sha256, size_bytes as sizeBytes from stored_file');
  return {
    insert: (sha256, sizeBytes, type) => void insert.run(sha256, sizeBytes, type),
    mediaTypeOf: (sha256) => mediaType.get(sha256)?.media_type,
    list: () => all.all(),
    removeUnused() {
      removeUnused.run();
      return new Set(all.all().map((row) => row.sha256));
    },
  };
}

/** Removes the rows of files that nothing refers to, whatever version the tables are of: every reference is asked. */
export function removeUnusedSql(database: Database): string {
  const references = database.prepare<[], { tableName: string; columnName: string }>(`
    select m.name as tableName, f."from" as columnName from sqlite_master m, pragma_foreign_key_list(m.name) f
    where m.type = 'table' and f."table" = 'stored_file' order by 1, 2`).all();
  const used = references.map(({ tableName, columnName }) =>
    `select "${columnName}" from "${tableName}" where "${columnName}" is not null`);
  return `delete from stored_file where sha256 not in (${used.join(' union ')})`;
}
