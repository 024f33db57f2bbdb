// The commands over subjects and the library through a real studio whose queue rests: consent, covers, receipts,
// backups, checks that make again what they can, and reports without a name.

import { mkdir, mkdtemp, readFile, readdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PackId, PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import { shownPlace } from '../../src-main/studio/library-commands.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { fill } from '../library/filled-library.ts';

let folder: string;
let studio: Studio;
let events: StudioEvent[];

async function open(isIdle = true): Promise<void> {
  events = [];
  studio = await openRealStudio(folder, { isIdle });
  studio.subscribe((event) => events.push(event));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-keeping-'));
  await open();
});
afterEach(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function picture(shade: number): Promise<Uint8Array<ArrayBuffer>> {
  const made = sharp({ create: { width: 320, height: 240, channels: 3, background: { r: shade, g: 90, b: 120 } } });
  return new Uint8Array(await made.jpeg().toBuffer());
}

async function addPhoto(subjectId: SubjectId, shade: number): Promise<PhotoId> {
  const bytes = await picture(shade);
  return (await studio.run('photos.import', { subjectId, fileName: `photo-${shade}.jpg`, bytes })).photo.id;
}

test('consent is dated when it is given, keeps its note, and loses its date when it is taken back', async () => {
  const before = Date.now();
  const consentNote = ' said in the studio ';
  const ada = await studio.run('subjects.create', { name: 'Ada', hasConsent: true, consentNote });
  expect(ada).toMatchObject({ hasConsent: true, consentNote: 'said in the studio', coverPhotoId: null });
  expect(ada.consentAtMs).toBeGreaterThanOrEqual(before);
  const renamed = await studio.run('subjects.change', { subjectId: ada.id, name: 'Ada L', hasConsent: true });
  expect(renamed).toMatchObject({ name: 'Ada L', consentAtMs: ada.consentAtMs, consentNote: 'said in the studio' });
  const withdrawn = await studio.run('subjects.change', { subjectId: ada.id, hasConsent: false, consentNote: '' });
  expect(withdrawn).toMatchObject({ hasConsent: false, consentAtMs: null, consentNote: '' });
  const stranger = await studio.run('subjects.create', { name: 'Bo', hasConsent: false });
  expect(stranger.consentAtMs).toBeNull();
});

test('nobody is taught or drawn without consent, whichever command asks', async () => {
  const pack = studio.packs.list()[0]!;
  const bo = await studio.run('subjects.create', { name: 'Bo', hasConsent: true });
  await addPhoto(bo.id, 10);
  const filled = await fill(studio.library, 'Ada');
  await studio.run('subjects.change', { subjectId: filled.subjectId, hasConsent: false });
  const packId = pack.id as PackId;
  const drawn = { subjectId: filled.subjectId, packId, prompts: ['a portrait'], count: 1 };
  const requests: [string, object][] = [
    ['looks.teach', { subjectId: filled.subjectId, packId }],
    ['portraits.create', { ...drawn, adapterId: filled.adapterId }],
    ['portraits.create', { ...drawn, adapterId: null, instantly: { pose: { kind: 'none' } } }],
    ['portraits.again', { portraitIds: [filled.portraitIds[0]], how: 'new-seeds' }],
    ['portraits.again', { portraitIds: [filled.portraitIds[0]], how: 'vary' }],
    ['portraits.again', { portraitIds: [filled.portraitIds[0]], how: 'upscale' }],
  ];
  const jobs = studio.library.jobs.list().length;
  for (const [command, request] of requests) {
    const answer = await studio.call(command, request);
    expect(answer, `${command} ${JSON.stringify(request)}`).toMatchObject({ error: { code: 'subjects.no-consent' } });
  }
  expect(studio.library.jobs.list()).toHaveLength(jobs);
});

test('consent that is taken back while jobs wait ends them before anything is drawn or taught', async () => {
  const filled = await fill(studio.library, 'Ada');
  const packId = studio.packs.list()[0]!.id as PackId;
  const [teach, draw] = [
    await studio.run('looks.teach', { subjectId: filled.subjectId, packId }),
    await studio.run('portraits.create', {
      subjectId: filled.subjectId, packId, adapterId: filled.adapterId, prompts: ['a portrait'], count: 1,
    }),
  ];
  await studio.run('jobs.cancel', { jobId: filled.createId });
  await studio.run('subjects.change', { subjectId: filled.subjectId, hasConsent: false });
  await studio.close();
  await open(false);
  for (const { id } of [teach, draw]) {
    expect(await studio.settled(id)).toMatchObject({ state: 'failed', error: { code: 'subjects.no-consent' } });
  }
  expect(studio.engine.state().state).toBe('off');
});

test('the cover is the photo most like the others; before faces are found it is the first', async () => {
  const { id } = await studio.run('subjects.create', { name: 'Bo', hasConsent: true });
  const first = await addPhoto(id, 10);
  await addPhoto(id, 200);
  const [bo] = await studio.run('subjects.list', {});
  expect(bo).toMatchObject({ coverPhotoId: first, photoCount: 2 });
  const filled = await fill(studio.library, 'Ada');
  studio.library.photos.setChoice(filled.photoIds[0]!, 'leave-out');
  const ada = (await studio.run('subjects.list', {})).find((subject) => subject.id === filled.subjectId);
  expect(ada?.coverPhotoId).toBe(filled.photoIds[1]);
});

test('a removal by command ends the jobs, takes the folders of runs along and answers with the receipt', async () => {
  const { id } = await studio.run('subjects.create', { name: 'ZANZIBAR', hasConsent: true, consentNote: 'ZANZIBAR' });
  const photoId = await addPhoto(id, 77);
  const { originalSha256 } = studio.library.photos.get(photoId)!;
  const filled = await fill(studio.library, 'Cy', id);
  const runFolder = join(folder, 'runs', filled.teachId);
  await mkdir(runFolder, { recursive: true });
  const [job] = studio.library.jobs.ofSubject(id);
  await mkdir(join(folder, 'runs', job!.id, 'latents'), { recursive: true });
  await writeFile(join(folder, 'runs', job!.id, 'latents', 'photo.bin'), 'latents of ZANZIBAR');
  await studio.run('library.backUp', {});
  events.length = 0;
  const receipt = await studio.run('subjects.remove', { subjectId: id });
  expect(receipt).toMatchObject({
    photos: 1, faces: 0, crops: 0, looks: 0, portraits: 3, keptPortraits: 0, jobs: 2, backupsRewritten: 1,
  });
  // original, preview and thumbnail, what was in the run's folder, and the pictures of the portraits with them
  expect(receipt.files).toBeGreaterThanOrEqual(4 + 3 * 3);
  expect(events.filter(({ type }) => type === 'portrait-removed')).toHaveLength(2);
  expect(events.at(-1)).toEqual({ type: 'subject-removed', subjectId: id });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    for (const canary of ['ZANZIBAR', id, photoId, originalSha256]) {
      expect(bytes.includes(canary), `${entry.name}: ${canary}`).toBe(false);
    }
  }
  await expect(studio.run('subjects.remove', { subjectId: id })).rejects.toMatchObject({ code: 'subjects.unknown' });
});

