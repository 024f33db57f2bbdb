// Portraits on their way out of a real library, read back by sharp and by a ZIP reader that is not ours: pixels,
// labels, what is not inside, names, and jobs that go on after the process was killed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { CommandRequest } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from './real-studio.ts';
import { keepPortraits, pictureOf } from './kept-portraits.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'likeness-export-'));

let studio: Studio;
let subjectId: SubjectId;
let ids: PortraitId[];

async function open(): Promise<Studio> {
  return await openRealStudio(path.join(folder, 'library'));
}

beforeAll(async () => {
  studio = await open();
  ({ id: subjectId } = await studio.run('subjects.create', { name: 'Ada Ämne', hasConsent: true, classWord: 'woman' }));
  ids = await keepPortraits(studio.library, subjectId, [
    { prompt: 'photo of Ada Ämne, a hat, Adagio', styleId: 'pencil', cosine: 0.4 },
    { styleId: 'winter', cosine: 0.7 }, { cosine: 0.6, startsFromPhoto: true }, {},
    { widthPx: 640, heightPx: 512, styleId: 'winter' },
  ]);
});
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

type Request = Partial<CommandRequest<'portraits.export'>>;

interface Written {
  readonly job: Job;
  readonly name: string;
  readonly bytes: Buffer;
}

async function exported(portraitIds: PortraitId[], rest: Request = {}): Promise<Written> {
  const job = await studio.settled((await studio.run('portraits.export', { portraitIds, ...rest })).id);
  expect(job.error).toBeNull();
  if (job.outcome?.kind !== 'export') throw new Error('An export job has a file.');
  const bytes = await readFile(studio.openExport(job.outcome.exportId)!.file);
  expect(bytes.length).toBe(job.outcome.sizeBytes);
  return { job, name: job.outcome.fileName, bytes };
}

const sourceType = (kind: string): string => `digitalsourcetype/${kind}<`;

test.each([['png', 0], ['jpeg', 3], ['webp', 12]] as const)(
  'one portrait as %s: its pixels, sRGB, the mark of AI, and nothing else', async (format, most) => {
    const { name, bytes, job } = await exported([ids[0]!], { format, quality: 100 });
    expect(name).toBe(`portrait-1.${format === 'jpeg' ? 'jpg' : format}`);
    expect([job.itemsDone, job.items, job.kind]).toEqual([1, 1, 'export']);
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    expect(info).toMatchObject({ width: 96, height: 128, channels: 3 });
    const kept = pictureOf(1, 96, 128).data;
    expect(Math.max(...data.map((value, i) => Math.abs(value - kept[i]!)))).toBeLessThanOrEqual(most);
    const metadata = await sharp(bytes).metadata();
    expect(metadata.xmp!.toString()).toContain(sourceType('trainedAlgorithmicMedia'));
    expect(metadata.icc!.toString('latin1')).toContain('RGB XYZ');
    expect([metadata.exif, metadata.iptc, metadata.comments]).toEqual([undefined, undefined, undefined]);
    for (const secret of ['Ada', 'hat', 'Seed', 'library', 'TC260', '2026']) {
      expect(bytes.includes(secret), secret).toBe(false);
    }
  });

test('settings are inside where they are wanted, without names of people', async () => {
  const wanted = 'photo of {subject}, a hat, Adagio\nNegative prompt: hat\nSteps: 20, Sampler: Euler';
  const png = await exported([ids[0]!], { withSettings: true });
  const [text] = (await sharp(png.bytes).metadata()).comments!;
  expect(text).toEqual({ keyword: 'parameters', text: expect.stringContaining(wanted) });
  for (const format of ['jpeg', 'webp'] as const) {
    const { bytes } = await exported([ids[0]!], { format, withSettings: true });
    const metadata = await sharp(bytes).metadata();
    // sharp's own copy of the block must be what we wrote: a comment in UTF-16
    const exif = metadata.exif!;
    const at = exif.indexOf('UNICODE\0') + 8;
    expect(Buffer.from(exif.subarray(at, at + (exif.length - at & ~1))).swap16().toString('utf16le')).toContain(wanted);
    expect(metadata.xmp!.toString()).toContain(sourceType('trainedAlgorithmicMedia'));
    expect((await sharp(bytes).raw().toBuffer({ resolveWithObject: true })).info.width).toBe(96);
    expect(bytes.includes('Ämne')).toBe(false);
  }
});

test('a portrait that began as a photo says composite; Chinese users\' files have China\'s label, too', async () => {
  const english = await sharp((await exported([ids[2]!])).bytes).metadata();
  expect(english.xmp!.toString()).toContain(sourceType('compositeWithTrainedAlgorithmicMedia'));
  await studio.run('settings.set', { language: 'zh-Hans' });
  const xmp = (await sharp((await exported([ids[2]!], { format: 'webp' })).bytes).metadata()).xmp!.toString();
  await studio.run('settings.set', { language: 'en' });
  expect(xmp).toContain(sourceType('compositeWithTrainedAlgorithmicMedia'));
  const [, json] = /<TC260:AIGC>(.*)<\/TC260:AIGC>/.exec(xmp)!;
  expect(JSON.parse(json!)).toMatchObject({ Label: '1', ContentProducer: 'Likeness' });
});

