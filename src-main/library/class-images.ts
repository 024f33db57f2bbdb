// Queries over pictures of a class: drawn by the base model alone, once, for every subject of that class.

import type { Database } from 'better-sqlite3';
import type { PackId } from '../contract/ids.ts';
import type { ClassWord } from '../contract/nouns.ts';

/** Whose pictures: a base model, a class, and the edge they were drawn at. */
export interface ClassImageKey {
  readonly packId: PackId;
  readonly classWord: ClassWord;
  readonly edgePx: number;
}

export interface ClassImageQueries {
  /** By seed. */
  list(key: ClassImageKey): { seed: number; fileSha256: string }[];
  insert(key: ClassImageKey, seed: number, fileSha256: string): void;
}

export function classImageQueries(database: Database): ClassImageQueries {
  const list = database.prepare<[ClassImageKey], { seed: number; fileSha256: string }>(`
    select seed, file_sha256 as fileSha256 from class_image
    where pack_id = @packId and class_word = @classWord and edge_px = @edgePx order by seed`);
  const insert = database.prepare(`
    insert into class_image (pack_id, class_word, edge_px, seed, file_sha256)
    values (@packId, @classWord, @edgePx, @seed, @fileSha256)
    on conflict do update set file_sha256 = excluded.file_sha256`);
  return {
    list: (key) => list.all(key),
    insert: (key, seed, fileSha256) => void insert.run({ ...key, seed, fileSha256 }),
  };
}
