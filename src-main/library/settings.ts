// The studio's settings, one row a name: words as they are, lists as JSON. A value that no longer fits its schema
// falls back to the default.

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
    const kept = Object.fromEntries(
      select.all().map(({ name, value }) => [name, isList(name) ? parseList(value) : value]));
    const parsed = studioSettingsSchema.safeParse({ ...defaultStudioSettings, ...kept });
    return parsed.success ? parsed.data : defaultStudioSettings;
  };
  return {
    get,
    set(change) {
      for (const [name, value] of Object.entries(change)) {
        upsert.run(name, Array.isArray(value) ? JSON.stringify(value) : value);
      }
      return get();
    },
  };
}

const isList = (name: string): boolean => Array.isArray(defaultStudioSettings[name as keyof StudioSettings]);

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
