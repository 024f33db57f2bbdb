// Where models are kept: a disk that fills up, a drive that goes and comes back while a model is fetched and between
// two starts. What had come is gone on with, and nothing is put where the drive was.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PackId } from '../../src-main/contract/ids.ts';
import { downloadFile } from '../../src-main/packs/download.ts';
import type { ModelStore, ModelStoreOptions } from '../../src-main/packs/model-store-port.ts';
import { type BadServer, openBadServer } from './bad-server.ts';
import { type OpenedStore, openTestStore } from './opened-store.ts';

const [sizeBytes, chunkBytes] = [200_000, 8192];
let [folder, server]: [string, BadServer] = ['', undefined as never];
let stores: ModelStore[] = [];
let used: string | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-place-'));
  server = await openBadServer(sizeBytes);
  await mkdir(drive());
  used = undefined;
});
afterEach(async () => {
  for (const store of stores) await store.close();
  stores = [];
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const drive = (): string => join(folder, 'drive');
const unplug = (): Promise<void> => rename(drive(), join(folder, 'unplugged'));
const plugIn = (): Promise<void> => rename(join(folder, 'unplugged'), drive());
const weights = (): string => join(drive(), 'models', 'one', 'weights.bin');

async function open(options: Partial<ModelStoreOptions> = {}): Promise<OpenedStore> {
  const opened = await openTestStore(drive(), server, {
    wasUsed: (place) => place === used, onUsed: (place) => { used = place; }, ...options,
  });
  stores.push(opened.store);
  return opened;
}

async function isComing({ store }: OpenedStore, bytes: number): Promise<void> {
  while ((store.entry('one').download?.bytesDone ?? 0) < bytes) await sleep(1);
}

test('a drive that goes while a model is fetched: it says so, and goes on where it was', async () => {
  server.behave(['drip']);
  const opened = await open();
  await opened.store.get('one');
  await isComing(opened, 50_000);
  await unplug();
  const failed = await opened.store.settled('one');
  expect(failed.download).toMatchObject({ state: 'failed', error: { code: 'download.place-gone' } });
  expect(existsSync(drive())).toBe(false);
  expect((await opened.store.view()).note).toMatch(/^It is not there now\./);
  await expect(opened.store.get('one')).rejects.toMatchObject({ code: 'models.store-away' });

  await plugIn();
  const kept = JSON.parse(await readFile(`${weights()}.part.json`, 'utf8')) as { hashes: string[] };
  expect(kept.hashes.length).toBeGreaterThan(4);
  server.countAnew();
  server.requests = [];
  server.behave(['good']);
  expect((await opened.store.view()).note).toBe('');
  await opened.store.get('one');
  expect(await opened.store.settled('one')).toMatchObject({ state: 'installed' });
  expect(server.requests[0]!.range).toBe(`bytes=${kept.hashes.length * chunkBytes}-`);
  expect(server.bytes.equals(await readFile(weights()))).toBe(true);
});

test('a drive that is away at the start: nothing is put where it was, and its models come back with it', async () => {
  const first = await open();
  await first.store.get('one');
  await first.store.settled('one');
  await first.store.close();
  await unplug();
  for (const isMountPointLeft of [false, true]) {
    if (isMountPointLeft) await mkdir(drive());
    const { store, installed } = await open();
    expect(await store.view()).toMatchObject({ note: expect.stringContaining('Plug its drive in'), freeBytes: null });
    await expect(store.get('one')).rejects.toMatchObject({ code: 'models.store-away' });
    expect(installed).toEqual([]);
    expect(existsSync(join(drive(), 'models'))).toBe(false);
  }
  const opened = await open();
  await rm(drive(), { recursive: true });
  await plugIn();
  const { note, entries } = await opened.store.view();
  expect([note, entries[0]!.state, opened.installed]).toEqual(['', 'installed', [weights()]]);
});

test('a model whose drive is away at the start is gone, and there again without being asked for', async () => {
  const first = await open();
  await first.store.get('one');
  await first.store.settled('one');
  await first.store.close();
  await unplug();
  const asked: string[] = [];
  const onAway: ModelStoreOptions['onAway'] = ({ id }) => {
    asked.push(id);
    return 'pack-one' as PackId;
  };
  const { store, installed, told } = await open({ onAway, lookEveryMs: 5 });
  expect([asked, installed]).toEqual([['one'], []]);
  expect(store.entry('one')).toMatchObject({ state: 'available', packId: null });
  await plugIn();
  while (installed.length === 0 || told.length === 0) await sleep(1);
  expect(told).toMatchObject([{ id: 'one', state: 'installed', packId: 'pack-one' }]);
  expect(asked).toEqual(['one']);

  // what was taken off the drive meanwhile is known no more
  await store.close();
  await unplug();
  const later = await open({ onAway, lookEveryMs: 5 });
  await rm(join(folder, 'unplugged', 'models', 'one'), { recursive: true });
  await plugIn();
  while (later.told.length === 0) await sleep(1);
  expect(later.installed).toEqual(['removed']);
});

test('a folder that was removed beside others is made again; another place begins anew', async () => {
  const { store } = await open();
  await store.get('one');
  await store.settled('one');
  await mkdir(join(drive(), 'pictures'));
  await rm(join(drive(), 'models'), { recursive: true });
  const again = await open();
  expect((await again.store.view()).note).toBe('');
  await again.store.get('one');
  expect(await again.store.settled('one')).toMatchObject({ state: 'installed' });
});

test('a disk that is full: what has come stays, and it goes on when there is room', async () => {
  const place = join(drive(), 'small');
  await mkdir(place);
  const mount = (options: string) => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', place]).status === 0;
  if (!mount('size=96k')) return void console.log('No small disk can be mounted here: see the next test.');
  try {
    const fetch = (): Promise<void> => downloadFile({
      url: server.url, file: join(place, 'weights.bin'), sizeBytes, sha256: server.sha256, userAgent: 'Likeness/1.0.0',
      signal: new AbortController().signal, patience: { chunkBytes, tries: 2, firstWaitMs: 1 },
    });
    await expect(fetch()).rejects.toMatchObject({ code: 'download.disk-full' });
    expect(await readdir(place)).not.toContain('weights.bin');
    expect(mount('remount,size=1m')).toBe(true);
    server.countAnew();
    await fetch();
    expect(server.bytes.equals(await readFile(join(place, 'weights.bin')))).toBe(true);
    expect(server.sentBytes).toBeLessThan(sizeBytes - 50_000);
  } finally {
    spawnSync('umount', ['-l', place]);
  }
});

test('a process that may write no more: the same', async () => {
  const words = ['killed-downloader.ts', drive(), server.url.href, String(sizeBytes), server.sha256];
  // in blocks of 512 or of 1024 bytes, as the shell has it
  const fetch = async (limit: string): Promise<string> => {
    const child = spawn('sh', ['-c', `ulimit -f ${limit}; exec "$@"`, 'sh', process.execPath, ...words], {
      cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (bytes: Buffer) => { output += bytes.toString(); });
    await new Promise((resolve) => { child.once('close', resolve); });
    return output;
  };
  expect(await fetch('150')).toBe('partial download.disk-full');
  server.countAnew();
  expect(await fetch('unlimited')).toBe('installed');
  expect(server.sentBytes).toBeLessThan(sizeBytes - 60_000);
  expect(server.bytes.equals(await readFile(weights()))).toBe(true);
});

test('a place that cannot be written is said before anything is fetched', async () => {
  await writeFile(join(drive(), 'models'), 'not a folder');
  const { store } = await open();
  await expect(store.get('one')).rejects.toMatchObject({ code: 'download.place-closed' });
  expect(server.requests).toEqual([]);
});