test('kept portraits stay among everybody’s, and the person is not there any more', async () => {
  const filled = await fill(studio.library, 'Ada');
  const receipt = await studio.run('subjects.remove', { subjectId: filled.subjectId, keepPortraits: true });
  // the third one was in the trash
  expect(receipt).toMatchObject({ photos: 2, portraits: 1, keptPortraits: 2, jobs: 1 });
  expect(await studio.run('subjects.list', {})).toEqual([]);
  expect(await studio.run('jobs.list', {})).toEqual([]);
  const { portraits } = await studio.run('portraits.page', { filter: {}, offset: 0, limit: 10 });
  expect(portraits.map(({ id }) => id).sort()).toEqual(filled.portraitIds.slice(0, 2).sort());
  expect(await studio.openMedia('portrait', filled.portraitIds[0]!)).toBeDefined();
  for (const change of [{ name: 'Ada' }, { hasConsent: true }]) {
    await expect(studio.run('subjects.change', { subjectId: filled.subjectId, ...change }))
      .rejects.toMatchObject({ code: 'subjects.unknown' });
  }
});

test('a backup and a check are told to the page; what a check finds is counted and kept', async () => {
  await fill(studio.library, 'Ada');
  const backup = await studio.run('library.backUp', {});
  expect(backup).toMatchObject({ reason: 'asked' });
  const check = await studio.run('library.check', {});
  expect(check).toMatchObject({ missing: 0, damaged: 0, mended: 0, swept: 0, isDatabaseSound: true });
  expect(check.filesChecked).toBeGreaterThan(15);
  const told = events.filter((event) => event.type === 'library-state');
  expect(told).toHaveLength(2);
  expect(told[1]!.library).toMatchObject({
    subjects: 1, photos: 2, looks: 1, portraits: 2, backups: [backup], lastCheck: check, recovery: null,
  });
  expect(told[1]!.library.sizeBytes).toBeGreaterThan(backup.sizeBytes);
  expect(told[1]!.library.freeBytes).toBeGreaterThan(0);
});

