// The studio's settings, one row a name; a value that no longer fits its schema falls back to the default.

import type { Database } from 'better-sqlite3';
import { type StudioSettings, defaultStudioSettings, studioSettingsSchema } from '../contract/settings.ts';

export interface SettingQueries {
  get(): StudioSettings;
  set(change: Partial<StudioSettings>): StudioSettings;
}

export function settingQueries(database: Database): SettingQueries {
  const select = database.prepare<[], { name: string; value: string }>('select name, value from setting');
  const upsert = database.prepare(
    'insert into setting (name, value) values (?, ?) on conflict (name) do update set value = excluded.value');
  const get = (): StudioSettings => {
    const kept = Object.fromEntries(select.all().map((row) => [row.name, row.value]));
    const parsed = studioSettingsSchema.safeParse({ ...defaultStudioSettings, ...kept });
    return parsed.success ? parsed.data : defaultStudioSettings;
  };
  return {
    get,
    set(change) {
      for (const [name, value] of Object.entries(change)) upsert.run(name, value);
      return get();
    },
  };
}
