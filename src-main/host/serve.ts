// The studio for a browser on this machine: the built page, POST api/<command>, GET events and GET media/<kind>/<id>,
// on loopback only. Whatever is not allowed, not there or not understood gets one and the same 404.

import { createReadStream } from 'node:fs';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type PageFile, attachmentHeader, readPage } from '../app/page-files.ts';
import { securityHeaders } from '../app/page-policy.ts';
import { UserError } from '../contract/errors.ts';
import { type Answer, type CommandName, commandNames, maximumPhotoBytes, mediaKinds } from '../contract/studio.ts';
import type { PictureKind } from '../studio/media.ts';
import type { Studio } from '../studio/open-studio.ts';
import { desktopCommandAt, desktopOnlyAnswer } from './desktop-only.ts';
import { type EntryTicket, issueTicket } from './entry-ticket.ts';
import { streamEvents } from './event-stream.ts';
import { maximumJsonBytes, readBody } from './request-body.ts';
import { isFromOwnPage } from './request-rules.ts';

/** The part of the studio that a browser reaches. */
export type ServedStudio = Pick<Studio, 'call' | 'subscribe' | 'openMedia' | 'openExport'>;

export interface RunningServer {
  /** With the one-time token. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Site {
  readonly studio: ServedStudio;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly port: number;
  readonly ticket: EntryTicket;
}

/** Starts on 127.0.0.1 at `port`, or at a free one for 0. Throws 'serve.no-page' and 'serve.port-taken'. */
export async function serveStudio(studio: ServedStudio, pageFolder: string, port = 0): Promise<RunningServer> {
  const page = readBuiltPage(pageFolder);
  const server = createServer();
  await listen(server, port);
  const actualPort = (server.address() as AddressInfo).port;
  const site: Site = { studio, page, port: actualPort, ticket: issueTicket(actualPort) };
  server.on('request', (request, response) => {
    answer(site, request, response).catch(() => response.destroy());
  });
  return {
    url: `http://127.0.0.1:${actualPort}/?token=${site.ticket.token}`,
    port: actualPort,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? '';
  if (!isFromOwnPage({ method, headers: request.headers }, site.port)) return notThere(response);
  const url = addressOf(request.url ?? '', site.port);
  if (!url) return notThere(response);
  if (!site.ticket.admits(request.headers.cookie)) return admit(site, url, method, response);
  if (method === 'POST') return await answerCommand(site, url, request, response);
  if (method !== 'GET') return notThere(response);
  if (url.pathname === '/events') {
    return streamEvents(response, securityHeaders, (listener) => site.studio.subscribe(listener));
  }
  if (url.pathname === '/' && url.searchParams.has('token')) return sendToPage(response);
  const file = site.page.get(url.pathname === '/' ? 'index.html' : url.pathname.slice(1));
  if (file) return send(response, 200, file.contentType, file.bytes);
  return await answerMedia(site, url.pathname, response);
}

/** The address as it stands after the host; undefined for anything else, such as '//elsewhere/' or a whole URL. */
function addressOf(text: string, port: number): URL | undefined {
  const address = `http://127.0.0.1:${port}${text}`;
  return /^\/(?!\/)/.test(text) && URL.canParse(address) ? new URL(address) : undefined;
}

/** A browser without our cookie gets in with the token, and sees nothing otherwise. */
function admit({ ticket }: Site, url: URL, method: string, response: ServerResponse): void {
  const isPage = url.pathname === '/' && method === 'GET';
  const token = isPage ? url.searchParams.get('token') : null;
  const cookie = token === null ? undefined : ticket.exchange(token);
  if (cookie === undefined) return isPage ? sendNoEntry(response) : notThere(response);
  response.setHeader('set-cookie', cookie);
  sendToPage(response);
}

// A page that moves on, not a redirect: a strict cookie is not sent along a redirect that another site's link began.
function sendToPage(response: ServerResponse): void {
  send(response, 200, 'text/html; charset=utf-8', Buffer.from(
    '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>Likeness</title>'));
}

/** To whoever opens the page without having been let in: most likely its user, in another browser. */
function sendNoEntry(response: ServerResponse): void {
  send(response, 404, 'text/plain; charset=utf-8', Buffer.from([
    'This browser has not been let in. The address that Likeness prints is good for the first browser that opens it.',
    'Nothing is lost. Go on in that browser, or end Likeness, start it again and open the address that it prints then.',
    '', '此浏览器未获许可：Likeness 打印的地址只对第一个打开它的浏览器有效。',
    '没有任何损失。请继续使用那个浏览器，或关闭 Likeness 后重新启动，再打开新打印的地址。', '',
  ].join('\n')));
}

async function answerCommand(
  { studio }: Site, url: URL, request: IncomingMessage, response: ServerResponse,
): Promise<void> {
  const command = commandNames.find((name) => url.pathname === `/api/${name}`);
  const isUpload = command === 'photos.import';
  const expectedType = isUpload ? 'application/octet-stream' : 'application/json';
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim();
  if (type !== expectedType) return notThere(response);
  if (desktopCommandAt(url.pathname)) return sendAnswer(response, desktopOnlyAnswer());
  if (!command) return notThere(response);
  const body = await readBody(request, isUpload ? maximumPhotoBytes : maximumJsonBytes);
  if (!body) {
    response.setHeader('connection', 'close');
    return send(response, 413, 'text/plain', Buffer.from('Too large'));
  }
  const given = isUpload ? { ...Object.fromEntries(url.searchParams), bytes: new Uint8Array(body) } : parseJson(body);
  if (given === undefined) return notThere(response);
  sendAnswer(response, await studio.call(command satisfies CommandName, given));
}

function sendAnswer(response: ServerResponse, answer: Answer): void {
  send(response, 200, 'application/json', Buffer.from(JSON.stringify(answer)));
}

async function answerMedia({ studio }: Site, pathname: string, response: ServerResponse): Promise<void> {
  const [, kind, id] = /^\/media\/([a-z]+)\/([0-9a-f]{32})$/.exec(pathname) ?? [];
  if (!kind || !id || !(mediaKinds as readonly string[]).includes(kind)) return notThere(response);
  if (kind === 'export') return await sendExport(studio, id, response);
  const media = await studio.openMedia(kind as PictureKind, id);
  if (!media) return notThere(response);
  send(response, 200, media.contentType, media.bytes);
}

/** In pieces: a checkpoint has gigabytes. */
async function sendExport(studio: ServedStudio, id: string, response: ServerResponse): Promise<void> {
  const found = studio.openExport(id);
  if (!found) return notThere(response);
  response.writeHead(200, {
    ...securityHeaders, 'content-type': found.contentType, 'content-length': found.sizeBytes,
    'content-disposition': attachmentHeader(found.downloadName),
  });
  // whoever goes away in the middle has what they have
  await pipeline(createReadStream(found.file), response).catch(() => response.destroy());
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function notThere(response: ServerResponse): void {
  send(response, 404, 'text/plain', Buffer.from('Not found'));
}

function send(response: ServerResponse, status: number, contentType: string, bytes: Uint8Array): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': contentType, 'content-length': bytes.byteLength });
  response.end(bytes);
}

function readBuiltPage(folder: string): ReadonlyMap<string, PageFile> {
  try {
    const page = readPage(folder);
    if (page.has('index.html')) return page;
  } catch {
    // no such folder: the same answer as an empty one
  }
  throw new UserError('serve.no-page', {
    what: 'The page of the studio has not been built yet.',
    safe: 'Nothing was changed.',
    todo: 'Run "npm start", which builds it, or "npm run build" first.',
  });
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explainListening(error, port)));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
  });
}

function explainListening(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  return new UserError('serve.port-taken', {
    what: `Port ${port} cannot be used (${error.code}).`,
    safe: 'Nothing was changed.',
    todo: 'Leave --port out to take a free one, or choose another.',
  }, { port });
}
