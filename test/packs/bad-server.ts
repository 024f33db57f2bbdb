// A server for downloads that misbehaves as real ones do: cuts, stalls, lies about parts, changes the file, asks to
// sign in. It counts how many bytes of the file it sent, so that a test can tell what was fetched twice.

import { createHash, randomInt } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What one answer does; the last of a list serves all further ones. */
export type Manner =
  /** All of it, parts where they are asked for. */
  | 'good'
  /** So many bytes, then the connection is reset. */
  | { readonly cutAfter: number }
  /** So many bytes, then nothing more. */
  | { readonly stallAfter: number }
  /** Knows no parts: 200 and all of it. */
  | 'no-parts'
  /** A weak entity tag, which promises no equal bytes. */
  | 'weak-tag'
  | 'drip'
  | 'too-short' | 'too-long' | 'wrong-part' | 'no-length' | 'wrong-bytes'
  | 'login-page' | 'unlabelled-page' | 'lfs-pointer' | 'gzip'
  | { readonly status: number; readonly retryAfter?: string }
  | { readonly redirect: string }
  /** Another file from now on, with another tag. */
  | 'changed';

export interface BadServer {
  readonly url: URL;
  readonly bytes: Buffer;
  readonly sha256: string;
  /** Bytes of the file's body that were put on the wire, and how many requests there were. */
  readonly sentBytes: number;
  requests: { readonly range?: string; readonly ifRange?: string; readonly agent?: string; readonly cookie?: string }[];
  behave(manners: readonly Manner[]): void;
  /** Counts bytes anew: of answers that begin from now on, not of one that still goes out to somebody who is gone. */
  countAnew(): void;
  close(): Promise<void>;
}

