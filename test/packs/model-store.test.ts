// The store of fetched models over a real server: licence first, room, what is whole is installed, what is damaged is
// told, an archive gives only what was asked of it, and a download goes on after a restart.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readModelCatalogue, sourcesOf } from '../../src-main/packs/catalogue.ts';
import type { ModelStore, ModelStoreOptions } from '../../src-main/packs/model-store-port.ts';
import { unpackMembers } from '../../src-main/packs/unpack-members.ts';
import { type BadServer, openBadServer } from './bad-server.ts';
import { type OpenedStore, oneModel, openTestStore } from './opened-store.ts';

const sizeBytes = 40_000;
let [folder, server]: [string, BadServer] = ['', undefined as never];
let stores: ModelStore[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-store-'));
  server = await openBadServer(sizeBytes);
});
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function open(options: Partial<ModelStoreOptions> = {}): Promise<OpenedStore> {
  const opened = await openTestStore(folder, server, options);
  stores.push(opened.store);
  return opened;
}

test('the catalogue that comes with Likeness is whole and asks for a licence before each large model', async () => {
  const { models, licenses } = await readModelCatalogue(join(import.meta.dirname, '..', '..', 'resources'));
  expect(models.map(({ id }) => id)).toEqual([
    'sd15', 'sdxl-base', 'sdxl-vae-fix', 'instantid', 'antelopev2', 'lcm-lora-sdxl']);
  const asks = new Set(licenses.filter(({ mustBeAccepted }) => mustBeAccepted).map(({ id }) => id));
  expect(models.filter((model) => !asks.has(model.license)).map(({ id }) => id)).toEqual(['sdxl-vae-fix']);
  // nothing that a publisher may change under its name
  const published = models.flatMap((model) => sourcesOf(model).flat());
  for (const { host, file, revision } of published) {
    expect(revision, file).toMatch(host === 'github.com' ? /^v\d/ : /^[0-9a-f]{40}$/);
  }
});

test('nothing is fetched before its licence is accepted', async () => {
  const { store } = await open({ acceptedLicenses: () => [] });
  await expect(store.get('one')).rejects.toMatchObject({ code: 'models.license-not-accepted' });
  expect(server.requests).toEqual([]);
  expect(store.entry('one')).toMatchObject({ state: 'available', license: { isAccepted: false } });
  await expect(store.get('two')).rejects.toMatchObject({ code: 'models.not-in-catalogue' });
});

test('a model is fetched, installed, found again at the next start, and removed', async () => {
  const first = await open();
  expect(await first.store.get('one')).toMatchObject({ state: 'partial' });
  expect(await first.store.settled('one')).toMatchObject({ state: 'installed', download: null, packId: 'pack-one' });
  expect(first.installed).toEqual([join(folder, 'models', 'one', 'weights.bin')]);
  expect(server.bytes.equals(await readFile(first.installed[0]!))).toBe(true);
  expect(first.told.at(-1)).toMatchObject({ state: 'installed' });
  expect((await first.store.view()).usedBytes).toBe(sizeBytes);

  const second = await open();
  expect(second.store.entry('one')).toMatchObject({ state: 'installed', packId: 'pack-one' });
  expect(await second.store.verify('one')).toMatchObject({ state: 'installed' });
  expect(await second.store.remove('one')).toMatchObject({ state: 'available', packId: null });
  expect(existsSync(join(folder, 'models', 'one'))).toBe(false);
  expect(second.installed.at(-1)).toBe('removed');
});

test('a file that was changed is damaged, and whole again when it is put back', async () => {
  const first = await open();
  await first.store.get('one');
  await first.store.settled('one');
  const file = join(folder, 'models', 'one', 'weights.bin');
  await writeFile(file, Buffer.alloc(sizeBytes));
  const second = await open();
  expect(second.store.entry('one').state).toBe('damaged');
  expect(await second.store.verify('one')).toMatchObject({ state: 'damaged' });
  await writeFile(file, server.bytes);
  expect(await second.store.verify('one')).toMatchObject({ state: 'installed' });
});

test('paused or under way: after a restart it stands as it stood, and goes on from there', async () => {
  server.behave(['drip']);
  const first = await open();
  await first.store.get('one');
  while ((first.store.entry('one').download?.bytesDone ?? 0) === 0) await sleep(2);
  expect(await first.store.pause('one')).toMatchObject({ state: 'partial', download: { state: 'paused' } });
  const second = await open();
  expect(second.store.entry('one').download).toMatchObject({ state: 'paused' });
  await second.store.get('one');
  await second.store.close();
  server.behave(['good']);
  const third = await open();
  expect(await third.store.settled('one')).toMatchObject({ state: 'installed' });
});

test('what fails says why, keeps what has come, and cancelling gives it back', async () => {
  server.behave([{ cutAfter: 20_000 }, { status: 403 }]);
  const { store } = await open();
  await store.get('one');
  const failed = await store.settled('one');
  expect(failed.state).toBe('partial');
  expect(failed.download).toMatchObject({ state: 'failed', error: { code: 'download.refused' } });
  expect(failed.download!.bytesDone).toBeGreaterThan(0);
  expect((await open()).store.entry('one').download).toMatchObject({ state: 'paused' });
  expect(await store.cancel('one')).toMatchObject({ state: 'available', download: null });
  expect(await readdir(join(folder, 'models'))).toEqual(['.likeness-models']);
});

test('more than the disk has is refused before anything is fetched', async () => {
  const { store } = await open({ catalogue: oneModel(server, { bytes: 2 ** 52 }) });
  await expect(store.get('one')).rejects.toMatchObject({ code: 'download.no-room' });
  expect(server.requests).toEqual([]);
});

test('the user’s own copy is told, and nothing need be fetched', async () => {
  const { store } = await open({ isElsewhere: () => true });
  expect(store.entry('one').state).toBe('elsewhere');
});

test('of an archive only the asked members come out, whole and under their own names', async () => {
  const [member, evil] = [Buffer.from('detector '.repeat(400)), Buffer.from('evil')];
  const archive = Buffer.from(zipSync({
    'antelopev2/det.onnx': member, '../../outside.txt': evil, 'antelopev2/other.onnx': [member, { level: 0 }],
  }));
  await mkdir(join(folder, 'out'));
  const file = join(folder, 'a.zip');
  await writeFile(file, archive);
  const wanted = (name: string) => ({ name, bytes: member.length, sha256: hashOf(member) });
  await unpackMembers(file, [wanted('det.onnx'), wanted('other.onnx')], join(folder, 'out'));
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['det.onnx', 'other.onnx']);
  expect(member.equals(await readFile(join(folder, 'out', 'det.onnx')))).toBe(true);
  expect(existsSync(join(folder, 'outside.txt'))).toBe(false);

  const unpack = (members: Parameters<typeof unpackMembers>[1]) => unpackMembers(file, members, join(folder, 'out'));
  for (const bad of [
    wanted('absent.onnx'), { ...wanted('det.onnx'), bytes: 10 }, { ...wanted('det.onnx'), sha256: '0'.repeat(64) },
  ]) await expect(unpack([bad])).rejects.toMatchObject({ code: 'download.archive' });
  await writeFile(file, archive.subarray(0, archive.length - 30));
  await expect(unpack([wanted('det.onnx')])).rejects.toMatchObject({ code: 'download.archive' });
  expect((await readdir(join(folder, 'out'))).sort()).toEqual(['det.onnx', 'other.onnx']);
});