test('the visible label is letters in the lower right corner, and only there', async () => {
  const plain = await sharp((await exported([ids[4]!])).bytes).raw().toBuffer();
  await studio.run('settings.set', { visibleLabel: true });
  const labelled = await sharp((await exported([ids[4]!])).bytes).raw().toBuffer();
  await studio.run('settings.set', { language: 'zh-Hans' });
  const chinese = await sharp((await exported([ids[4]!])).bytes).raw().toBuffer();
  await studio.run('settings.set', { language: 'en', visibleLabel: false });
  const box = changedBox(plain, labelled, 640);
  expect(box.left).toBeGreaterThan(540);
  expect(box.top).toBeGreaterThan(430);
  expect(changedBox(plain, chinese, 640).left).toBeLessThan(box.left - 40);
  // the letters themselves, which are white: at least 5 % of the short side
  const white = rowsWith(labelled, 640, (r, g, b) => Math.min(r, g, b) > 235);
  expect(white.at(-1)! - white[0]! + 1).toBeGreaterThanOrEqual(0.05 * 512);
});

test('a longer edge makes it smaller or larger; quality makes it lighter', async () => {
  const size = async (longEdgePx: number) => {
    const { width, height } = await sharp((await exported([ids[4]!], { longEdgePx })).bytes).metadata();
    return [width, height];
  };
  expect(await size(320)).toEqual([320, 256]);
  expect(await size(800)).toEqual([800, 640]);
  const light = await exported([ids[4]!], { format: 'jpeg', quality: 40 });
  const heavy = await exported([ids[4]!], { format: 'jpeg', quality: 95 });
  expect(light.bytes.length).toBeLessThan(heavy.bytes.length / 2);
});

test('several come as a ZIP, in the order asked for, each with a name of its own', async () => {
  const { name, bytes, job } = await exported(
    [ids[1]!, ids[0]!, ids[3]!, ids[1]!], { format: 'jpeg', fileName: 'A {style} {date}' });
  expect(name).toMatch(/^portraits-\d{4}-\d{2}-\d{2}\.zip$/);
  expect([job.itemsDone, job.items]).toEqual([3, 3]);
  const files = unzipSync(bytes);
  expect(Object.keys(files)).toEqual([
    'A Winter 2026-11-26.jpg', 'A Pencil sketch 2026-11-26.jpg', 'A portrait 2026-11-26.jpg']);
  for (const file of Object.values(files)) {
    expect((await sharp(file).metadata()).xmp!.toString()).toContain(sourceType('trainedAlgorithmicMedia'));
  }
  expect(bytes.includes('Ada')).toBe(false);
  const numbered = unzipSync((await exported([ids[0]!, ids[3]!], { fileName: '写真 {number}' })).bytes);
  expect(Object.keys(numbered)).toEqual(['写真 01.png', '写真 02.png']);
  const twins = unzipSync((await exported([ids[0]!, ids[3]!], { fileName: 'same' })).bytes);
  expect(Object.keys(twins)).toEqual(['same.png', 'same-2.png']);
});

test('a portrait that was removed before its turn is left out; when none is left, the job says so', async () => {
  const [gone, stays] = await keepPortraits(studio.library, subjectId, [{}, {}]);
  const jobs = async (portraitIds: PortraitId[]) => {
    const job = await studio.run('portraits.export', { portraitIds });
    return await studio.settled(job.id);
  };
  await studio.run('queue.pause', { isPaused: true });
  const both = studio.run('portraits.export', { portraitIds: [gone!, stays!] });
  const one = studio.run('portraits.export', { portraitIds: [gone!] });
  await Promise.all([both, one]);
  await studio.run('portraits.remove', { portraitIds: [gone!] });
  studio.library.portraits.emptyTrash();
  await studio.run('queue.pause', { isPaused: false });
  const first = await studio.settled((await both).id);
  expect(first).toMatchObject({ state: 'done', error: null, itemsDone: 2 });
  expect((await studio.settled((await one).id)).error!.code).toBe('portraits.none-left');
  await expect(jobs([gone!])).rejects.toMatchObject({ code: 'portraits.unknown' });
});

