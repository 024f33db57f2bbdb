// Photo intake through the studio with the real engine: the photos of a person explain themselves together, the user
// overrules them, and photos that an older version has looked at are looked at again.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Photo } from '../../src-main/contract/nouns.ts';
import { eventSchema } from '../../src-main/contract/studio.ts';
import { faceLikeness } from '../../src-main/faces/likeness.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { contactSheet, landscape, pageOfText, person, twoPeople } from '../photos/drawn-pictures.ts';

const root = join(import.meta.dirname, '..', '..');
const astronaut = await readFile(join(root, 'test', 'photos', 'astronaut.png'));
let folder: string;
let studio: Studio;
let subjectId: SubjectId;

async function open(): Promise<void> {
  studio = await openRealStudio(join(folder, 'library'));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-intake-'));
  await open();
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

async function settled(): Promise<void> {
  for (const job of await studio.run('jobs.list', {})) {
    expect(await studio.settled(job.id)).toMatchObject({ state: 'done', error: null });
  }
}

/** Brings photos of a new person in and waits until they are looked at; by the names of their files. */
async function takeIn(photos: Readonly<Record<string, Uint8Array>>): Promise<Map<string, Photo>> {
  subjectId = (await studio.run('subjects.create', { name: 'Ada', hasConsent: true })).id;
  for (const [fileName, bytes] of Object.entries(photos)) {
    await studio.run('photos.import', { subjectId, fileName, bytes: new Uint8Array(bytes) });
  }
  await settled();
  return await list();
}

async function list(): Promise<Map<string, Photo>> {
  return new Map((await studio.run('photos.list', { subjectId })).map((photo) => [photo.fileName, photo]));
}

const embeddingOf = ({ id }: Photo): Float32Array => studio.library.photos.get(id)!.faceEmbedding!;

test('the set explains itself: whose face it is, copies, pictures without a face', async () => {
  const [first, second, third] = await person(15, 3);
  const copy = await sharp(first).resize(200).jpeg({ quality: 70 }).toBuffer();
  const photos = await takeIn({
    'two.png': await twoPeople(), 'one.png': first!, 'second.png': second!, 'third.png': third!, 'copy.jpg': copy,
    'text.png': await pageOfText(), 'hills.png': await landscape(), 'again.png': first!,
  });
  // the same bytes twice are one photo
  expect(photos.has('again.png')).toBe(false);
  const two = photos.get('two.png')!;
  expect(two).toMatchObject({
    faceCount: 2, faceIndex: 1, isFaceChosen: false, isUsed: true,
    verdict: { reasonCodes: expect.arrayContaining(['face-by-agreement']), actions: ['choose-face', 'leave-out'] },
  });
  // crop, points and embedding are of that face, not of the largest
  expect(two.faceBox).toEqual(two.faces[1]!.box);
  expect(two.facePoints![2].x).toBeGreaterThan(0.5);
  const one = photos.get('one.png')!;
  expect(faceLikeness(embeddingOf(two), embeddingOf(one)).distance).toBeLessThan(0.4);
  expect(photos.get('copy.jpg')).toMatchObject({
    sameAsPhotoId: one.id, isUsed: false, verdict: { reasonCodes: ['near-duplicate'], actions: ['keep-this-one'] },
  });
  expect(photos.get('text.png')).toMatchObject({
    isUsed: false, faceBox: null, measures: null,
    verdict: { grade: 'left-out', reason: 'no face was found; it looks like a page of text' },
  });
  expect(photos.get('hills.png')!.verdict).toMatchObject({ grade: 'left-out', reason: 'no face was found' });
  expect(one).toMatchObject({ verdict: { grade: 'good', hint: '', actions: [] }, measures: { occlusions: [] } });
});

test('another face can be chosen and stays chosen; the choice can be given back to the photos', async () => {
  const two = (await list()).get('two.png')!;
  const before = embeddingOf(two);
  const events: unknown[] = [];
  const end = studio.subscribe((event) => events.push(eventSchema.parse(event)));
  const asked = await studio.run('photos.chooseFace', { photoId: two.id, faceIndex: 0 });
  expect(asked).toMatchObject({ faceIndex: 0, isFaceChosen: true, isUsed: false, verdict: { grade: 'waiting' } });
  await settled();
  end();
  const chosen = (await list()).get('two.png')!;
  expect(chosen).toMatchObject({ faceIndex: 0, isFaceChosen: true, isUsed: true });
  expect(chosen.verdict.reasonCodes).not.toContain('face-by-agreement');
  expect(faceLikeness(embeddingOf(chosen), before).distance).toBeGreaterThan(0.35);
  expect(chosen.faceBox!.x).toBeLessThan(0.5);
  expect(events.length).toBeGreaterThan(2);
  await studio.run('photos.chooseFace', { photoId: two.id, faceIndex: null });
  await settled();
  expect((await list()).get('two.png')).toMatchObject({ faceIndex: 1, isFaceChosen: false });
  await expect(studio.run('photos.chooseFace', { photoId: two.id, faceIndex: 9 }))
    .rejects.toMatchObject({ code: 'photos.no-such-face' });
});

test('verdicts are overruled: a copy is kept, its original then left out, and back', async () => {
  const copy = (await list()).get('copy.jpg')!;
  expect(await studio.run('photos.choose', { photoId: copy.id, userChoice: 'use' }))
    .toMatchObject({ isUsed: true, sameAsPhotoId: null });
  expect((await list()).get('one.png')).toMatchObject({ sameAsPhotoId: copy.id, isUsed: false });
  await studio.run('photos.choose', { photoId: copy.id, userChoice: null });
  expect((await list()).get('one.png')).toMatchObject({ sameAsPhotoId: null, isUsed: true });
  const one = (await list()).get('one.png')!;
  await studio.run('photos.choose', { photoId: one.id, userChoice: 'leave-out' });
  expect((await list()).get('copy.jpg')).toMatchObject({ sameAsPhotoId: null, isUsed: true });
});

test('a photo on its side is upright, and its face where it is seen', async () => {
  const lying = await sharp(astronaut).rotate(270).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
  const photo = (await takeIn({ 'lying.jpg': lying })).get('lying.jpg')!;
  expect(photo).toMatchObject({ widthPx: 512, heightPx: 512, faceCount: 1, faceIndex: 0 });
  expect(Math.abs(photo.measures!.rollDegrees)).toBeLessThan(10);
  expect(photo.facePoints![0].y).toBeLessThan(photo.facePoints![3].y);
});

test('forty faces in one picture: counted, and the user is asked', async () => {
  const photo = (await takeIn({ 'forty.png': await contactSheet(8, 5, 160) })).get('forty.png')!;
  expect(photo.faceCount).toBeGreaterThan(34);
  expect(photo.faces).toHaveLength(photo.faceCount);
  expect(photo.verdict).toMatchObject({ grade: 'usable', hint: 'Choose the face that is to be learned.' });
  expect(photo.verdict.reason).toContain('the 24 largest were compared');
  const last = photo.faceCount - 1;
  await studio.run('photos.chooseFace', { photoId: photo.id, faceIndex: last });
  await settled();
  expect((await list()).get('forty.png')).toMatchObject({ isFaceChosen: true, faceBox: photo.faces[last]!.box });
});

test('a photo that an older version has looked at is looked at again at the next start', async () => {
  const { id } = (await takeIn({ 'astronaut.png': astronaut })).get('astronaut.png')!;
  const known = studio.library.photos.get(id)!;
  await studio.close();
  const database = new SqliteDatabase(join(folder, 'library', 'library.db'));
  database.prepare("update photo set analyzed_by = null, measures = null, picture_hash = '' where id = ?").run(id);
  database.prepare('delete from found_face where photo_id = ?').run(id);
  database.close();
  await open();
  await settled();
  expect(studio.library.photos.get(id as PhotoId)).toEqual(known);
});

test('so is a photo that other face networks have looked at', async () => {
  const [photo] = (await list()).values();
  const known = studio.library.photos.get(photo!.id)!;
  studio.library.photos.setAnalysis(photo!.id, { ...known, analyzedBy: 'antelopev2' });
  expect(studio.library.photos.get(photo!.id)).toMatchObject({ embeddingEngine: 'antelopev2' });
  await studio.close();
  await open();
  await settled();
  expect(studio.library.photos.get(photo!.id)).toEqual(known);
});
