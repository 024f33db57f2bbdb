// The process that fetches a model is killed with SIGKILL, again and again and wherever it happens to be. The next one
// goes on from what was recorded, and no kill costs more than one chunk.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BadServer, openBadServer } from './bad-server.ts';

const [sizeBytes, chunkBytes] = [1_200_000, 65_536];
let folder: string;
let server: BadServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-killed-'));
  server = await openBadServer(sizeBytes);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

function start(): ChildProcess {
  return spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'killed-downloader.ts'), folder,
    server.url.href, String(sizeBytes), server.sha256,
  ], { stdio: ['ignore', 'pipe', 'inherit'] });
}

const place = (name: string): string => join(folder, 'models', 'one', name);
const ended = (child: ChildProcess) => new Promise<unknown>((resolve) => { child.once('close', resolve); });

/** Chunks that are safely on the disk. */
async function recorded(): Promise<number> {
  const text = await readFile(place('weights.bin.part.json'), 'utf8').catch(() => '{"hashes":[]}');
  return (JSON.parse(text) as { hashes: string[] }).hashes.length;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await sleep(5);
}

/** A process that is killed as soon as `isTime`; it must have gone on from what was recorded. */
async function killWhen(isTime: () => boolean | Promise<boolean>): Promise<void> {
  const before = await recorded();
  server.countAnew();
  server.requests = [];
  const child = start();
  const end = ended(child);
  await until(() => child.exitCode !== null || isTime());
  child.kill('SIGKILL');
  await end;
  expect(child.signalCode).toBe('SIGKILL');
  const asked = before === 0 ? undefined : `bytes=${before * chunkBytes}-`;
  expect(server.requests.map(({ range }) => range)).toEqual([asked]);
  const came = (await stat(place('weights.bin.part'))).size;
  expect(came - await recorded() * chunkBytes).toBeLessThanOrEqual(chunkBytes);
}

test('killed again and again: each goes on from what was recorded, one chunk a kill comes twice at most', async () => {
  server.behave([{ stallAfter: 200_000 }]);
  await killWhen(async () => await recorded() === 3);
  server.behave([{ stallAfter: 150_000 }]);
  await killWhen(async () => await recorded() === 5);
  // in the middle of whatever it does
  server.behave(['drip']);
  await killWhen(() => server.sentBytes > 200_000);
  expect(await recorded()).toBeGreaterThanOrEqual(5);

  const from = await recorded() * chunkBytes;
  server.countAnew();
  server.behave(['good']);
  const last = start();
  const output: Buffer[] = [];
  last.stdout!.on('data', (bytes: Buffer) => output.push(bytes));
  expect([await ended(last), Buffer.concat(output).toString()]).toEqual([0, 'installed']);
  expect(server.sentBytes).toBe(sizeBytes - from);
  expect(server.bytes.equals(await readFile(place('weights.bin')))).toBe(true);
  expect((await readdir(place(''))).sort()).toEqual(['likeness-model.json', 'weights.bin']);
}, 30_000);
