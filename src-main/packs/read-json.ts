// Asks a package registry for a JSON document, a few times where it is too busy.

import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../contract/errors.ts';
import { busy, unreachable } from './download-errors.ts';
import { askForPart } from './download-request.ts';
import type { DownloadPatience } from './download.ts';
import { strangeAnswer } from './registry-errors.ts';

export interface JsonQuestion {
  readonly url: URL;
  readonly userAgent: string;
  readonly signal: AbortSignal;
  /** Media type that is asked for; any where it is left out. */
  readonly accept?: string;
  readonly patience?: Partial<DownloadPatience> | undefined;
}

const usualPatience = { tries: 4, firstWaitMs: 1000, longestWaitMs: 30_000, idleMs: 30_000 };
/** A registry's list of one package takes a few hundred kilobytes. */
const mostBytes = 32 * 2 ** 20;

/** Throws a UserError (download.*), or the signal's reason. */
export async function readJson({ url, userAgent, signal, accept, patience }: JsonQuestion): Promise<unknown> {
  const { tries, firstWaitMs, longestWaitMs, idleMs } = { ...usualPatience, ...patience };
  for (let failures = 0; ; failures++) {
    const outcome = await tryOnce({ url, userAgent, signal, idleMs, ...(accept ? { accept } : {}) });
    if ('text' in outcome) return parse(outcome.text, url.host);
    if (failures + 1 >= tries) throw outcome.error;
    const waitMs = outcome.waitMs ?? firstWaitMs * 2 ** failures;
    await sleep(Math.min(waitMs, longestWaitMs), undefined, { signal });
  }
}

type Outcome = { readonly text: string } | { readonly error: UserError; readonly waitMs: number | null };

async function tryOnce(asked: Omit<JsonQuestion, 'patience'> & { readonly idleMs: number }): Promise<Outcome> {
  const { url: { host }, signal } = asked;
  try {
    const answer = await askForPart({ ...asked, offset: 0, etag: null, sizeBytes: null });
    if (answer.kind === 'later') return { error: busy(host, answer.status), waitMs: answer.waitMs };
    if (answer.kind === 'no-such-part') throw strangeAnswer(host);
    const { body } = answer;
    body.setTimeout(asked.idleMs, () => body.destroy(new Error('no answer for too long')));
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > mostBytes) throw strangeAnswer(host);
      pieces.push(piece);
    }
    return { text: Buffer.concat(pieces).toString('utf8') };
  } catch (error) {
    signal.throwIfAborted();
    // a mirror that knows no JSON answers with a page, and so does a network that asks to sign in
    if (error instanceof UserError) throw error.code === 'download.login-page' ? strangeAnswer(host) : error;
    return { error: unreachable(host, error instanceof Error ? error.message : String(error)), waitMs: null };
  }
}

function parse(text: string, host: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw strangeAnswer(host);
  }
}