test('previews are made again, crops when faces are found again; originals cannot be, and are told', async () => {
  const { library } = studio;
  const { id } = await studio.run('subjects.create', { name: 'Bo', hasConsent: true });
  const [whole, other] = [await addPhoto(id, 10), await addPhoto(id, 200)];
  const ada = await fill(library, 'Ada');
  const bo = library.photos.get(whole)!;
  const before = await readFile(library.pathOf(bo.previewSha256));
  await writeFile(library.pathOf(bo.previewSha256), Buffer.alloc(before.length, 7));
  await unlink(library.pathOf(bo.thumbnailSha256));
  await writeFile(library.pathOf(library.photos.get(other)!.originalSha256), 'rotten');
  await unlink(library.pathOf(library.photos.get(ada.photoIds[1]!)!.cropSha256!));
  await unlink(library.pathOf(library.portraits.get(ada.portraitIds[0]!)!.tileSha256!));

  expect(await studio.run('library.check', {})).toMatchObject({ missing: 3, damaged: 2, mended: 4 });
  const mended = library.photos.get(whole)!;
  expect(await readFile(library.pathOf(mended.previewSha256))).toEqual(before);
  expect((await studio.openMedia('thumbnail', whole))?.bytes.byteLength).toBeGreaterThan(50);
  expect(library.photos.get(ada.photoIds[1]!)).toMatchObject({
    cropSha256: null, isFaceChosen: true, faceIndex: 0, verdict: { grade: 'waiting' },
  });
  expect(library.jobs.ofSubject(ada.subjectId).filter(({ kind }) => kind === 'analyze')).toHaveLength(1);
  // what cannot be made again is told again
  expect(await studio.run('library.check', {})).toMatchObject({ missing: 0, damaged: 1, mended: 0 });
});

test('an open library is backed up once a day by itself', async () => {
  await fill(studio.library, 'Ada');
  await studio.close();
  await open(false);
  await studio.close();
  await open(false);
  const { backups } = await studio.run('library.state', {});
  expect(backups.map(({ reason }) => reason)).toEqual(['daily']);
  expect((await readdir(folder)).includes('ballast')).toBe(true);
  await studio.close();
  // as if that had been two days ago
  const old = '20260101-000000.db';
  await writeFile(join(folder, 'backups', old), await readFile(join(folder, 'backups', `${backups[0]!.id}.db`)));
  await rm(join(folder, 'backups', `${backups[0]!.id}.db`));
  await utimes(join(folder, 'backups', old), 1, 1);
  await open(false);
  await expect.poll(async () => (await studio.run('library.state', {})).backups.length).toBe(2);
});

test('a report holds numbers and codes, and nothing that anybody typed or any place', async () => {
  await fill(studio.library, 'ADALOVELACE');
  studio.library.checkpoints.add('/home/ADALOVELACE/model.safetensors', 1);
  const { text } = await studio.run('library.diagnostics', {});
  expect(text).toContain('Likeness: 0.0.1');
  expect(text).toContain('Subjects, photos, looks, portraits: 1, 2, 1, 2');
  expect(text).not.toContain(folder);
  await fc.assert(fc.asyncProperty(fc.stringMatching(/^[A-Z]{8,20}$/), async (word) => {
    const { id } = await studio.run('subjects.create', { name: word, hasConsent: false, consentNote: `/${word}` });
    const report = (await studio.run('library.diagnostics', {})).text;
    for (const canary of [word, id, 'ADALOVELACE', 'safetensors', '/home']) expect(report).not.toContain(canary);
  }), { numRuns: 15 });
});

test('a place is shown as its user would write it', () => {
  expect(shownPlace('/home/ada/.local/share/likeness', '/home/ada')).toBe(join('~', '.local/share/likeness'));
  expect(shownPlace('/home/adam/likeness', '/home/ada')).toBe('/home/adam/likeness');
  expect(shownPlace('/home/ada', '/home/ada')).toBe('/home/ada');
});
