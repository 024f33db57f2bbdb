// npm run bench -- downloads: many downloads through a server that misbehaves at random. Each must end with the right
// bytes under the file's name, or with an error that says what to do and no such file; a cut costs one chunk at most.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../src-main/contract/errors.ts';
import { downloadFile } from '../../src-main/packs/download.ts';
import { type BadServer, type Manner, openBadServer, randomManner } from '../packs/bad-server.ts';

const [sizeBytes, chunkBytes, mostAnswers] = [400_000, 65_536, 5];
const patience = { chunkBytes, idleMs: 150, tries: 4, firstWaitMs: 1, longestWaitMs: 20 };

interface Tally { count: number; mostTwice: number }

/** A table; throws at the first download that ends in neither of the two ways. */
export async function benchDownloads(downloads: number): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-downloads-'));
  const tallies = new Map<string, Tally>();
  try {
    for (let i = 0; i < downloads; i++) {
      const { outcome, twice } = await oneDownload(path.join(folder, `${i}.bin`), i);
      const tally = tallies.get(outcome) ?? { count: 0, mostTwice: 0 };
      tallies.set(outcome, { count: tally.count + 1, mostTwice: Math.max(tally.mostTwice, twice) });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const rows = [...tallies].sort(([, a], [, b]) => b.count - a.count);
  return [
    `${downloads} downloads of ${sizeBytes} bytes, in chunks of ${chunkBytes}`,
    'how it ended                  downloads  most fetched again after a cut, in chunks',
    ...rows.map(([outcome, { count, mostTwice }]) => (
      `${outcome.padEnd(30)}${String(count).padStart(9)}  ${mostTwice.toFixed(2)}`)),
  ];
}

/** How far the file had come, and the longest part of it that a later request asked for again. */
interface Course { reached: number; requests: number; mostTwice: number }

async function oneDownload(file: string, seed: number): Promise<{ outcome: string; twice: number }> {
  const server = await openBadServer(sizeBytes, seed);
  const manners = Array.from({ length: seed % mostAnswers }, () => randomManner(sizeBytes));
  const course: Course = { reached: 0, requests: 0, mostTwice: 0 };
  server.behave([...manners, 'good']);
  try {
    // every third is stopped on its way too, as by a kill, and taken up by another call
    if (seed % 3 === 0) await fetchOnce(server, file, sizeBytes / 2, course);
    const outcome = await fetchOnce(server, file, Infinity, course);
    await check(server, file, outcome, manners);
    const twice = manners.every(goesOn) ? course.mostTwice / chunkBytes : 0;
    if (twice > 1) throw new Error(`More than one chunk was fetched again: ${JSON.stringify(manners)}`);
    return { outcome, twice };
  } finally {
    await server.close();
  }
}

/** An answer after which the same file can be taken up where it was. */
const goesOn = (manner: Manner): boolean => (
  manner === 'good' || manner === 'drip' || (typeof manner === 'object' && !('redirect' in manner)));

async function fetchOnce(server: BadServer, file: string, stopAt: number, course: Course): Promise<string> {
  const stop = new AbortController();
  const onProgress = (bytes: number, phase: 'checking' | 'running'): void => {
    if (phase === 'checking') return;
    if (server.requests.length > course.requests) {
      const from = Number(/\d+/.exec(server.requests.at(-1)?.range ?? '0')![0]);
      course.mostTwice = Math.max(course.mostTwice, course.reached - from);
      course.requests = server.requests.length;
    }
    course.reached = bytes;
    if (bytes > stopAt) stop.abort(new Error('stopped'));
  };
  try {
    await downloadFile({
      url: server.url, file, sizeBytes, sha256: server.sha256, userAgent: 'Likeness/bench', signal: stop.signal,
      onProgress, patience,
    });
    return 'right bytes';
  } catch (error) {
    if (error instanceof UserError) return error.code;
    if (stop.signal.aborted) return 'stopped';
    throw error;
  }
}

async function check(server: BadServer, file: string, outcome: string, manners: readonly Manner[]): Promise<void> {
  const isThere = existsSync(file);
  const told = `its answers were ${JSON.stringify(manners)}`;
  if (outcome === 'right bytes') {
    const hash = createHash('sha256').update(await readFile(file)).digest('hex');
    if (hash !== server.sha256) throw new Error(`A file has its name and other bytes; ${told}`);
  } else if (isThere) throw new Error(`${outcome}, and a file has its name; ${told}`);
}
