// Where the user's own checkpoints lie. They stay where they are; only the paths are kept.

import type { Database } from 'better-sqlite3';

export interface CheckpointQueries {
  /** Absolute paths, in the order they were added. */
  list(): string[];
  add(path: string, addedAtMs: number): void;
}

export function checkpointQueries(database: Database): CheckpointQueries {
  const list = database.prepare<[], { path: string }>('select path from checkpoint order by added_at_ms, path');
  const add = database.prepare('insert into checkpoint (path, added_at_ms) values (?, ?) on conflict do nothing');
  return {
    list: () => list.all().map((row) => row.path),
    add: (path, addedAtMs) => void add.run(path, addedAtMs),
  };
}
