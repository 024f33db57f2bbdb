// Fetches one large file and trusts nobody: goes on after cuts, kills and restarts, starts again where the file has
// changed, waits where it is told to, and gives the file its name only when its hash is the published one.

import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../contract/errors.ts';
import {
  busy, interrupted, lfsPointer, loginPage, otherContent, otherSize, placeError, unreachable,
} from './download-errors.ts';
import { type Answer, askForPart } from './download-request.ts';
import { PartFile, type PublishedHash } from './part-file.ts';

export type DownloadOptions = DownloadParts & PublishedHash;

export interface DownloadParts {
  readonly url: URL;
  /** Where it goes; NAME.part and NAME.part.json beside it meanwhile. */
  readonly file: string;
  readonly sizeBytes: number | null;
  readonly userAgent: string;
  /** To stop it; what has come is kept. Throws the signal's reason then. */
  readonly signal: AbortSignal;
  /** Bytes that are there; 'checking' while what came earlier is read again. */
  readonly onProgress?: (bytesDone: number, phase: 'checking' | 'running') => void;
  readonly patience?: Partial<DownloadPatience>;
}

export interface DownloadPatience {
  readonly chunkBytes: number;
  readonly idleMs: number;
  /** Tries without a single new byte before it gives up. */
  readonly tries: number;
  /** Before the second try; doubled before each further one. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

const usualPatience: DownloadPatience = {
  chunkBytes: 16 * 2 ** 20, idleMs: 30_000, tries: 6, firstWaitMs: 1000, longestWaitMs: 120_000,
};

type Transfer = DownloadParts & { readonly part: PartFile; readonly patience: DownloadPatience };

/** Throws a UserError that says what to do (download.*), or the signal's reason. */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  try {
    await download(options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw placeError(error);
  }
}

async function download(options: DownloadOptions): Promise<void> {
  const patience = { ...usualPatience, ...options.patience };
  const { file, url, signal, onProgress } = options;
  const wanted = 'sha512' in options ? options.sha512 : options.sha256;
  const hashName = 'sha512' in options ? 'sha512' : 'sha256';
  const partOptions = { file, url: url.href, chunkBytes: patience.chunkBytes, hashName } as const;
  const part = await PartFile.open(partOptions, (bytes) => onProgress?.(bytes, 'checking'));
  const transfer = { ...options, part, patience };
  try {
    signal.throwIfAborted();
    await fetchAll(transfer);
  } catch (error) {
    await part.close().catch(() => undefined);
    throw error;
  }
  if (part.digest() !== wanted) {
    await part.discard();
    throw otherContent(url.host);
  }
  await part.finish();
}

async function fetchAll(transfer: Transfer): Promise<void> {
  const { part, patience, url, signal, sizeBytes } = transfer;
  for (let failures = 0; sizeBytes === null || part.sizeBytes < sizeBytes;) {
    const before = part.sizeBytes;
    const outcome = await tryOnce(transfer);
    if (outcome === 'whole') return;
    failures = part.sizeBytes > before ? 0 : failures + 1;
    if (failures >= patience.tries) throw reasonFor(outcome, url.host);
    const asked = 'waitMs' in outcome ? outcome.waitMs : null;
    const waitMs = asked ?? patience.firstWaitMs * 2 ** Math.max(0, failures - 1);
    await sleep(Math.min(waitMs, patience.longestWaitMs), undefined, { signal });
  }
}

type Failure = Extract<Answer, { kind: 'later' }> | { readonly kind: 'broken'; readonly reason: string };

function reasonFor(failure: Failure, host: string): UserError {
  if (failure.kind === 'later') return busy(host, failure.status);
  const isCut = /aborted|reset|closed|too few|no answer|hang up/i.test(failure.reason);
  return isCut ? interrupted(host) : unreachable(host, failure.reason);
}

/** One connection. What came before it broke is kept. */
async function tryOnce(transfer: Transfer): Promise<'whole' | Failure> {
  const { part, url, userAgent, sizeBytes, patience: { idleMs }, signal } = transfer;
  try {
    const answer = await askForPart({
      url, userAgent, offset: part.sizeBytes, etag: part.etag, sizeBytes, idleMs, signal,
    });
    if (answer.kind === 'later') return answer;
    if (answer.kind === 'no-such-part') {
      // it is another file now, or a server that counts wrongly: the hash would tell at the end, this is sooner
      await part.restart(null);
      return { kind: 'broken', reason: 'too few bytes' };
    }
    if (answer.offset === 0) await part.restart(answer.etag);
    return await takeBody(transfer, answer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) throw await dropped(transfer, error);
    if (placeError(error) !== error) throw error;
    return { kind: 'broken', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** What is no part of the file must not stay as its beginning. */
async function dropped({ part }: Transfer, error: UserError): Promise<UserError> {
  if (error.text.safe.startsWith('What came was thrown away')) await part.restart(null);
  return error;
}

async function takeBody(transfer: Transfer, answer: Extract<Answer, { kind: 'body' }>): Promise<'whole' | Failure> {
  const { part, url: { host }, sizeBytes, onProgress, signal, patience: { idleMs } } = transfer;
  const { body, totalBytes } = answer;
  body.setTimeout(idleMs, () => body.destroy(new Error('no answer for too long')));
  try {
    for await (const bytes of body as AsyncIterable<Buffer>) {
      if (part.sizeBytes === 0) refuseOtherThings(bytes, host);
      if (sizeBytes !== null && part.sizeBytes + bytes.length > sizeBytes) {
        throw otherSize(host, part.sizeBytes + bytes.length, sizeBytes);
      }
      await part.write(bytes);
      onProgress?.(part.sizeBytes, 'running');
      signal.throwIfAborted();
    }
  } finally {
    body.destroy();
  }
  const wanted = sizeBytes ?? totalBytes;
  return wanted === null || part.sizeBytes >= wanted ? 'whole' : { kind: 'broken', reason: 'too few bytes' };
}

/** A page and a pointer have their own first bytes, whatever the server calls them. */
function refuseOtherThings(bytes: Buffer, host: string): void {
  const start = bytes.toString('latin1', 0, 200).trimStart().toLowerCase();
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) throw loginPage(host);
  if (start.startsWith('version https://git-lfs.github.com/')) throw lfsPointer(host);
}
