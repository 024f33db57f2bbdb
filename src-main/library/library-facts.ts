// What the library remembers of itself: when it was checked, what the last start had to mend, who is being erased.

import type { Database } from 'better-sqlite3';
import {
  type LibraryCheck, type Recovery, libraryCheckSchema, recoverySchema,
} from '../contract/keeping.ts';
import type { SubjectId } from '../contract/ids.ts';

export interface LibraryFactQueries {
  lastCheck(): LibraryCheck | null;
  setLastCheck(check: LibraryCheck): void;
  recovery(): Recovery | null;
  setRecovery(recovery: Recovery | null): void;
  /** Subjects whose rows are gone or hidden, and whose other traces may still be there. */
  erasing(): SubjectId[];
  setErasing(ids: readonly SubjectId[]): void;
  /** The tables were restored, so a file without a row may be one whose row was lost: it is put aside, not removed. */
  isRestored(): boolean;
  setRestored(isRestored: boolean): void;
}

export function libraryFactQueries(database: Database): LibraryFactQueries {
  const select = database.prepare<[string], { value: string }>('select value from library_note where name = ?');
  const upsert = database.prepare(
    'insert into library_note (name, value) values (?, ?) on conflict (name) do update set value = excluded.value');
  const remove = database.prepare('delete from library_note where name = ?');
  const read = (name: string): unknown => {
    const row = select.get(name);
    return row ? JSON.parse(row.value) as unknown : null;
  };
  const write = (name: string, value: unknown): void => {
    if (value === null) remove.run(name);
    else upsert.run(name, JSON.stringify(value));
  };
  return {
    lastCheck: () => libraryCheckSchema.safeParse(read('check')).data ?? null,
    setLastCheck: (check) => write('check', check),
    recovery: () => recoverySchema.safeParse(read('recovery')).data ?? null,
    setRecovery: (recovery) => write('recovery', recovery),
    erasing: () => (read('erasing') ?? []) as SubjectId[],
    setErasing: (ids) => write('erasing', ids.length > 0 ? ids : null),
    isRestored: () => read('restored') === true,
    setRestored: (isRestored) => write('restored', isRestored || null),
  };
}
