// Imports as jobs: five hundred good and bad files with the right word on each, nothing of the user's changed, and an
// import that is stopped goes on where it was.

import { createHash } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import { findPhotos } from '../../src-main/photos/list-photos.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { type Verdict, expectedOutcomes, writeMixedFiles } from './mixed-files.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

let folder: string;
let photos: string;
let verdicts: Map<string, Verdict>;
let studio: Studio;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-import-'));
  photos = join(folder, 'photos');
  await mkdir(photos);
  verdicts = await writeMixedFiles(photos, 500);
  studio = await openRealStudio(join(folder, 'library'));
  // nobody is in these pictures, and to look for somebody takes long
  studio.subscribe((event) => {
    if (event.type !== 'job-changed' || event.job.kind !== 'analyze' || event.job.state !== 'waiting') return;
    void studio.run('jobs.cancel', { jobId: event.job.id });
  });
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function newSubject(): Promise<SubjectId> {
  return (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
}

/** Content, size, time and rights of everything in a folder, links as links. */
async function treeOf(place: string): Promise<unknown[]> {
  const names = (await readdir(place, { recursive: true })).sort();
  return await Promise.all(names.map(async (name) => {
    const file = join(place, name);
    const { mode, mtimeMs, size, nlink } = await lstat(file);
    const isSmallFile = (await lstat(file)).isFile() && size < 1e6;
    return [name, mode, mtimeMs, size, nlink, isSmallFile ? sha256(await readFile(file)) : ''];
  }));
}

test('five hundred files each get the right verdict, and originals are kept byte for byte', async () => {
  const before = await treeOf(photos);
  const files = await findPhotos([photos]);
  expect(new Set(files)).toEqual(new Set(verdicts.keys()));
  expect(files).toHaveLength(500);
  const subjectId = await newSubject();
  const job = await studio.settled((await studio.queueImport(subjectId, [photos, files[3]!])).id);
  expect(job).toMatchObject({ state: 'done', error: null, items: 500, itemsDone: 500 });

  const expected = await expectedOutcomes(photos, verdicts);
  const outcomes = studio.library.jobs.itemOutcomes(job.id).map(({ outcome }) =>
    JSON.parse(outcome) as { kind: string; error?: { code: string } });
  const found = outcomes.map(({ kind, error }) => error?.code ?? kind);
  expect(files.flatMap((file, i) => (found[i] === expected[i] ? [] : [[file, found[i], expected[i]]]))).toEqual([]);

  const count = (word: string): number => expected.filter((one) => one === word).length;
  const refusedCount = 500 - count('added') - count('known');
  expect(job.outcome).toMatchObject({ kind: 'import', added: count('added'), known: count('known'), refusedCount });
  expect(job.outcome?.kind === 'import' && job.outcome.refused.length).toBe(100);
  const kept = studio.library.photos.list(subjectId);
  const good = files.filter((file) => verdicts.get(file) === 'good');
  const contents = await Promise.all(good.map(async (file) => sha256(await readFile(file))));
  expect(new Set(kept.map(({ originalSha256 }) => originalSha256))).toEqual(new Set(contents));
  for (const { originalSha256 } of kept) {
    expect(sha256((await studio.library.readFile(originalSha256))!.bytes)).toBe(originalSha256);
  }
  expect(await treeOf(photos)).toEqual(before);
  // where the files lie is of no use any more
  expect(JSON.stringify(studio.library.jobs.items(job.id))).not.toContain(photos);
  expect(await studio.run('jobs.list', {})).toMatchObject([{ kind: 'analyze', subjectId }, { id: job.id }]);
});

test('an import that is cancelled keeps what it has, and goes on with the rest when it is tried again', async () => {
  const subjectId = await newSubject();
  const good = [...verdicts.keys()].filter((file) => file.includes('-good-')).slice(0, 12);
  const job = await studio.queueImport(subjectId, good);
  const end = studio.subscribe((event) => {
    if (event.type !== 'job-changed' || event.job.id !== job.id || event.job.itemsDone < 3) return;
    end();
    void studio.run('jobs.cancel', { jobId: job.id });
  });
  const cancelled = await studio.settled(job.id);
  expect(cancelled).toMatchObject({ state: 'cancelled', itemsDone: 3, outcome: { added: 3, refusedCount: 0 } });
  expect(studio.library.photos.list(subjectId)).toHaveLength(3);
  await studio.run('jobs.retry', { jobId: job.id });
  const done = await studio.settled(job.id);
  expect(done).toMatchObject({ state: 'done', itemsDone: 12 });
  expect(done.outcome).toMatchObject({ added: 12, known: 0, refusedCount: 0 });
  expect(studio.library.photos.list(subjectId)).toHaveLength(12);
});

test('what holds no picture is refused at once, and a file that was chosen itself is told of', async () => {
  const subjectId = await newSubject();
  await mkdir(join(folder, 'empty'));
  await writeFile(join(folder, 'notes.txt'), 'text');
  await expect(studio.queueImport(subjectId, [join(folder, 'empty')])).rejects.toMatchObject({
    code: 'photos.none-found', message: expect.not.stringContaining(folder) as string,
  });
  await expect(studio.queueImport('f'.repeat(32) as SubjectId, [photos])).rejects.toMatchObject({
    code: 'subjects.unknown',
  });
  const job = await studio.settled((await studio.queueImport(subjectId, [join(folder, 'notes.txt')])).id);
  expect(job.outcome).toMatchObject({
    added: 0, known: 0, refused: [{ fileName: 'notes.txt', error: { code: 'photos.not-a-picture' } }],
  });
  expect(studio.library.jobs.ofSubject(subjectId).map(({ kind }) => kind)).toEqual(['import']);
});
