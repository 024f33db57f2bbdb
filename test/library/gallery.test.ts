// The gallery's queries over a real database: each filter alone and together, each order with its ties, runs of
// shapes, counts, marks; and that every order walks an index, so that a page of many costs no more than one of few.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PortraitFilter, portraitFilterSchema, portraitSortSchema } from '../../src-main/contract/gallery.ts';
import type { AdapterId, JobId, PackId, PortraitId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import { openDatabase } from '../../src-main/library/database.ts';
import { orders, selectOf } from '../../src-main/library/gallery-filter.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import type { NewPortrait } from '../../src-main/library/portraits.ts';

let folder: string;
let library: Library;
const [ada, bo] = [newId<SubjectId>(), newId<SubjectId>()];
const job = newId<JobId>();
const look = newId<AdapterId>();
/** Portraits by the letter that they are made with. */
const ids: Record<string, PortraitId> = {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-gallery-'));
  library = await openLibrary(folder);
  for (const [id, name] of [[ada, 'Ada'], [bo, 'Bo']] as const) {
    library.subjects.insert({
      id, name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1,
    });
  }
  const fileSha256 = await library.keepFile(Buffer.from('picture'), 'image/png');
  library.jobs.insert(
    { id: job, kind: 'create', subjectId: ada, title: '', parameters: '{}', createdAtMs: 1 },
    Array.from({ length: 20 }, (_, itemIndex) => ({ itemIndex, seed: itemIndex, parameters: '{}' })));
  addLook(fileSha256);
  add('a', fileSha256, { createdAtMs: 100, cosine: 0.5, rating: 3, prompt: 'A woman by the sea' });
  add('b', fileSha256, { createdAtMs: 200, cosine: 0.7, adapterId: look, styleId: 'film' as StyleId, flag: 'pick' });
  add('c', fileSha256, { createdAtMs: 200, cosine: null, rating: 5, widthPx: 256, prompt: '100% Ünterwegs' });
  add('d', fileSha256, { createdAtMs: 300, cosine: 0.7, flag: 'reject', packId: 'other' as PackId, widthPx: 256 });
  add('e', fileSha256, { createdAtMs: 400, subjectId: bo, cosine: 0.9, withAda: true });
  add('f', fileSha256, { createdAtMs: 500, subjectId: bo, cosine: 0.8 });
  add('g', fileSha256, { createdAtMs: 600, cosine: 0.6 });
  library.portraits.setRemoved(ids['g']!, 700);
});