test('a job whose process is killed goes on behind the last portrait it wrote', async () => {
  const size = { widthPx: 256, heightPx: 256 };
  const many = await keepPortraits(studio.library, subjectId, Array.from({ length: 14 }, () => size));
  const whole = unzipSync((await exported(many)).bytes);
  await studio.close();
  const worker = path.join(import.meta.dirname, 'export-worker.ts');
  const { signal } = spawnSync(process.execPath, [worker, path.join(folder, 'library'), '5', ...many]);
  expect(signal).toBe('SIGKILL');
  studio = await open();
  const [{ id: jobId }] = await studio.run('jobs.list', {}) as [Job];
  const seen: number[] = [];
  studio.subscribe((event) => { if (event.type === 'job-progress') seen.push(event.progress.step); });
  const job = await studio.settled(jobId);
  expect(job).toMatchObject({ state: 'done', itemsDone: 14, items: 14 });
  // the five that were told are not written again
  expect(seen.filter((step) => step <= 5)).toEqual([]);
  const after = unzipSync(await readFile(studio.openExport((job.outcome as { exportId: string }).exportId)!.file));
  const hashes = (files: Record<string, Uint8Array>) => Object.entries(files).map(([name, bytes]) => (
    [name, createHash('sha256').update(bytes).digest('hex')]));
  expect(hashes(after)).toEqual(hashes(whole));
  expect(await readdir(path.join(folder, 'library', 'runs'))).not.toContain(jobId);
});

test('a contact sheet of any selection: the most alike first, those without a likeness last', async () => {
  const { exportId, fileName, sizeBytes } = await studio.run('portraits.contactSheet', { portraitIds: ids });
  const png = await readFile(studio.openExport(exportId)!.file);
  expect([fileName, png.length]).toEqual(['contact-sheet.png', sizeBytes]);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  // four columns, two lines of pictures, each over two lines of letters
  expect([info.width, info.height]).toEqual([12 + 4 * 236, 12 + 30 + 2 * (224 + 22 + 18 + 12)]);
  // the blue of a picture tells its seed
  const blueAt = (column: number, row: number) => (
    data[((42 + row * 276 + 112) * info.width + 124 + column * 236) * 3 + 2]!);
  const seeds = [[0, 0], [1, 0], [2, 0], [3, 0], [0, 1]].map(([column, row]) => (
    [1, 2, 3, 4, 5].find((seed) => Math.abs(blueAt(column!, row!) - (seed * 67) % 256) < 4)));
  expect(seeds).toEqual([2, 3, 1, 5, 4]);
  expect((await sharp(png).metadata()).xmp!.toString()).toContain(sourceType('trainedAlgorithmicMedia'));
  const lost = '0'.repeat(32) as PortraitId;
  await expect(studio.run('portraits.contactSheet', { portraitIds: [lost] })).rejects.toMatchObject({
    code: 'portraits.unknown',
  });
});

test('a small picture for the gallery: the portrait where it is small, else a WebP that is made once', async () => {
  const small = await studio.openMedia('tile', ids[0]!);
  expect(Buffer.from(small!.bytes).equals((await studio.openMedia('portrait', ids[0]!))!.bytes)).toBe(true);
  const [first, second] = await Promise.all([studio.openMedia('tile', ids[4]!), studio.openMedia('tile', ids[4]!)]);
  expect(await sharp(first!.bytes).metadata()).toMatchObject({ format: 'webp', width: 384, height: 307 });
  expect(Buffer.from(second!.bytes).equals(first!.bytes)).toBe(true);
  const kept = studio.library.portraits.get(ids[4]!)!.tileSha256!;
  expect(Buffer.from((await studio.library.readFile(kept))!.bytes).equals(first!.bytes)).toBe(true);
  expect(await studio.openMedia('tile', '0'.repeat(32))).toBeUndefined();
});

test('what was made is there until the next start, and goes with the person', async () => {
  const { job } = await exported([ids[0]!]);
  const { exportId } = job.outcome as { exportId: string };
  await studio.close();
  studio = await open();
  expect(studio.openExport(exportId)).toBeUndefined();
  const listed = (await studio.run('jobs.list', {})).find(({ id }) => id === job.id);
  expect(listed).toMatchObject({ state: 'done', outcome: null });
  const again = await exported([ids[0]!]);
  const { file } = studio.openExport((again.job.outcome as { exportId: string }).exportId)!;
  await studio.run('subjects.remove', { subjectId });
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

/** Where two pictures differ. */
function changedBox(a: Buffer, b: Buffer, width: number): { left: number; top: number } {
  let [left, top] = [Infinity, Infinity];
  for (let i = 0; i < a.length; i += 3) {
    if (a[i] === b[i] && a[i + 1] === b[i + 1] && a[i + 2] === b[i + 2]) continue;
    left = Math.min(left, (i / 3) % width);
    top = Math.min(top, Math.floor(i / 3 / width));
  }
  return { left, top };
}

function rowsWith(rgb: Buffer, width: number, is: (r: number, g: number, b: number) => boolean): number[] {
  const rows = new Set<number>();
  for (let i = 0; i < rgb.length; i += 3) {
    if (is(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!)) rows.add(Math.floor(i / 3 / width));
  }
  return [...rows];
}
