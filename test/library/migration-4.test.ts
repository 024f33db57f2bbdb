// From a library of version 3 to one that knows networks beside the base models, and lists among the settings.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { migrate } from '../../src-main/library/migrate.ts';

let folder: string;
let library: Library;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-migration-'));
  const database = new SqliteDatabase(join(folder, 'library.db'));
  migrate(database, 3);
  database.exec(`
    insert into checkpoint values ('/models/old.safetensors', 1);
    insert into setting values ('language', 'zh-Hans'), ('provider', 'cpu');`);
  database.close();
  library = await openLibrary(folder);
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  library.close();
  library = await openLibrary(folder);
}

test('what was there stays, and nothing beside the base models is known yet', () => {
  expect(library.checkpoints.list()).toEqual(['/models/old.safetensors']);
  expect(library.settings.get()).toMatchObject({
    language: 'zh-Hans', provider: 'cpu', faceEngine: 'built-in', acceptedLicenses: [],
  });
  expect(library.companions.list()).toEqual([]);
  expect(library.companions.hashOf('/models/old.safetensors')).toBeUndefined();
});

test('one path a kind, and hashes by path, outlive the program', async () => {
  library.companions.set('face-detector', '/a/scrfd.onnx', 1);
  library.companions.set('image-adapter', '/a/ip-adapter.bin', 2);
  library.companions.set('face-detector', '/b/scrfd.onnx', 3);
  const known = { sizeBytes: 2 ** 33, modifiedAtMs: 1_700_000_000_123.456, sha256: 'a'.repeat(64) };
  library.companions.setHash('/b/scrfd.onnx', { ...known, sha256: 'b'.repeat(64) });
  library.companions.setHash('/b/scrfd.onnx', known);
  await reopen();
  expect(library.companions.list()).toEqual([
    { kind: 'face-detector', path: '/b/scrfd.onnx' }, { kind: 'image-adapter', path: '/a/ip-adapter.bin' },
  ]);
  expect(library.companions.hashOf('/b/scrfd.onnx')).toEqual(known);
});

test('licences that were accepted are kept as a list; one that cannot be read is none', async () => {
  library.settings.set({ acceptedLicenses: ['one', 'two'], faceEngine: 'antelopev2' });
  await reopen();
  expect(library.settings.get()).toMatchObject({ acceptedLicenses: ['one', 'two'], faceEngine: 'antelopev2' });
  library.close();
  const database = new SqliteDatabase(join(folder, 'library.db'));
  database.exec("update setting set value = '[\"one' where name = 'acceptedLicenses'");
  database.close();
  library = await openLibrary(folder);
  expect(library.settings.get()).toMatchObject({ acceptedLicenses: [], language: 'zh-Hans', faceEngine: 'antelopev2' });
});
