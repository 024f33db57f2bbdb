// One request of a download: redirects followed to hosts that are trusted, the answer told apart into what can be
// written and what cannot. No cookies, no identity: a plain GET for a part of a file.

import http from 'node:http';
import https from 'node:https';
import { encoded, loginPage, notThere, otherSize, refused, strayed } from './download-errors.ts';

export interface AskedPart {
  readonly url: URL;
  readonly userAgent: string;
  /** First byte that is wanted. */
  readonly offset: number;
  /** The file is taken up again only while it has this strong entity tag. */
  readonly etag: string | null;
  readonly sizeBytes: number | null;
  /** Nothing for this long, and the connection is given up. */
  readonly idleMs: number;
  /** Media type that is asked for; any where it is left out. */
  readonly accept?: string;
  readonly signal: AbortSignal;
}

export type Answer =
  | {
    readonly kind: 'body';
    /** Where the body begins: 0 where the server knows no parts, or the file has changed. */
    readonly offset: number;
    readonly totalBytes: number | null;
    readonly etag: string | null;
    readonly body: http.IncomingMessage;
  }
  /** The part lies beyond the file. */
  | { readonly kind: 'no-such-part' }
  /** Worth another try, after a while. */
  | { readonly kind: 'later'; readonly status: number; readonly waitMs: number | null };

const mostRedirects = 6;

/** Where the publishers keep large files. */
const trustedHosts = [
  /(?:^|\.)huggingface\.co$/, /(?:^|\.)hf\.co$/, /^github\.com$/, /(?:^|\.)githubusercontent\.com$/,
  /^(?:api|globalcdn)\.nuget\.org$/, /^(?:pypi\.org|files\.pythonhosted\.org)$/,
];

/** Throws a UserError for what no other try would mend, and the connection's error for what it might. */
export async function askForPart(asked: AskedPart): Promise<Answer> {
  let { url } = asked;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const response = await get(url, asked);
    const { statusCode = 0, headers: { location } } = response;
    if (![301, 302, 303, 307, 308].includes(statusCode) || !location) return answerOf(response, asked);
    response.resume();
    const next = new URL(location, url);
    if (!isTrustedHost(next, asked.url)) throw strayed(asked.url.host, next.host);
    url = next;
  }
  throw strayed(asked.url.host, url.host);
}

/** The asked host itself, its loopback neighbours in tests and mirrors, or a publisher's store over https. */
export function isTrustedHost(next: URL, asked: URL): boolean {
  if (next.hostname === asked.hostname && next.protocol === asked.protocol) return true;
  return next.protocol === 'https:' && trustedHosts.some((host) => host.test(next.hostname));
}

function get(url: URL, asked: AskedPart): Promise<http.IncomingMessage> {
  const { userAgent, offset, etag, idleMs, signal, accept = '*/*' } = asked;
  const headers: http.OutgoingHttpHeaders = { 'user-agent': userAgent, accept, 'accept-encoding': 'identity' };
  if (offset > 0) headers['range'] = `bytes=${offset}-`;
  if (offset > 0 && etag !== null) headers['if-range'] = etag;
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const request = client.get(url, { headers, signal, agent: false }, resolve);
    request.setTimeout(idleMs, () => request.destroy(new Error('no answer for too long')));
    request.on('error', reject);
  });
}

function answerOf(response: http.IncomingMessage, asked: AskedPart): Answer {
  const { statusCode = 0, headers } = response;
  const { host } = asked.url;
  if (statusCode !== 200 && statusCode !== 206) {
    response.resume();
    return answerWithoutBody(statusCode, headers, host);
  }
  const answer = { body: response, etag: strongTag(headers.etag) };
  const encoding = headers['content-encoding'];
  try {
    if (encoding && encoding !== 'identity') throw encoded(host, encoding);
    if (/^text\/html/i.test(headers['content-type'] ?? '')) throw loginPage(host);
    const part = statusCode === 206 ? partOf(headers['content-range']) : undefined;
    // a server that sends another part than it was asked for is asked again from the start
    if (statusCode === 206 && part?.start !== asked.offset) return discard(response, { kind: 'no-such-part' });
    const length = Number(headers['content-length'] ?? NaN);
    const totalBytes = part ? part.total : Number.isFinite(length) ? length : null;
    if (asked.sizeBytes !== null && totalBytes !== null && totalBytes !== asked.sizeBytes) {
      throw otherSize(host, totalBytes, asked.sizeBytes);
    }
    return { kind: 'body', offset: part ? asked.offset : 0, totalBytes, ...answer };
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function discard<T>(response: http.IncomingMessage, answer: T): T {
  response.destroy();
  return answer;
}

function answerWithoutBody(status: number, headers: http.IncomingHttpHeaders, host: string): Answer {
  if (status === 416) return { kind: 'no-such-part' };
  if (status === 429 || status >= 500 || status === 408) {
    return { kind: 'later', status, waitMs: waitOf(headers['retry-after']) };
  }
  if (status === 401 || status === 403 || status === 407 || status === 451) throw refused(host, status);
  if (status === 511) throw loginPage(host);
  throw notThere(host, status);
}

/** 'bytes 5-9/10' → 5 of 10. */
function partOf(text: string | undefined): { start: number; total: number | null } | undefined {
  const found = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text ?? '');
  return found ? { start: Number(found[1]), total: found[2] === '*' ? null : Number(found[2]) } : undefined;
}

/** Weak tags promise no equal bytes (RFC 9110, 8.8.1). */
function strongTag(tag: string | undefined): string | null {
  return tag && !tag.startsWith('W/') ? tag : null;
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function waitOf(text: string | undefined): number | null {
  if (!text) return null;
  const seconds = Number(text);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(waitMs) && waitMs >= 0 ? waitMs : null;
}
