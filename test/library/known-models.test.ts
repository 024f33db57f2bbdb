// What one library knows of networks is read for another without being opened: nothing in it changes.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKnownModels } from '../../src-main/library/known-models.ts';
import { openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-models-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('paths, hashes and agreements are read, and the file stays as it was', async () => {
  const library = await openLibrary(folder);
  const hash = { sizeBytes: 7, modifiedAtMs: 1.5, sha256: 'a'.repeat(64) };
  library.companions.set('image-adapter', '/models/ip-adapter.bin', 1);
  library.companions.setHash('/models/ip-adapter.bin', hash);
  library.settings.set({ acceptedLicenses: ['research'], faceEngine: 'antelopev2', theme: 'light' });
  expect(readKnownModels(folder)).toBe('in-use');
  library.close();
  const before = await readFile(join(folder, 'library.db'));
  expect(readKnownModels(folder)).toEqual({
    companions: [{ kind: 'image-adapter', path: '/models/ip-adapter.bin' }],
    hashes: [{ path: '/models/ip-adapter.bin', ...hash }],
    settings: { acceptedLicenses: ['research'], faceEngine: 'antelopev2' },
  });
  expect(await readFile(join(folder, 'library.db'))).toEqual(before);
});

test('no library, and one from before companions, say nothing', () => {
  expect(readKnownModels(folder)).toBeUndefined();
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 3);
  database.close();
  expect(readKnownModels(folder)).toBeUndefined();
});
