// Names of backups, which say when and why, and which of them are kept: one a day for a week and one a week for four
// weeks before; of those that were asked for the newest three as well, of those before a migration the newest two.

import type { Backup } from '../contract/keeping.ts';

const daysKept = 7;
const weeksKept = 4;
const askedKept = 3;
const migrationsKept = 2;

const dayMs = 24 * 60 * 60 * 1000;
const namePattern = /^(\d{4})(\d{2})(\d{2})-(\d{2})(\d{2})(\d{2})(?:-(asked|migration))?$/;

/** 20261126-204000, with '-asked' or '-migration' where it is not the day's own; in UTC. */
export function backupName(reason: Backup['reason'], atMs: number): string {
  const stamp = timeStamp(atMs);
  return reason === 'daily' ? stamp : `${stamp}-${reason}`;
}

/** 20261126-204000, in UTC. */
export function timeStamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
}

/** What the name of a backup's file says; undefined where it is none. */
export function parseBackupName(fileName: string): Omit<Backup, 'sizeBytes'> | undefined {
  const id = fileName.endsWith('.db') ? fileName.slice(0, -'.db'.length) : '';
  const found = namePattern.exec(id);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number, number, number, number, number, number];
  const atMs = Date.UTC(year, month - 1, day, hour, minute, second);
  return { id, atMs, reason: (found[7] as 'asked' | 'migration' | undefined) ?? 'daily' };
}

/** The ids to keep, of backups that are listed newest first. */
export function backupsToKeep(backups: readonly Pick<Backup, 'id' | 'atMs' | 'reason'>[]): Set<string> {
  const newestOf = (reason: Backup['reason'], count: number) =>
    backups.filter((backup) => backup.reason === reason).slice(0, count);
  const daily = newestOfEach(backups, dayMs, daysKept);
  const dayOf = ({ atMs }: { readonly atMs: number }): number => Math.floor(atMs / dayMs);
  const older = backups.filter((backup) => daily.length > 0 && dayOf(backup) < dayOf(daily.at(-1)!));
  const kept = [
    ...daily, ...newestOfEach(older, 7 * dayMs, weeksKept),
    ...newestOf('asked', askedKept), ...newestOf('migration', migrationsKept),
  ];
  return new Set(kept.map(({ id }) => id));
}

/** The newest of each of the last `count` stretches of time that have one. */
function newestOfEach<T extends { readonly atMs: number }>(
  backups: readonly T[], lengthMs: number, count: number,
): T[] {
  const newest = new Map<number, T>();
  for (const backup of backups) {
    const stretch = Math.floor(backup.atMs / lengthMs);
    if (!newest.has(stretch)) newest.set(stretch, backup);
  }
  return [...newest.values()].slice(0, count);
}
