// The studio's settings, one row a name: words as they are, all else as JSON. A value that no longer fits its schema
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
    const kept = select.all().flatMap(({ name, value }) => {
      const parsed = studioSettingsSchema.partial().safeParse({ [name]: valueOf(name, value) });
      return parsed.success ? Object.entries(parsed.data) : [];
    });
    return { ...defaultStudioSettings, ...Object.fromEntries(kept) };
  };
  return {
    get,
    set(change) {
      for (const [name, value] of Object.entries(change)) {
        upsert.run(name, typeof value === 'string' ? value : JSON.stringify(value));
      }
      return get();
    },
  };
}

function valueOf(name: string, text: string): unknown {
  const isText = typeof defaultStudioSettings[name as keyof StudioSettings] === 'string';
  try {
    return isText ? text : JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
