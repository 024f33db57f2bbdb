// Folders of the user's own models, what the headers of the files in them said, and the VAEs chosen for checkpoints.
// Files stay where they are; only paths and facts are kept.

import type { Database } from 'better-sqlite3';
import type { z } from 'zod';
import type { modelFolderKindSchema } from '../contract/models.ts';

export type ModelFolderKind = z.infer<typeof modelFolderKindSchema>;

export interface ModelFolderRow {
  readonly id: string;
  /** Absolute; of kind 'file' the file itself. */
  readonly path: string;
  readonly kind: ModelFolderKind;
  readonly addedAtMs: number;
}

/** What a file was when its header was read, and what that said, as JSON. */
export interface ModelFileRow {
  readonly path: string;
  readonly folderId: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly facts: string;
}

export interface ModelFolderQueries {
  /** In the order they were named. */
  list(): ModelFolderRow[];
  add(folder: ModelFolderRow): void;
  /** With everything that was found in it. */
  remove(id: string): void;
  files(folderId: string): ModelFileRow[];
  /** Keeps what was read and forgets what is gone, all or nothing. */
  setFiles(kept: readonly ModelFileRow[], gone: readonly string[]): void;
  vaeOf(checkpointPath: string): string | undefined;
  /** Null goes back to the checkpoint's own. */
  setVae(checkpointPath: string, vaePath: string | null): void;
  /** Whether a look or a portrait was made with this model. */
  isUsed(packId: string): boolean;
}

export function modelFolderQueries(database: Database): ModelFolderQueries {
  const list = database.prepare<[], ModelFolderRow>(`
    select id, path, kind, added_at_ms as addedAtMs from model_folder order by added_at_ms, path`);
  const add = database.prepare(`
    insert into model_folder (id, path, kind, added_at_ms) values (@id, @path, @kind, @addedAtMs)
    on conflict do nothing`);
  const remove = database.prepare('delete from model_folder where id = ?');
  const files = database.prepare<[string], ModelFileRow>(`
    select path, folder_id as folderId, size_bytes as sizeBytes, modified_at_ms as modifiedAtMs, facts
    from model_file where folder_id = ? order by path`);
  const save = database.prepare(`
    insert into model_file (path, folder_id, size_bytes, modified_at_ms, facts)
    values (@path, @folderId, @sizeBytes, @modifiedAtMs, @facts)
    on conflict (path) do update set folder_id = excluded.folder_id, size_bytes = excluded.size_bytes,
      modified_at_ms = excluded.modified_at_ms, facts = excluded.facts`);
  const removeFile = database.prepare('delete from model_file where path = ?');
  const setFiles = database.transaction((kept: readonly ModelFileRow[], gone: readonly string[]) => {
    for (const path of gone) removeFile.run(path);
    for (const row of kept) save.run(row);
  });
  const isUsed = database.prepare<{ id: string }, { used: number }>(`
    select exists (select 1 from adapter where pack_id = @id) or exists (select 1 from portrait where pack_id = @id)
      as used`);
  return {
    list: () => list.all(),
    add: (folder) => void add.run(folder),
    remove: (id) => void remove.run(id),
    files: (folderId) => files.all(folderId),
    setFiles: (kept, gone) => setFiles.immediate(kept, gone),
    isUsed: (id) => isUsed.get({ id })?.used === 1,
    ...vaeQueries(database),
  };
}

function vaeQueries(database: Database): Pick<ModelFolderQueries, 'vaeOf' | 'setVae'> {
  const vaeOf = database.prepare<[string], { vae: string }>(`
    select vae_path as vae from checkpoint_vae where checkpoint_path = ?`);
  const setVae = database.prepare(`
    insert into checkpoint_vae (checkpoint_path, vae_path) values (?, ?)
    on conflict (checkpoint_path) do update set vae_path = excluded.vae_path`);
  const ownVae = database.prepare('delete from checkpoint_vae where checkpoint_path = ?');
  return {
    vaeOf: (path) => vaeOf.get(path)?.vae,
    setVae: (path, vae) => void (vae === null ? ownVae.run(path) : setVae.run(path, vae)),
  };
}
