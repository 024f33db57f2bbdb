// A model fetched through the whole studio: its licence accepted, its file served by a real server with a cut in it, a
// pack like any other afterwards, there again at the next start, and gone when it is removed.

import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import { parseModelCatalogue } from '../../src-main/packs/catalogue.ts';
import type { Studio, StudioSettings } from '../../src-main/studio/open-studio.ts';
import { singleFileOf, tinyModel } from '../checkpoint/tiny-models.ts';
import { type BadServer, openBadServer } from '../packs/bad-server.ts';
import { openRealStudio } from './real-studio.ts';

let folder: string;
let server: BadServer;
const opened: Studio[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-fetched-'));
  await writeSafetensors(join(folder, 'source.safetensors'), singleFileOf(tinyModel('sd15')));
  server = await openBadServer(await readFile(join(folder, 'source.safetensors')));
});
afterAll(async () => {
  for (const studio of opened) await studio.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function catalogue() {
  return parseModelCatalogue({
    licenses: [{
      id: 'research', name: 'Research', summary: 'Not for sale.', url: 'https://example.org/',
      isCommercialUseAllowed: false, mustBeAccepted: true,
    }],
    models: [{
      id: 'tiny', name: 'Tiny', description: 'A tiny model.', kind: 'base-model', architecture: 'sd15',
      license: 'research', neededFor: [], needs: [], entry: 'tiny.safetensors',
      files: [{
        host: 'huggingface.co', repository: 'someone/tiny', revision: 'main', file: 'tiny.safetensors',
        bytes: server.bytes.length, sha256: server.sha256,
      }],
    }],
  });
}

async function open(changes: Partial<StudioSettings> = {}): Promise<Studio> {
  const studio = await openRealStudio(join(folder, 'library'), {
    modelCatalogue: catalogue(), ...changes,
    downloadPatience: { chunkBytes: 65_536, idleMs: 2000, tries: 4, firstWaitMs: 1, longestWaitMs: 10 },
  });
  opened.push(studio);
  return studio;
}

const fetched = (studio: Studio) => studio.packs.list().filter(({ origin }) => origin === 'download');

/** At a start without the drive the model is one that is gone; it is of use again as soon as that is plugged in. */
async function whileAway(packId: PackId): Promise<void> {
  const [store, unplugged] = [join(folder, 'likeness-models'), join(folder, 'unplugged')];
  await rename(store, unplugged);
  // the empty folder that it was mounted at
  await mkdir(store);
  const studio = await open();
  expect(fetched(studio)).toMatchObject([{
    id: packId, name: 'Tiny', license: 'Research', isCommercialUseAllowed: false, architecture: 'sd15', state: 'gone',
    note: 'It is not there now. Plug its drive in or connect to it, then look again.',
  }]);
  const plan = () => studio.run('memory.planPortraits', { packId });
  await expect(plan()).rejects.toMatchObject({
    code: 'packs.gone', text: { safe: 'Your looks and portraits are untouched.' } });
  await rm(store, { recursive: true });
  await rename(unplugged, store);
  await studio.models.view();
  expect(fetched(studio)).toMatchObject([{ id: packId, state: 'ready', note: '' }]);
  expect((await plan()).fits).toBe(true);
  await studio.close();
}

test('from the licence to a pack, over a restart, and away again', async () => {
  const studio = await open();
  const events: StudioEvent[] = [];
  studio.subscribe((event) => events.push(event));
  await studio.run('models.setMirrors', { mirrors: [{ from: 'huggingface.co', to: server.url.origin }] });
  const modelId = 'tiny';
  await expect(studio.run('models.get', { modelId })).rejects.toMatchObject({ code: 'models.license-not-accepted' });
  expect(server.requests).toEqual([]);

  await studio.run('licenses.accept', { licenseId: 'research' });
  server.behave([{ cutAfter: 200_000 }, 'good']);
  await studio.run('models.get', { modelId });
  const there = await studio.models.settled(modelId);
  expect(there).toMatchObject({ state: 'installed', download: null });
  expect(fetched(studio)).toMatchObject([{
    id: there.packId, name: 'Tiny', license: 'Research', isCommercialUseAllowed: false, state: 'ready',
  }]);
  expect(events.filter(({ type }) => type === 'packs-changed').length).toBeGreaterThan(0);
  // portraits and teaching take it by its id like any other
  expect((await studio.run('studio.state', {})).packs.map(({ id }) => id)).toContain(there.packId);
  expect((await studio.run('memory.planPortraits', { packId: there.packId! })).fits).toBe(true);
  await studio.close();
  await whileAway(there.packId!);

  // also to those that only look, e.g. at what a batch would be
  const idle = await open({ isIdle: true });
  expect(fetched(idle).map(({ id }) => id)).toEqual([there.packId]);
  await idle.close();

  const again = await open();
  const requests = server.requests.length;
  expect(fetched(again).map(({ id }) => id)).toEqual([there.packId]);
  expect(server.requests).toHaveLength(requests);
  expect(await again.run('models.remove', { modelId })).toMatchObject({ state: 'available', packId: null });
  expect(fetched(again)).toEqual([]);
  await expect(readFile(join(folder, 'likeness-models', 'tiny', 'tiny.safetensors'))).rejects.toThrow();
});
