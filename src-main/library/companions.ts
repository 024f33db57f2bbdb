// Where the networks beside the base models lie (see packs/companions.ts), and hashes of large files that were computed
// before. Files stay where they are; only paths are kept.

import type { Database } from 'better-sqlite3';
import type { CompanionKind } from '../contract/companions.ts';

/** A hash with what its file looked like when it was computed. */
export interface KnownHash {
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
  readonly sha256: string;
}

export interface CompanionQueries {
  /** Absolute paths by kind. */
  list(): { kind: CompanionKind; path: string }[];
  /** One path a kind: another takes its place. */
  set(kind: CompanionKind, path: string, addedAtMs: number): void;
  hashOf(path: string): KnownHash | undefined;
  hashes(): (KnownHash & { path: string })[];
  setHash(path: string, known: KnownHash): void;
}

export function companionQueries(database: Database): CompanionQueries {
  const list = database.prepare<[], { kind: CompanionKind; path: string }>(
    'select kind, path from companion order by kind');
  const set = database.prepare(`
    insert into companion (kind, path, added_at_ms) values (?, ?, ?)
    on conflict (kind) do update set path = excluded.path, added_at_ms = excluded.added_at_ms`);
  const hashOf = database.prepare<[string], KnownHash>(`
    select size_bytes as sizeBytes, modified_at_ms as modifiedAtMs, sha256 from known_hash where path = ?`);
  const hashes = database.prepare<[], KnownHash & { path: string }>(`
    select path, size_bytes as sizeBytes, modified_at_ms as modifiedAtMs, sha256 from known_hash order by path`);
  const setHash = database.prepare(`
    insert into known_hash (path, size_bytes, modified_at_ms, sha256)
    values (@path, @sizeBytes, @modifiedAtMs, @sha256)
    on conflict (path) do update set size_bytes = excluded.size_bytes, modified_at_ms = excluded.modified_at_ms,
      sha256 = excluded.sha256`);
  return {
    list: () => list.all(),
    set: (kind, path, addedAtMs) => void set.run(kind, path, addedAtMs),
    hashOf: (path) => hashOf.get(path),
    hashes: () => hashes.all(),
    setHash: (path, { sizeBytes, modifiedAtMs, sha256 }) => void setHash.run({ path, sizeBytes, modifiedAtMs, sha256 }),
  };
}
