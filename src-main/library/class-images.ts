// Queries over pictures of a class: drawn by the base model alone, once, for every subject of that class.

import type { Database } from 'better-sqlite3';
import type { PackId } from '../contract/ids.ts';
import type { ClassWord } from '../contract/nouns.ts';

/** Whose pictures: a base model and its weights, a class, and the edge they were drawn at. */
export interface ClassImageKey {
  readonly packId: PackId;
  /** Of the weights that drew them (packs/weights-mark.ts). */
  readonly weightsMark: string;
  readonly classWord: ClassWord;
  readonly edgePx: number;
}

export interface ClassImageQueries {
  /** By seed. */
  list(key: ClassImageKey): { seed: number; fileSha256: string }[];
  insert(key: ClassImageKey, seed: number, fileSha256: string): void;
  /** Those that other weights of the model drew; returns how many there were. */
  removeOthers(key: Pick<ClassImageKey, 'packId' | 'weightsMark'>): number;
}

export function classImageQueries(database: Database): ClassImageQueries {
  const list = database.prepare<[ClassImageKey], { seed: number; fileSha256: string }>(`
    select seed, file_sha256 as fileSha256 from class_image
    where pack_id = @packId and weights_mark = @weightsMark and class_word = @classWord and edge_px = @edgePx
    order by seed`);
  const insert = database.prepare(`
    insert into class_image (pack_id, weights_mark, class_word, edge_px, seed, file_sha256)
    values (@packId, @weightsMark, @classWord, @edgePx, @seed, @fileSha256)
    on conflict do update set file_sha256 = excluded.file_sha256`);
  const removeOthers = database.prepare(
    'delete from class_image where pack_id = @packId and weights_mark <> @weightsMark');
  return {
    list: (key) => list.all(key),
    insert: (key, seed, fileSha256) => void insert.run({ ...key, seed, fileSha256 }),
    removeOthers: ({ packId, weightsMark }) => removeOthers.run({ packId, weightsMark }).changes,
  };
}
