// What providers gave when they were tried, by what they were tried with: another driver, card or version is another
// key.

import type { Database } from 'better-sqlite3';
import { type MachineReport, machineReportSchema } from '../contract/machine.ts';

export interface ProviderTrialQueries {
  /** Undefined where nothing was tried with this key, or by a version whose reports were other ones. */
  get(key: string): MachineReport | undefined;
  /** Takes the place of every earlier report. */
  set(key: string, report: MachineReport, triedAtMs: number): void;
}

export function providerTrialQueries(database: Database): ProviderTrialQueries {
  const get = database.prepare<[string], { report: string }>('select report from provider_trial where key = ?');
  const clear = database.prepare('delete from provider_trial');
  const set = database.prepare('insert into provider_trial (key, report, tried_at_ms) values (?, ?, ?)');
  const replace = database.transaction((key: string, report: string, triedAtMs: number) => {
    clear.run();
    set.run(key, report, triedAtMs);
  });
  return {
    get(key) {
      const row = get.get(key);
      const parsed = row && machineReportSchema.safeParse(JSON.parse(row.report));
      return parsed?.success ? parsed.data : undefined;
    },
    set: (key, report, triedAtMs) => void replace(key, JSON.stringify(report), triedAtMs),
  };
}
