// The gallery with very many portraits: rows made up, real small pictures behind them, the real studio and server, and
// a real Chromium that scrolls. Measures the database's pages, the frames while scrolling, and the renderer's memory.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { portraitFilterSchema, portraitSortSchema } from '../../src-main/contract/gallery.ts';
import type { JobId, PackId, PortraitId, StyleId, SubjectId } from '../../src-main/contract/ids.ts';
import { serveStudio } from '../../src-main/host/serve.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { openRealStudio } from '../studio/real-studio.ts';
import { copyOfBuiltPage } from '../ui/built-page.ts';
import { measuredProcess, type PeakMemory } from './measured-process.ts';

const root = path.join(import.meta.dirname, '../..');
const [batchLength, pictureCount] = [5000, 240];
const sizes = [[512, 512], [512, 768], [768, 512], [832, 1216], [1024, 1024]] as const;

export interface GalleryBenchOptions {
  readonly portraits: number;
  readonly seconds: number;
}

/** Lines of the report. */
export async function benchGallery({ portraits, seconds }: GalleryBenchOptions): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-gallery-bench-'));
  const libraryFolder = path.join(folder, 'library');
  try {
    const subjectId = await fillLibrary(libraryFolder, portraits);
    const studio = await openRealStudio(libraryFolder);
    try {
      return [`${portraits} portraits`, ...databaseLines(studio, subjectId), ...await pageLines(studio, seconds)];
    } finally {
      await studio.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fillLibrary(folder: string, count: number): Promise<SubjectId> {
  const library = await openLibrary(folder);
  const [subjectId, otherId] = [newId<SubjectId>(), newId<SubjectId>()];
  for (const [id, name] of [[subjectId, 'Ada'], [otherId, 'Bo']] as const) {
    library.subjects.insert({
      id, name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: Date.now(),
    });
  }
  library.settings.set({ hasSeenWelcome: true });
  const pictures = await keepPictures(library);
  for (let first = 0; first < count; first += batchLength) {
    addBatch(library, { subjectId, otherId, pictures, first, length: Math.min(batchLength, count - first) });
  }
  library.close();
  return subjectId;
}

/** Small pictures as they are kept for the gallery, no two alike. */
async function keepPictures(library: Library): Promise<string[]> {
  const source = sharp(path.join(root, 'test/photos/astronaut.png'));
  const kept: string[] = [];
  for (let number = 0; number < pictureCount; number++) {
    const [width, height] = sizes[number % sizes.length]!;
    const scale = 384 / Math.max(width, height);
    const bytes = await source.clone()
      .extract({ left: 60 + (number % 90), top: number % 60, width: 260, height: 300 })
      .modulate({ hue: (number * 37) % 360 }).resize(Math.round(width * scale), Math.round(height * scale))
      .webp({ quality: 80 }).toBuffer();
    kept.push(await library.exclusively(() => library.keepFile(bytes, 'image/webp')));
  }
  return kept;
}

interface Batch {
  readonly subjectId: SubjectId;
  readonly otherId: SubjectId;
  readonly pictures: readonly string[];
  readonly first: number;
  readonly length: number;
}

function addBatch(library: Library, { subjectId, otherId, pictures, first, length }: Batch): void {
  const jobId = newId<JobId>();
  const items = Array.from({ length }, (_, itemIndex) => ({ itemIndex, seed: itemIndex, parameters: '{}' }));
  library.transaction(() => {
    library.jobs.insert({ id: jobId, kind: 'create', subjectId, title: '', parameters: '{}', createdAtMs: 1 }, items);
    library.jobs.setState(jobId, 'done', { endedAtMs: 2 });
    for (const { itemIndex } of items) {
      const number = first + itemIndex;
      const [widthPx, heightPx] = sizes[number % sizes.length]!;
      const fileSha256 = pictures[number % pictures.length]!;
      const isWithBo = number % 40 === 0;
      library.portraits.insert({
        id: newId<PortraitId>(), subjectId: isWithBo ? otherId : subjectId, jobId, itemIndex, adapterId: null,
        packId: 'starter' as PackId, styleId: `style-${number % 60}` as StyleId, seed: number,
        prompt: `ohwx woman, portrait ${number}, soft window light, film grain, looking at the camera, 85 mm lens`,
        negativePrompt: 'blurry, deformed hands, text', widthPx, heightPx, samplingSteps: 30, sampler: 'unipc',
        guidanceScale: 6, adapterStrength: 1, instantly: null, facePoints: null, isFaceRedrawn: false,
        likeness: { cosine: number % 17 ? Math.sin(number) : null, distance: 1, latentDistance: null },
        second: isWithBo
          ? { subjectId, adapterId: null, likeness: { cosine: null, distance: null, latentDistance: null } } : null,
        beforeSha256: null, settings: { widthPx, heightPx, samplingSteps: 30, guidanceScale: 6, upscale: 1 },
        rating: number % 6, flag: (['none', 'pick', 'reject'] as const)[number % 3]!, fileSha256,
        tileSha256: fileSha256, createdAtMs: 1.7e12 + number * 60_000,
      });
    }
  });
}

/** Milliseconds: the first time, and the middle of ten more. */
function timed(act: () => unknown): { first: number; middle: number } {
  const once = (): number => {
    const before = performance.now();
    act();
    return performance.now() - before;
  };
  const first = once();
  const rest = Array.from({ length: 10 }, once).sort((a, b) => a - b);
  return { first, middle: rest[5]! };
}

function databaseLines({ library }: Studio, subjectId: SubjectId): string[] {
  const { gallery, portraits } = library;
  const lines: string[] = [];
  const row = (name: string, act: () => unknown): void => {
    const { first, middle } = timed(act);
    const [once, then] = [first, middle].map((ms) => ms.toFixed(1).padStart(7));
    lines.push(`  ${name.padEnd(44)} ${once} ms first ${then} ms then`);
  };
  for (const [who, id] of [['somebody’s', subjectId], ['everybody’s', null]] as const) {
    const filter = portraitFilterSchema.parse({ subjectId: id });
    for (const sort of portraitSortSchema.options) {
      row(`${who} first 100 by ${sort}`, () => gallery.ids(filter, sort, 0, 100).map((each) => portraits.get(each)));
    }
    row(`${who} last 100`, () => gallery.ids(filter, 'newest', gallery.count(filter) - 100, 100));
    row(`${who} shapes of all`, () => gallery.layout(filter, 'newest'));
    row(`${who} counts by kind`, () => gallery.facets(id));
    const picked = portraitFilterSchema.parse({ subjectId: id, flags: ['pick'], minimumRating: 4 });
    row(`${who} first 100 picked with 4 stars`, () => gallery.ids(picked, 'newest', 0, 100));
  }
  return ['database', ...lines];
}

/** What test/ui/scrolled-gallery.ts prints. */
interface PageReport {
  readonly openedMs: number;
  readonly settleMs: number;
  readonly runs: readonly {
    readonly name: string; readonly frames: number; readonly longestMs: number; readonly over50Ms: number;
    /** The page's own thread: its longest task by the clock, and by the processor time that it had. */
    readonly longestTaskMs: number; readonly longestTaskCpuMs: number; readonly tasksOver50CpuMs: number;
  }[];
  readonly renderer: PeakMemory;
  readonly heapBytes: number;
  readonly complaints: readonly string[];
}

async function pageLines(studio: Studio, seconds: number): Promise<string[]> {
  const pageFolder = await copyOfBuiltPage();
  const server = await serveStudio(studio, pageFolder);
  try {
    const script = path.join(root, 'test/ui/scrolled-gallery.ts');
    return reportLines(await measuredProcess<PageReport>(script, { url: server.url, seconds }));
  } finally {
    await server.close();
    await rm(pageFolder, { recursive: true, force: true });
  }
}

function reportLines(report: PageReport): string[] {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  return [
    'page',
    `  from the click to the first picture ${report.openedMs.toFixed(0)} ms`,
    ...report.runs.map(({ name, frames, longestMs, over50Ms, longestTaskMs, longestTaskCpuMs, tasksOver50CpuMs }) =>
      `  ${name.padEnd(30)} ${frames} frames, longest ${longestMs.toFixed(0)} ms, ${over50Ms} over 50 ms; ` +
      `longest task ${longestTaskMs.toFixed(0)} ms, of processor time ${longestTaskCpuMs.toFixed(0)} ms, ` +
      `${tasksOver50CpuMs} over 50 ms`),
    `  a jump until all its pictures are there ${report.settleMs.toFixed(0)} ms`,
    `  renderer at its largest ${megabytes(report.renderer.anonymousBytes)} of its own, ` +
      `${megabytes(report.renderer.anonymousBytes + report.renderer.mappedBytes)} with mapped files; JavaScript ` +
      megabytes(report.heapBytes),
    ...report.complaints.map((each) => `  complaint: ${each}`),
  ];
}
