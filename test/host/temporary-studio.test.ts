// A command that keeps nothing still knows the networks that were added to the user's own library.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { libraryFolderOf, withTemporaryStudio } from '../../src-main/host/open-host-studio.ts';
import { openLibrary } from '../../src-main/library/library.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-temporary-'));
  for (const name of ['XDG_DATA_HOME', 'APPDATA', 'HOME']) vi.stubEnv(name, folder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('what the user added is known, and their library is not opened for it', async () => {
  expect(await withTemporaryStudio(async (studio) => studio.companions.list().map(({ state }) => state)))
    .not.toContain('gone');
  expect(await readdir(folder)).toEqual([]);
  const own = await openLibrary(libraryFolderOf(undefined));
  own.companions.set('image-adapter', join(folder, 'not-there.bin'), 1);
  own.settings.set({ acceptedLicenses: ['one'] });
  own.subjects.insert({
    id: 'a'.repeat(32) as never, name: 'Ada', triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
  });
  own.close();
  await withTemporaryStudio(async (studio) => {
    expect(studio.companions.list().find(({ kind }) => kind === 'image-adapter')).toMatchObject({ state: 'gone' });
    expect(studio.library.settings.get().acceptedLicenses).toEqual(['one']);
    expect(await studio.run('subjects.list', {})).toEqual([]);
  });
});
