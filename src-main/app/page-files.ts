// Answers the page's own requests (app://ui/…): the built page from memory, and media by opaque id from the studio.
// No address ever becomes a path: page files are looked up in a list read once, media in the library.

import { createReadStream, readFileSync, readdirSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { Readable } from 'node:stream';
import { mediaKinds } from '../contract/studio.ts';
import type { MediaKind } from '../contract/studio.ts';
import { isOwnPage, securityHeaders } from './page-policy.ts';

export interface PageFile {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** A file to be saved, of any size. */
export interface PageExport {
  readonly file: string;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly downloadName: string;
}

/** What stands behind media/<kind>/<id>; undefined when there is no such thing. */
export interface PageMedia {
  openMedia(kind: Exclude<MediaKind, 'export'>, id: string): Promise<PageFile | undefined>;
  openExport(id: string): PageExport | undefined;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Reads the built page into memory: address without its leading slash → file. Files of unknown kind are left out. */
export function readPage(folder: string): ReadonlyMap<string, PageFile> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files.flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const contentType = contentTypes[extname(entry.name)];
      const address = relative(folder, path).split(sep).join('/');
      return contentType === undefined ? [] : [[address, { bytes: readFileSync(path), contentType }] as const];
    }),
  );
}

const mediaAddress = /^\/media\/([a-z]+)\/([0-9a-f]{32})$/;

/** Answers one request. Whatever is not there, not allowed or not understood gets the same 404. */
export async function answerPageRequest(
  page: ReadonlyMap<string, PageFile>,
  media: PageMedia,
  request: { readonly url: string; readonly method: string },
): Promise<Response> {
  if (request.method !== 'GET' || !isOwnPage(request.url)) return notThere();
  const { pathname } = new URL(request.url);
  const file = page.get(pathname === '/' ? 'index.html' : pathname.slice(1));
  if (file !== undefined) return answer(file);
  const [, kind, id] = mediaAddress.exec(pathname) ?? [];
  if (kind === undefined || id === undefined || !isMediaKind(kind)) return notThere();
  if (kind === 'export') return answerExport(media.openExport(id));
  const picture = await media.openMedia(kind, id);
  return picture === undefined ? notThere() : answer(picture);
}

function isMediaKind(word: string): word is MediaKind {
  return (mediaKinds as readonly string[]).includes(word);
}

function answer({ bytes, contentType }: PageFile): Response {
  return new Response(new Uint8Array(bytes), { headers: { ...securityHeaders, 'content-type': contentType } });
}

/** In pieces: a checkpoint has gigabytes. */
function answerExport(found: PageExport | undefined): Response {
  if (found === undefined) return notThere();
  const body = Readable.toWeb(createReadStream(found.file)) as ReadableStream<Uint8Array>;
  return new Response(body, {
    headers: {
      ...securityHeaders, 'content-type': found.contentType, 'content-length': String(found.sizeBytes),
      'content-disposition': attachmentHeader(found.downloadName),
    },
  });
}

/** A file's name in a header, which holds ASCII alone: other signs travel percent-encoded beside it (RFC 6266). */
export function attachmentHeader(name: string): string {
  const plain = name.replace(/[^ -~]|["\\%]/g, '_');
  const byte = (sign: string): string => `%${sign.charCodeAt(0).toString(16)}`;
  const encoded = encodeURIComponent(name.replace(/\p{Surrogate}/gu, '_')).replace(/['()*]/g, byte);
  return `attachment; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${encoded}`}`;
}

function notThere(): Response {
  return new Response('Not found', { status: 404, headers: { ...securityHeaders, 'content-type': 'text/plain' } });
}