afterAll(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

function addLook(fileSha256: string): void {
  const jobId = newId<JobId>();
  library.jobs.insert({ id: jobId, kind: 'teach', subjectId: ada, title: '', parameters: '{}', createdAtMs: 1 });
  library.adapters.insert({
    id: look, subjectId: ada, jobId, name: 'Ada, quick likeness', method: 'lora', packId: 'starter' as PackId,
    packName: 'Sketch', triggerWord: 'ohwx', rank: 4, vectorCount: 0, trainingSteps: 10, bestStep: 10,
    settings: {}, photoCount: 1, finalLoss: 0.1, metadata: {}, fileSha256, createdAtMs: 1,
  });
}

type Changes = Partial<NewPortrait> & { cosine: number | null; withAda?: boolean };

function add(letter: string, fileSha256: string, { cosine, withAda, ...changes }: Changes): void {
  const id = newId<PortraitId>();
  ids[letter] = id;
  const unmeasured = { cosine: null, distance: null, latentDistance: null };
  library.portraits.insert({
    id, subjectId: ada, jobId: job, itemIndex: Object.keys(ids).length, adapterId: null, packId: 'starter' as PackId,
    styleId: null, prompt: 'portrait', negativePrompt: '', seed: 1, widthPx: 128, heightPx: 128, samplingSteps: 20,
    sampler: 'euler', guidanceScale: 3, adapterStrength: 1, likeness: { cosine, distance: 1, latentDistance: null },
    instantly: null, second: withAda ? { subjectId: ada, adapterId: null, likeness: unmeasured } : null,
    facePoints: null, isFaceRedrawn: false, beforeSha256: null, settings: {}, createdAtMs: 1, fileSha256, ...changes,
  });
}

/** Letters of what is found, in order. */
function found(asked: Partial<PortraitFilter>, sort: keyof typeof orders = 'newest', offset = 0, limit = 100): string {
  const letters = Object.fromEntries(Object.entries(ids).map(([letter, id]) => [id, letter]));
  const filter = portraitFilterSchema.parse(asked);
  expect(library.gallery.count(filter)).toBe(library.gallery.ids(filter, sort, 0, 1000).length);
  return library.gallery.ids(filter, sort, offset, limit).map((id) => letters[id]).join('');
}

/** Letters of equals come in the order of their ids. */
const byId = (...letters: string[]): string => letters.sort((x, y) => (ids[x]! < ids[y]! ? -1 : 1)).join('');

test('somebody has what shows them, also as the second; the trash is nobody’s', () => {
  expect(found({ subjectId: ada })).toBe(`ed${byId('b', 'c')}a`);
  expect(found({ subjectId: bo })).toBe('fe');
  expect(found({})).toBe(`fed${byId('b', 'c')}a`);
});

test('nulls come last, the newest first among equals; the oldest first is the reverse of the newest', () => {
  expect(found({ subjectId: ada }, 'oldest')).toBe([...found({ subjectId: ada })].reverse().join(''));
  expect(found({ subjectId: ada }, 'likeness')).toBe('edbac');
  expect(found({ subjectId: ada }, 'rating')).toBe('caedb');
  expect(found({}, 'likeness')).toBe('efdbac');
});

test('pages are stretches of the same order', () => {
  const whole = found({});
  expect([0, 2, 4].map((offset) => found({}, 'newest', offset, 2)).join('')).toBe(whole);
  expect(found({ subjectId: ada }, 'likeness', 3, 10)).toBe('ac');
});

test.each<[string, Partial<PortraitFilter>, string]>([
  ['a look', { adapterIds: [look] }, 'b'],
  ['no look', { adapterIds: [null], minimumRating: 3 }, 'ca'],
  ['a look or none', { adapterIds: [look, null], packIds: ['other' as PackId] }, 'd'],
  ['a style', { styleIds: ['film' as StyleId] }, 'b'],
  ['no style', { styleIds: [null], flags: ['reject'] }, 'd'],
  ['several flags', { flags: ['pick', 'reject'] }, 'db'],
  ['stars', { minimumRating: 4 }, 'c'],
  ['a likeness', { likenessFrom: 0.7, likenessTo: 0.8 }, 'fdb'],
  ['a lower end alone, which leaves out what was not measured', { likenessFrom: -1, subjectId: ada }, 'edba'],
  ['days, the last not included', { madeFromMs: 300, madeToMs: 500 }, 'ed'],
  ['words in any order and case', { text: 'SEA woman' }, 'a'],
  ['letters beyond ASCII in any case', { text: 'ünterWEGS' }, 'c'],
  ['a per cent sign as itself', { text: '0%' }, 'c'],
  ['a word that none has', { text: 'zebra' }, ''],
  ['a job', { jobId: newId<JobId>() }, ''],
  ['several things', { subjectId: ada, flags: ['pick'], adapterIds: [look], text: 'trait', likenessFrom: 0.6 }, 'b'],
])('asked for %s', (_, asked, expected) => {
  expect(found(asked)).toBe(expected);
});

test('the shapes come as runs in the same order', () => {
  const filter = portraitFilterSchema.parse({ subjectId: ada });
  const runs = library.gallery.layout(filter, 'likeness');
  expect(runs).toEqual([
    { count: 1, aspect: 1 }, { count: 1, aspect: 2 }, { count: 2, aspect: 1 }, { count: 1, aspect: 2 },
  ]);
  expect(runs.reduce((sum, { count }) => sum + count, 0)).toBe(library.gallery.count(filter));
});

test('counts of each choice, the most frequent first', () => {
  const facets = library.gallery.facets(ada);
  expect(facets.total).toBe(5);
  expect(facets.looks).toEqual([{ id: null, name: '', count: 4 }, { id: look, name: 'Ada, quick likeness', count: 1 }]);
  expect(facets.styles).toEqual([{ id: null, count: 4 }, { id: 'film', count: 1 }]);
  expect(facets.packs).toEqual([{ id: 'starter', count: 4 }, { id: 'other', count: 1 }]);
  expect(facets.flags).toContainEqual({ flag: 'pick', count: 1 });
  expect(facets.ratings).toContainEqual({ rating: 5, count: 1 });
  expect(facets.likeness).toEqual({ low: 0.5, high: 0.9 });
  expect(library.gallery.facets(newId<SubjectId>())).toMatchObject({ total: 0, looks: [], likeness: null });
});

test('marks set what is given and leave the rest, all of them or none', () => {
  library.gallery.mark([ids['b']!, ids['d']!], { rating: 2 });
  expect(library.portraits.get(ids['d']!)).toMatchObject({ rating: 2, flag: 'reject' });
  library.gallery.mark([ids['d']!], { flag: 'none' });
  expect(library.portraits.get(ids['d']!)).toMatchObject({ rating: 2, flag: 'none' });
  expect(() => library.gallery.mark([ids['a']!, ids['b']!], { rating: 9 })).toThrow(/CHECK/);
  expect(library.portraits.get(ids['a']!)?.rating).toBe(3);
  library.gallery.mark([ids['d']!], { rating: 0, flag: 'reject' });
  library.gallery.mark([ids['b']!], { rating: 0 });
});

test('every order walks an index of its own that has all it needs: nothing is sorted, no row is read', () => {
  const database = openDatabase(join(folder, 'another.db'));
  for (const subjectId of [null, ada]) {
    for (const sort of portraitSortSchema.options) {
      const columns = `width_px, height_px, id, ${orders[sort].columns}`;
      const { parts, parameters } = selectOf(columns, portraitFilterSchema.parse({ subjectId }));
      const sql = `explain query plan ${parts[0]} order by ${orders[sort].by}`;
      const plan = database.prepare<[object], { detail: string }>(sql).all(parameters);
      expect(plan.map(({ detail }) => detail).join('; '))
        .toMatch(/^(SEARCH|SCAN) portrait USING COVERING INDEX portrait_\w+( \(subject_id=\?\))?$/);
    }
  }
  database.close();
});
