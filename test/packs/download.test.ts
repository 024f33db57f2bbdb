// Downloads through a server that misbehaves in every way: the right bytes or an error that says what to do, nothing
// half-done under the file's name, and after a cut at most one chunk fetched again.

import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { UserError } from '../../src-main/contract/errors.ts';
import { downloadFile } from '../../src-main/packs/download.ts';
import { type BadServer, type Manner, openBadServer } from './bad-server.ts';

const sizeBytes = 100_000;
const chunkBytes = 16_384;
const patience = { chunkBytes, idleMs: 150, tries: 4, firstWaitMs: 1, longestWaitMs: 20 };

let server: BadServer;
let folder: string;
beforeAll(async () => { server = await openBadServer(sizeBytes); });
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-download-'));
  server.countAnew();
  server.requests = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = () => join(folder, 'weights.bin');
type Changes = Partial<Parameters<typeof downloadFile>[0]>;

async function fetchThrough(manners: readonly Manner[], changes: Changes = {}): Promise<unknown> {
  server.behave(manners);
  return await downloadFile({
    url: server.url, file: file(), sizeBytes, sha256: server.sha256, userAgent: 'Likeness/1.0.0',
    signal: new AbortController().signal, patience, ...changes,
  }).then(() => undefined, (error: unknown) => error);
}

test.each<[string, Manner[]]>([
  ['a good server', ['good']],
  ['cuts', [{ cutAfter: 30_000 }, { cutAfter: 1 }, { cutAfter: 40_000 }, 'good']],
  ['connections that die before a byte', [{ cutAfter: 0 }, { cutAfter: 0 }, 'good']],
  ['a stall', [{ stallAfter: 20_000 }, 'good']],
  ['a slow drip', ['drip']],
  ['a server that knows no parts', [{ cutAfter: 50_000 }, 'no-parts']],
  ['a body that is too short', ['too-short', 'good']],
  ['no length', ['no-length']],
  ['another part than the asked one', [{ cutAfter: 50_000 }, 'wrong-part', 'good']],
  ['a server that is busy', [{ status: 429, retryAfter: '0' }, { status: 503 }, { status: 500 }, 'good']],
  ['weak tags', ['weak-tag']],
])('%s: the right bytes arrive', async (_what, manners) => {
  expect(await fetchThrough(manners)).toBeUndefined();
  expect(server.bytes.equals(await readFile(file()))).toBe(true);
  expect(await readdir(folder)).toEqual(['weights.bin']);
});

test('a redirect is followed, to trusted hosts alone', async () => {
  expect(await fetchThrough([{ redirect: new URL('/elsewhere', server.url).href }, 'good'])).toBeUndefined();
  for (const redirect of ['https://example.org/weights.bin', server.url.href]) {
    expect(await fetchThrough([{ redirect }])).toMatchObject({ code: 'download.strayed' });
  }
});

test.each<[string, Manner[], string]>([
  ['a sign-in page', ['login-page'], 'download.login-page'],
  ['a page that says it is none', ['unlabelled-page'], 'download.login-page'],
  ['a Git LFS pointer', ['lfs-pointer'], 'download.lfs-pointer'],
  ['a packed body', ['gzip'], 'download.encoded'],
  ['a body that is too long', ['too-long'], 'download.other-size'],
  ['other bytes', ['wrong-bytes'], 'download.other-content'],
  ['a file that changes on the way', [{ cutAfter: 40_000 }, 'changed'], 'download.other-content'],
  ['401', [{ status: 401 }], 'download.refused'],
  ['403', [{ status: 403 }], 'download.refused'],
  ['404', [{ status: 404 }], 'download.not-there'],
  ['410', [{ status: 410 }], 'download.not-there'],
  ['a server that stays busy', [{ status: 503 }], 'download.busy'],
  ['cuts without end', [{ cutAfter: 0 }], 'download.interrupted'],
])('%s: what happened, what is safe and what to do', async (_what, manners, code) => {
  const error = await fetchThrough(manners);
  expect(error).toMatchObject({ code });
  const { what, safe, todo } = (error as UserError).text;
  for (const sentence of [what, safe, todo]) expect(sentence).toMatch(/\.$/);
  expect(what + safe + todo).not.toContain('resolve/main');
  expect(existsSync(file())).toBe(false);
  server = await reopened(server);
  // whatever was kept does not spoil the next try
  expect(await fetchThrough(['good'])).toBeUndefined();
  expect(server.bytes.equals(await readFile(file()))).toBe(true);
});

/** 'changed' leaves another file behind. */
async function reopened(old: BadServer): Promise<BadServer> {
  await old.close();
  return await openBadServer(sizeBytes);
}

test('nobody answers: says so, and goes on later', async () => {
  const url = new URL('http://127.0.0.1:9/someone/model/resolve/main/weights.bin');
  const error = await fetchThrough(['good'], { url });
  expect(error).toMatchObject({ code: 'download.unreachable' });
});

test('a download that was stopped, or killed, fetches at most one chunk again', async () => {
  const stop = new AbortController();
  const stopped = await fetchThrough([{ stallAfter: 70_000 }], {
    signal: stop.signal, onProgress: (bytes) => { if (bytes > 60_000) stop.abort(new Error('stopped')); },
  });
  expect(stopped).toMatchObject({ message: 'stopped' });
  const { hashes } = JSON.parse(await readFile(`${file()}.part.json`, 'utf8')) as { hashes: string[] };
  expect(hashes.length).toBeGreaterThan(2);
  const came = (await readFile(`${file()}.part`)).length;
  expect(came - hashes.length * chunkBytes).toBeLessThan(chunkBytes);
  server.countAnew();
  expect(await fetchThrough(['good'])).toBeUndefined();
  expect(server.bytes.equals(await readFile(file()))).toBe(true);
  expect(server.sentBytes).toBe(sizeBytes - hashes.length * chunkBytes);
  expect(server.requests.at(-1)!.range).toBe(`bytes=${hashes.length * chunkBytes}-`);
  expect(server.requests.at(-1)!.ifRange).toMatch(/^"/);
});

test('a chunk that was damaged on the disk is found and fetched again', async () => {
  await fetchThrough([{ cutAfter: 70_000 }, { status: 404 }]);
  const handle = await open(`${file()}.part`, 'r+');
  await handle.write(Buffer.from([1, 2, 3]), 0, 3, chunkBytes + 5);
  await handle.close();
  expect(await fetchThrough(['good'])).toBeUndefined();
  expect(server.requests.at(-1)!.range).toBe(`bytes=${chunkBytes}-`);
  expect(server.bytes.equals(await readFile(file()))).toBe(true);
});

test('only the address goes out: no cookie, no name but the program’s', async () => {
  await fetchThrough(['good']);
  expect(server.requests).toEqual([{ agent: 'Likeness/1.0.0' }]);
});
