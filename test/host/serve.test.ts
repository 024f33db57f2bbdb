// The loopback server: who gets in, what a page may ask, and that everything else looks like nothing is there.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { desktopCommandNames } from '../../src-main/contract/desktop.ts';
import { type Answer, type StudioEvent, maximumPhotoBytes } from '../../src-main/contract/studio.ts';
import { type RunningServer, type ServedStudio, serveStudio } from '../../src-main/host/serve.ts';

const id = 'ab'.repeat(16);
let folder: string;
let server: RunningServer;
let calls: { command: string; request: unknown }[];
let listeners: Set<(event: StudioEvent) => void>;

/** Records what reaches it; the server is what is tested here. */
const studio: ServedStudio = {
  call: async (command, request): Promise<Answer> => {
    calls.push({ command, request });
    return { ok: true, result: [] };
  },
  subscribe: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  openMedia: async (kind, mediaId) => (kind === 'portrait' && mediaId === id
    ? { bytes: new Uint8Array([1, 2, 3]), contentType: 'image/png' } : undefined),
  openExport: () => undefined,
};

interface Asked {
  readonly method?: string;
  readonly headers?: object;
  readonly body?: string | Buffer;
}

interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** node:http, because fetch sets Host and Origin itself. */
function ask(path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Reply> {
  const options = { host: '127.0.0.1', port: server.port, path, method, headers: { ...headers } };
  return new Promise((resolve, reject) => {
    const request = httpRequest(options, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => resolve({
        status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(chunks).toString(),
      }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function enter(): Promise<string> {
  const reply = await ask(new URL(server.url).pathname + new URL(server.url).search);
  return String(reply.headers['set-cookie']).split(';')[0]!;
}

function own(cookie: string): Record<string, string> {
  return { cookie, origin: `http://127.0.0.1:${server.port}`, 'content-type': 'application/json' };
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-page-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  calls = [];
  listeners = new Set();
  server = await serveStudio(studio, folder);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

test('without the token or the cookie there is nothing', async () => {
  for (const path of ['/', '/index.html', '/?token=wrong', '/events', `/media/portrait/${id}`, '/anything']) {
    expect((await ask(path)).status).toBe(404);
  }
  expect((await ask('/api/subjects.list', { method: 'POST', headers: own('') , body: '{}' })).status).toBe(404);
  expect(calls).toEqual([]);
});

test('the token lets one browser in, once, with a cookie that scripts and other sites cannot use', async () => {
  const path = new URL(server.url).search;
  const first = await ask(`/${path}`);
  expect(first.status).toBe(200);
  expect(String(first.headers['set-cookie'])).toMatch(/HttpOnly; SameSite=Strict; Path=\/$/);
  const second = await ask(`/${path}`);
  expect([second.status, second.body]).toEqual([404, expect.stringMatching(/first browser that opens it.*start it again/s)]);
  expect((await ask('/index.html')).body).toBe('Not found');
  const cookie = String(first.headers['set-cookie']).split(';')[0]!;
  expect((await ask('/', { headers: { cookie } })).body).toContain('page');
  // reloading the first address in the same browser still works
  expect((await ask(`/${path}`, { headers: { cookie } })).status).toBe(200);
});

test('asking for the head of the address does not use the token up', async () => {
  await ask(`/${new URL(server.url).search}`, { method: 'HEAD' });
  expect(await enter()).toMatch(/^likeness-\d+=/);
});

test('a foreign Host is refused, which is how DNS rebinding fails', async () => {
  const cookie = await enter();
  for (const host of ['evil.example', `evil.example:${server.port}`, '127.0.0.1', `127.0.0.1:${server.port + 1}`]) {
    expect((await ask('/', { headers: { cookie, host } })).status).toBe(404);
  }
  expect((await ask('/', { headers: { cookie, host: `localhost:${server.port}` } })).status).toBe(200);
});

test('a command from another site is refused, with or without its Origin', async () => {
  const cookie = await enter();
  const headers = own(cookie);
  const post = (changed: Record<string, string | undefined>) => {
    const all = Object.entries({ ...headers, ...changed }).filter(([, value]) => value !== undefined);
    return ask('/api/subjects.list', { method: 'POST', headers: Object.fromEntries(all), body: '{}' });
  };
  expect((await post({ origin: 'http://evil.example' })).status).toBe(404);
  expect((await post({ origin: 'null' })).status).toBe(404);
  expect((await post({ origin: undefined })).status).toBe(404);
  expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(404);
  expect((await post({ 'content-type': 'text/plain' })).status).toBe(404);
  expect(calls).toEqual([]);
  expect((await post({})).status).toBe(200);
  expect(calls).toEqual([{ command: 'subjects.list', request: {} }]);
});

test('a picture asked for by another site is not there', async () => {
  const cookie = await enter();
  const headers = { cookie, 'sec-fetch-site': 'cross-site' };
  expect((await ask(`/media/portrait/${id}`, { headers })).status).toBe(404);
  const reply = await ask(`/media/portrait/${id}`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
  expect(reply).toMatchObject({ status: 200, body: '\u0001\u0002\u0003' });
  expect(reply.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
  expect(reply.headers['access-control-allow-origin']).toBeUndefined();
});

test('no address reaches a file', async () => {
  const cookie = await enter();
  const paths = [
    '/../package.json', '/%2e%2e/package.json', '/..%2f..%2fetc/passwd', '/media/portrait/../../etc/passwd',
    `/media/portrait/${id}%00`, `/media/portrait/${'a'.repeat(31)}`, `/media/file/${id}`, '/index.html/',
    '//index.html', '//evil.example/index.html',
  ];
  for (const path of paths) expect((await ask(path, { headers: { cookie } })).status, path).toBe(404);
});

test('an unknown command is not there', async () => {
  const cookie = await enter();
  for (const name of ['nothing', 'toString', '__proto__', 'subjects.list/x']) {
    expect((await ask(`/api/${name}`, { method: 'POST', headers: own(cookie), body: '{}' })).status).toBe(404);
  }
  expect(calls).toEqual([]);
});

test('what only a desktop has is answered with an error that says so, and reaches no studio', async () => {
  const cookie = await enter();
  for (const name of desktopCommandNames) {
    const answer = await ask(`/api/${name}`, { method: 'POST', headers: own(cookie), body: '{}' });
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: { code: 'desktop.only' } });
  }
  expect(calls).toEqual([]);
});

test('a photo comes as bytes with its fields in the address', async () => {
  const cookie = await enter();
  const headers = { ...own(cookie), 'content-type': 'application/octet-stream' };
  const path = `/api/photos.import?subjectId=${id}&fileName=${encodeURIComponent('äda 1.jpg')}`;
  expect((await ask(path, { method: 'POST', headers, body: Buffer.from([9, 8]) })).status).toBe(200);
  expect(calls[0]).toEqual({
    command: 'photos.import', request: { subjectId: id, fileName: 'äda 1.jpg', bytes: new Uint8Array([9, 8]) },
  });
});

test('what is too large is refused before it is held', async () => {
  const cookie = await enter();
  const json = await ask('/api/subjects.list', {
    method: 'POST', headers: own(cookie), body: `"${'x'.repeat(2 * 1024 * 1024)}"`,
  });
  expect(json.status).toBe(413);
  const headers = {
    ...own(cookie), 'content-type': 'application/octet-stream', 'content-length': String(maximumPhotoBytes + 1),
  };
  const status = await new Promise((resolve) => {
    const request = httpRequest({
      host: '127.0.0.1', port: server.port, path: '/api/photos.import', method: 'POST', headers,
    }, (reply) => resolve(reply.statusCode));
    request.on('error', () => undefined);
    request.write(Buffer.alloc(10));
  });
  expect(status).toBe(413);
  expect(calls).toEqual([]);
});

test('events reach the page and stop when it goes', async () => {
  const cookie = await enter();
  const received = new Promise<string>((resolve) => {
    const options = { host: '127.0.0.1', port: server.port, path: '/events', headers: { cookie } };
    const request = httpRequest(options, (reply) => {
      expect(reply.headers['content-type']).toBe('text/event-stream');
      let text = '';
      reply.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (!text.includes('\n\ndata: ')) return;
        request.destroy();
        resolve(text);
      });
    });
    request.on('error', () => undefined);
    request.end();
  });
  while (listeners.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  for (const listen of listeners) listen({ type: 'subject-removed', subjectId: id as never });
  expect(await received).toContain(`data: {"type":"subject-removed","subjectId":"${id}"}\n\n`);
  while (listeners.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});

test('a port that is taken and a page that is not built say what to do', async () => {
  await expect(serveStudio(studio, folder, server.port)).rejects.toMatchObject({ code: 'serve.port-taken' });
  await expect(serveStudio(studio, join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'serve.no-page' });
});
