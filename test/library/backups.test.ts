// Backups: which are kept, that each is whole, that a damaged database makes none, and going back to one.

import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backupName, backupsToKeep, parseBackupName } from '../../src-main/library/backup-names.ts';
import { ballastBytes, keepBallast, withBallast } from '../../src-main/library/ballast.ts';
import { openLibrary } from '../../src-main/library/library.ts';
import { restoreBackup } from '../../src-main/library/restore.ts';
import { everythingOf, fill } from './filled-library.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-backups-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dayMs = 24 * 60 * 60 * 1000;

test('a name says when and why, and is read back', () => {
  const atMs = Date.UTC(2026, 10, 26, 20, 40, 7);
  expect(backupName('daily', atMs)).toBe('20261126-204007');
  for (const reason of ['daily', 'asked', 'migration'] as const) {
    expect(parseBackupName(`${backupName(reason, atMs)}.db`)).toEqual({ id: backupName(reason, atMs), reason, atMs });
  }
  for (const name of ['20261126-204007', '.part-1.db', 'library.db', '20261126-204007-other.db']) {
    expect(parseBackupName(name)).toBeUndefined();
  }
});

test('of daily backups seven days and four weeks stay, however long they were made', () => {
  let kept: { id: string; atMs: number; reason: 'daily' | 'asked' | 'migration' }[] = [];
  for (let day = 0; day < 400; day++) {
    const atMs = Date.UTC(2026, 0, 1, 9) + day * dayMs;
    kept = [{ id: backupName('daily', atMs), atMs, reason: 'daily' }, ...kept];
    const ids = backupsToKeep(kept);
    kept = kept.filter(({ id }) => ids.has(id));
    if (day < 40) continue;
    const agesInDays = kept.map((backup) => Math.round((atMs - backup.atMs) / dayMs));
    expect(agesInDays.slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(kept.length).toBeLessThanOrEqual(11);
    expect(agesInDays.at(-1)).toBeGreaterThanOrEqual(21);
  }
});

test('several a day leave the newest; asked ones and those before a migration have places of their own', () => {
  const noon = Date.UTC(2026, 5, 15, 12);
  const made = (['daily', 'daily', 'asked', 'asked', 'asked', 'asked', 'migration', 'migration', 'migration'] as const)
    .map((reason, index) => ({ id: `${index}`, reason, atMs: noon - index * 1000 }));
  expect([...backupsToKeep(made)].sort()).toEqual(['0', '2', '3', '4', '6', '7']);
});

test('a backup holds every row, is compact and private, and nothing half-written is beside it', async () => {
  const library = await openLibrary(folder);
  await fill(library, 'Ada');
  const backup = await library.backUp('asked', Date.UTC(2026, 10, 26));
  const file = join(folder, 'backups', `${backup.id}.db`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(file)).size).toBe(backup.sizeBytes);
  expect(await readdir(join(folder, 'backups'))).toEqual([`${backup.id}.db`]);
  const copy = new SqliteDatabase(file, { readonly: true });
  const counts = ['subject', 'photo', 'found_face', 'adapter', 'portrait', 'job_item', 'snapshot'].map((table) =>
    copy.prepare(`select count(*) from ${table}`).pluck().get());
  expect(counts).toEqual([1, 2, 2, 1, 3, 4, 1]);
  copy.close();
  library.close();
});

test('a database that went bad while it was open makes no backup, and the good ones stay', async () => {
  const library = await openLibrary(folder);
  const ada = await fill(library, 'Ada');
  await library.backUp('daily', Date.UTC(2026, 10, 25));
  library.close();
  // an index of other columns than its rows: only the thorough check finds it
  const raw = new SqliteDatabase(join(folder, 'library.db'));
  raw.unsafeMode();
  raw.pragma('writable_schema = on');
  raw.exec("update sqlite_master set sql = replace(sql, '(state,', '(title,') where name = 'job_by_state'");
  raw.close();
  const again = await openLibrary(folder);
  expect(again.isDatabaseSound()).toBe(false);
  await expect(again.backUp('daily', Date.UTC(2026, 10, 26))).rejects.toMatchObject({ code: 'library.broken' });
  expect((await again.backups.list()).map(({ id }) => id)).toEqual(['20261125-000000']);
  expect(again.photos.list(ada.subjectId)).toHaveLength(2);
  again.close();
});

test('going back to a backup is as it was then, and can itself be taken back', async () => {
  const library = await openLibrary(folder);
  const ada = await fill(library, 'Ada');
  library.portraits.emptyTrash();
  const { id } = await library.backUp('asked', Date.UTC(2026, 0, 1));
  const then = everythingOf(library, ada);
  const bo = await fill(library, 'Bo');
  library.subjects.change(ada.subjectId, { name: 'Ada Lovelace' });
  library.close();

  await restoreBackup(folder, id);
  const back = await openLibrary(folder);
  expect(everythingOf(back, ada)).toEqual(then);
  expect(back.subjects.list().map(({ name }) => name)).toEqual(['Ada']);
  expect(back.facts.recovery()).toMatchObject({ from: 'backup', backupAtMs: Date.UTC(2026, 0, 1) });
  // the notes follow: Bo's would bring Bo back
  back.notes.writeAll();
  expect(await readdir(join(folder, 'notes'))).not.toContain(bo.subjectId);
  const before = (await back.backups.list())[0]!;
  expect(before.reason).toBe('asked');
  back.close();

  await restoreBackup(folder, before.id);
  const forth = await openLibrary(folder);
  expect(forth.subjects.list().map(({ name }) => name).sort()).toEqual(['Ada Lovelace', 'Bo']);
  forth.close();
  await expect(restoreBackup(folder, '20200101-000000')).rejects.toMatchObject({ code: 'library.no-backup' });
  await writeFile(join(folder, 'backups', '20200101-000000.db'), 'no database');
  await expect(restoreBackup(folder, '20200101-000000')).rejects.toMatchObject({ code: 'library.no-backup' });
});

test('on a full disk the ballast is given up and what frees room is done once more', async () => {
  await keepBallast(folder);
  expect((await stat(join(folder, 'ballast'))).size).toBe(ballastBytes);
  const seen: boolean[] = [];
  const hasBallast = async (): Promise<boolean> => (await readdir(folder)).includes('ballast');
  const result = await withBallast(folder, async () => {
    seen.push(await hasBallast());
    if (await hasBallast()) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    return 'removed';
  });
  expect([result, ...seen]).toEqual(['removed', true, false]);
  await expect(withBallast(folder, () => Promise.reject(new Error('another')))).rejects.toThrow('another');
});
