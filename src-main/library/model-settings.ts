// Small things that are remembered of models and that the page is not told: where downloads are kept, whether
// anything was kept there before, and what it was.

import type { Database } from 'better-sqlite3';

/**
 * 'used-store': the folder in which models were kept last; another one has not been used yet. 'stored-pack' of a
 * model's id: what its header said when it was there last.
 */
export type ModelSetting = 'store-folder' | 'used-store' | `stored-pack ${string}`;

export interface ModelSettingQueries {
  /** Undefined where it was never set. */
  get(name: ModelSetting): string | undefined;
  set(name: ModelSetting, value: string): void;
}

export function modelSettingQueries(database: Database): ModelSettingQueries {
  const get = database.prepare<[string], { value: string }>('select value from model_setting where name = ?');
  const set = database.prepare(
    'insert into model_setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value');
  return {
    get: (name) => get.get(name)?.value,
    set: (name, value) => void set.run(name, value),
  };
}