/** Serves made-up bytes of a size, or the given ones. */
export async function openBadServer(content: number | Buffer, seed = 1): Promise<BadServer> {
  const sizeBytes = typeof content === 'number' ? content : content.length;
  let file = typeof content === 'number' ? contentOf(sizeBytes, seed) : content;
  let manners: Manner[] = ['good'];
  let sent = { bytes: 0 };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { range, 'if-range': ifRange, 'user-agent': agent, cookie } = request.headers;
    opened.requests.push({
      ...(range ? { range } : {}), ...(ifRange ? { ifRange: String(ifRange) } : {}),
      ...(agent ? { agent } : {}), ...(cookie ? { cookie } : {}),
    });
    const manner = manners.length > 1 ? manners.shift()! : manners[0]!;
    if (manner === 'changed') file = contentOf(sizeBytes, seed + 1);
    const counter = sent;
    const count = (bytes: number): void => { counter.bytes += bytes; };
    void serve(request, response, manner, file, count).catch(() => response.destroy());
  };
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const opened: BadServer = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/someone/model/resolve/main/weights.bin`),
    bytes: file, sha256: createHash('sha256').update(file).digest('hex'), requests: [],
    get sentBytes() { return sent.bytes; },
    behave(next) { manners = [...next]; },
    countAnew() { sent = { bytes: 0 }; },
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
  return opened;
}

function contentOf(sizeBytes: number, seed: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(sizeBytes / 32) }, (_, i) => (
    createHash('sha256').update(`${seed} ${i}`).digest()));
  return Buffer.concat(blocks).subarray(0, sizeBytes);
}

type Count = (bytes: number) => void;

async function serve(
  request: IncomingMessage, response: ServerResponse, manner: Manner, file: Buffer, count: Count,
): Promise<void> {
  if (typeof manner === 'object' && 'status' in manner) {
    if (manner.retryAfter) response.setHeader('retry-after', manner.retryAfter);
    response.writeHead(manner.status).end('no');
    return;
  }
  if (typeof manner === 'object' && 'redirect' in manner) {
    response.writeHead(302, { location: manner.redirect }).end();
    return;
  }
  if (isOtherThing(manner)) return void sendOtherThing(response, manner);
  await sendFile(request, response, manner, file, count);
}

type OtherThing = 'login-page' | 'unlabelled-page' | 'lfs-pointer' | 'gzip';
const isOtherThing = (manner: Manner): manner is OtherThing => (
  manner === 'login-page' || manner === 'unlabelled-page' || manner === 'lfs-pointer' || manner === 'gzip');

function sendOtherThing(response: ServerResponse, manner: OtherThing): void {
  const page = '<!DOCTYPE html><html><body>Sign in</body></html>';
  if (manner === 'login-page') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  if (manner === 'unlabelled-page') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(page);
  if (manner === 'lfs-pointer') {
    response.writeHead(200).end('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n');
  }
  if (manner === 'gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(Buffer.from([0x1f, 0x8b, 8]));
}

async function sendFile(
  request: IncomingMessage, response: ServerResponse, manner: Manner, file: Buffer, count: Count,
): Promise<void> {
  const tag = `"${createHash('sha256').update(file).digest('hex').slice(0, 16)}"`;
  const etag = manner === 'weak-tag' ? `W/${tag}` : tag;
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const ifRange = request.headers['if-range'];
  const isPart = asked !== null && manner !== 'no-parts' && (ifRange === undefined || ifRange === etag);
  const from = isPart ? Number(asked[1]) : 0;
  if (isPart && from >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  let body = file.subarray(from);
  if (manner === 'too-short') body = body.subarray(0, Math.max(1, body.length >> 1));
  if (manner === 'too-long') body = Buffer.concat([body, Buffer.alloc(1000)]);
  if (manner === 'wrong-bytes') body = Buffer.from(body.map((byte) => byte ^ 1));
  const shown = manner === 'wrong-part' ? from + 7 : from;
  const hasLength = manner !== 'no-length' && manner !== 'too-short' && manner !== 'too-long';
  response.writeHead(isPart ? 206 : 200, {
    etag, 'content-type': 'application/octet-stream',
    ...(hasLength ? { 'content-length': body.length } : {}),
    ...(isPart ? { 'content-range': `bytes ${shown}-${file.length - 1}/${file.length}` } : {}),
  });
  await sendBody(response, manner, body, count);
}

async function sendBody(response: ServerResponse, manner: Manner, body: Buffer, count: Count): Promise<void> {
  const stopsAfter = typeof manner === 'object'
    ? 'cutAfter' in manner ? manner.cutAfter : 'stallAfter' in manner ? manner.stallAfter : Infinity : Infinity;
  const some = body.subarray(0, stopsAfter);
  const step = manner === 'drip' ? Math.max(1, some.length >> 3) : 64 * 1024;
  for (let at = 0; at < some.length; at += step) {
    const bytes = some.subarray(at, at + step);
    count(bytes.length);
    await new Promise<void>((resolve, reject) => {
      response.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    if (manner === 'drip') await sleep(5);
  }
  if (stopsAfter >= body.length) return void response.end();
  if (typeof manner !== 'object' || !('cutAfter' in manner)) return;
  // a reset overtakes what is on its way
  await sleep(20);
  response.destroy();
}

/** A manner at random, for many downloads; cuts and stalls somewhere in the file. */
export function randomManner(sizeBytes: number): Manner {
  const somewhere = randomInt(0, sizeBytes);
  const manners: readonly Manner[] = [
    'good', { cutAfter: somewhere }, { cutAfter: somewhere }, { cutAfter: 0 }, { stallAfter: somewhere }, 'no-parts',
    'weak-tag', 'drip', 'too-short', 'too-long', 'wrong-part', 'no-length', 'wrong-bytes', 'login-page',
    'unlabelled-page', 'lfs-pointer', 'gzip', { status: 500 }, { status: 503, retryAfter: '0' }, { status: 429 },
    { status: 403 }, { status: 404 }, { redirect: 'http://127.0.0.1:1/elsewhere' }, 'changed',
  ];
  return manners[randomInt(0, manners.length)]!;
}
