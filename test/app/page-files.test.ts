// The page's own addresses: what was built is served, media goes by opaque id, everything else is the same 404.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerPageRequest, attachmentHeader, readPage } from '../../src-main/app/page-files.ts';
import type { PageFile } from '../../src-main/app/page-files.ts';
import { mediaUrl } from '../../src-main/contract/studio.ts';

const id = '0123456789abcdef0123456789abcdef';
const folder = mkdtempSync(join(tmpdir(), 'likeness-page-'));
let page: ReadonlyMap<string, PageFile>;
const asked: string[] = [];

beforeAll(() => {
  mkdirSync(join(folder, 'page', 'assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.json'), '{"secret":1}');
  writeFileSync(join(folder, 'page', 'index.html'), '<!doctype html>page');
  writeFileSync(join(folder, 'page', 'assets', 'main-1.js'), 'run()');
  writeFileSync(join(folder, 'page', 'notes.exe'), 'not served');
  page = readPage(join(folder, 'page'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function get(url: string, method = 'GET'): Promise<Response> {
  const openMedia = async (kind: string, mediaId: string) => {
    asked.push(`${kind}/${mediaId}`);
    return kind === 'thumbnail' ? { bytes: new Uint8Array([1, 2]), contentType: 'image/webp' } : undefined;
  };
  const openExport = (exportId: string) => (exportId === id ? {
    file: join(folder, 'secret.json'), sizeBytes: 12, contentType: 'x/y', downloadName: 'ada.safetensors',
  } : undefined);
  return answerPageRequest(page, { openMedia, openExport }, { url, method });
}

test('the built page is served with its types and its policy', async () => {
  const index = await get('app://ui/');
  expect(await index.text()).toBe('<!doctype html>page');
  expect(index.headers.get('content-type')).toMatch(/^text\/html/);
  const policy = index.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect((await get('app://ui/assets/main-1.js')).headers.get('content-type')).toMatch(/^text\/javascript/);
});

test('media is asked of the studio by kind and id', async () => {
  const found = await get(`app://ui/${mediaUrl('thumbnail', id)}`);
  expect([found.status, found.headers.get('content-type')]).toEqual([200, 'image/webp']);
  expect(found.headers.get('cache-control')).toBe('no-store');
  expect((await get(`app://ui/${mediaUrl('portrait', id)}`)).status).toBe(404);
  expect(asked).toEqual([`thumbnail/${id}`, `portrait/${id}`]);
});

test('an exported file is offered under its name, to be saved', async () => {
  const file = await get(`app://ui/${mediaUrl('export', id)}`);
  expect(file.headers.get('content-disposition')).toBe('attachment; filename="ada.safetensors"');
  expect(file.headers.get('content-length')).toBe('12');
  expect(await file.text()).toBe('{"secret":1}');
  expect((await get(`app://ui/${mediaUrl('export', 'f'.repeat(32))}`)).status).toBe(404);
  const picture = await get(`app://ui/${mediaUrl('thumbnail', id)}`);
  expect(picture.headers.get('content-disposition')).toBeNull();
});

test('a name in other letters goes into the header whole, and breaks out of none', () => {
  expect(attachmentHeader('portrait-1.png')).toBe('attachment; filename="portrait-1.png"');
  const chinese = attachmentHeader('写真 (1).png');
  expect(new Headers({ 'content-disposition': chinese }).get('content-disposition')).toBe(chinese);
  expect(chinese).toBe(`attachment; filename="__ (1).png"; filename*=UTF-8''${encodeURIComponent('写真 ')}%281%29.png`);
  for (const hostile of ['a"; x="b', 'a\r\nset-cookie: b', 'a\\b', '\ud800', '%41']) {
    expect(attachmentHeader(hostile)).toMatch(/^attachment; filename="[^"\\%]*"; filename\*=UTF-8''[\w%.~!-]*$/);
  }
});

const hostile = [
  'app://ui/../secret.json', 'app://ui/..%2fsecret.json', 'app://ui/%2e%2e/secret.json', 'app://ui/..\\secret.json',
  'app://ui//secret.json', 'app://ui/assets/../../secret.json', 'app://ui/notes.exe', 'app://ui/index.html%00',
  'app://evil/index.html', 'app://ui.evil/index.html', 'app://x@ui/index.html', 'app://ui:1/index.html',
  'file:///etc/passwd', 'https://ui/index.html', 'not an address', '', 'app://ui/assets', 'app://ui/__proto__',
  `app://ui/media/__proto__/${id}`, `app://ui/media/secret/${id}`, `app://ui/media/photo/${id}x`,
  `app://ui/media/photo/${id.toUpperCase()}`, 'app://ui/media/photo/..%2f..%2fetc%2fpasswd', `app://ui/media/photo/${id}/..`,
  `app://ui/media/photo/%00${id}`, 'app://ui/media/photo/', 'app://ui/media//', `app://ui/Media/photo/${id}`,
];

test.each(hostile)('%s answers nothing but 404', async (url) => {
  asked.length = 0;
  const answer = await get(url);
  expect([answer.status, await answer.text()]).toEqual([404, 'Not found']);
  expect(asked).toEqual([]);
});

/** Pieces that addresses are attacked with, between pieces that are ours. */
const pieces = fc.constantFrom('..', '.', '%2e%2e', '%2e', '..%2f', '..%5c', '\\', '%00', '\0', '//', '/', '?', '#',
  ':', '@', '%', '%c0%ae', '%252e', 'media', 'photo', 'portrait', 'export', 'assets', 'main-1.js', 'index.html',
  'secret.json', id, id.slice(1),
  id.toUpperCase(), '__proto__', 'constructor', 'C:', '~', 'file:', '\u202e', '\ufeff', ' ', ';', '&');
const hostileAddress = fc.tuple(
  fc.constantFrom('app://ui/', 'app://ui', 'app:/ui/', 'APP://UI/', 'app://ui:80/', 'app://@ui/', 'app://evil/',
    'file:///'),
  fc.array(pieces, { minLength: 1, maxLength: 8 }), fc.constantFrom('', '/'),
).map(([start, parts, joint]) => start + parts.join(joint));

test('of 20,000 hostile addresses none gives a byte that is not the page’s, and none throws', async () => {
  let answered = 0;
  await fc.assert(fc.asyncProperty(hostileAddress, async (url) => {
    asked.length = 0;
    const answer = await get(url);
    const text = await answer.text();
    if (answer.status === 200) answered++;
    // what is answered is the page itself, a thumbnail, or the export of exactly this id
    const isExport = new RegExp(`^app://ui/+media/export/${id}([?#]|$)`, 'i').test(new URL('', canonical(url)).href);
    const known = ['<!doctype html>page', 'run()', 'Not found', '\u0001\u0002', ...(isExport ? ['{"secret":1}'] : [])];
    expect(known).toContain(text);
    expect(asked.every((name) => /^[a-z]+\/[0-9a-f]{32}$/.test(name))).toBe(true);
  }), { seed: 7, numRuns: 20_000 });
  expect(answered).toBeGreaterThan(10);
});

function canonical(url: string): string {
  return URL.canParse(url) ? url : 'app://nowhere/';
}

test('only GET is answered', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) expect((await get('app://ui/', method)).status).toBe(404);
});
