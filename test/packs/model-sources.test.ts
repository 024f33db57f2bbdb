// A model that two places have: the publisher is asked first, the other one where that one does not give it, and what
// has come from a place is gone on with there.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ModelStore } from '../../src-main/packs/model-store-port.ts';
import { type BadServer, openBadServer } from './bad-server.ts';
import { type OpenedStore, oneModel, openTestStore } from './opened-store.ts';

const member = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * i) % 251));
const archive = Buffer.from(zipSync({ 'pack/network.onnx': [member, { level: 0 }] }));
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let [publisher, other]: BadServer[] = [];
let stores: ModelStore[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-sources-'));
  [publisher, other] = await Promise.all([openBadServer(archive), openBadServer(member)]);
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const store of stores) await store.close();
  stores = [];
  await Promise.all([publisher!.close(), other!.close()]);
  await rm(folder, { recursive: true, force: true });
});

/** An archive at one host, its only member alone at another: as antelopev2 is published. */
async function open(): Promise<OpenedStore> {
  const network = { bytes: member.length, sha256: hashOf(member) };
  const catalogue = oneModel(publisher!, {
    host: 'github.com', revision: 'v1', file: 'pack.zip', members: [{ name: 'network.onnx', ...network }],
  }, {
    entry: '.',
    otherSources: [[{
      host: 'huggingface.co', repository: 'else/one', revision: 'main', file: 'network.onnx', ...network,
    }]],
  });
  const opened = await openTestStore(folder, publisher!, {
    catalogue, mirrors: () => [
      { from: 'github.com', to: publisher!.url.origin }, { from: 'huggingface.co', to: other!.url.origin }],
  });
  stores.push(opened.store);
  return opened;
}

async function fetched({ store }: OpenedStore): Promise<void> {
  await store.get('one');
  expect(await store.settled('one')).toMatchObject({ state: 'installed', download: null });
  const place = join(folder, 'models', 'one');
  expect(member.equals(await readFile(join(place, 'network.onnx')))).toBe(true);
  expect((await readdir(place)).sort()).toEqual(['likeness-model.json', 'network.onnx']);
}

test('the publisher alone is asked while it answers', async () => {
  const opened = await open();
  expect(opened.store.entry('one').source).toMatch(/^github\.com\/.*; or huggingface\.co\/else\/one/);
  await fetched(opened);
  expect([publisher!.requests.length, other!.requests.length]).toEqual([1, 0]);
});

test.each<[string, Parameters<BadServer['behave']>[0]]>([
  ['is gone', [{ status: 404 }]], ['asks for a name', ['login-page']], ['gives other bytes', ['wrong-bytes']],
  ['breaks off', [{ cutAfter: 20_000 }, { cutAfter: 0 }]],
])('the publisher %s: the other place gives it', async (_what, manners) => {
  // the first that comes is told, however young the clock is
  vi.spyOn(performance, 'now').mockReturnValue(1);
  publisher!.behave(manners);
  const opened = await open();
  await fetched(opened);
  expect(other!.requests.length).toBeGreaterThan(0);
  // what is said of sizes is of what is fetched
  expect(opened.told.filter(({ download }) => download?.state === 'running').at(-1)!.sizeBytes).toBe(member.length);
});

test('neither gives it: the last one says why; later it goes on where most has come', async () => {
  publisher!.behave([{ status: 403 }]);
  other!.behave([{ cutAfter: 30_000 }, { status: 403 }]);
  const first = await open();
  await first.store.get('one');
  const failed = await first.store.settled('one');
  expect(failed.download).toMatchObject({ state: 'failed', error: { code: 'download.refused' } });
  expect(failed.download!.bytesDone).toBeGreaterThanOrEqual(24_576);
  expect(failed.sizeBytes).toBe(member.length);
  await first.store.close();

  const [asked] = [publisher!.requests.length];
  other!.behave(['good']);
  other!.countAnew();
  await fetched(await open());
  expect(publisher!.requests).toHaveLength(asked);
  expect(other!.sentBytes).toBeLessThan(member.length - 24_000);
});

test('a pause asks nobody else', async () => {
  publisher!.behave(['drip']);
  const { store } = await open();
  await store.get('one');
  while ((store.entry('one').download?.bytesDone ?? 0) === 0) await sleep(2);
  expect(await store.pause('one')).toMatchObject({ download: { state: 'paused' } });
  expect(other!.requests).toEqual([]);
  await store.cancel('one');
  expect(existsSync(join(folder, 'models', 'one'))).toBe(false);
});
