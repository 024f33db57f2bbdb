// Contact sheets: of a create job, the photos it learned from and the portraits with the look and without it under each
// other on the same seeds; and of any portraits, the best first.

import type { JobId } from '../contract/ids.ts';
import type { StudioSettings } from '../contract/settings.ts';
import { type ContactSheetRow, type ContactSheetTile, contactSheet } from '../generation/contact-sheet.ts';
import type { LabelWords } from '../generation/visible-label.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import { decodePhoto, decodeReduced } from '../photos/decode.ts';
import type { StudioContext } from './context.ts';
import { noneLeft } from './missing.ts';
import { isUsed } from './photo-view.ts';
import { styleNames } from './style-name.ts';

const columns = 6;

/** The sheet as a PNG; undefined when the job has no portraits. */
export async function makeContactSheet(context: StudioContext, jobId: JobId): Promise<Uint8Array | undefined> {
  const { library } = context;
  const job = library.jobs.get(jobId);
  const portraits = library.portraits.ofJob(jobId);
  if (!job || portraits.length === 0) return undefined;
  const photos = library.photos.list(job.subjectId).filter(isUsed).slice(0, columns);
  const photoTiles = await Promise.all(photos.map((photo) => tile(context, photo.cropSha256!, photo.fileName)));
  const photoRow: ContactSheetRow = { title: 'Photos', tiles: photoTiles.flat() };
  const rows = [photoRow, ...await portraitRows(context, portraits)];
  return await contactSheet(rows, { columns, hasPhotos: photoRow.tiles.length > 0 });
}

async function portraitRows(context: StudioContext, portraits: readonly PortraitRecord[]): Promise<ContactSheetRow[]> {
  const prompts = [...new Set(portraits.map((portrait) => portrait.prompt))];
  const rows: ContactSheetRow[] = [];
  for (const prompt of prompts) {
    for (const isWhole of [true, false]) {
      const own = portraits.filter((one) => one.prompt === prompt && hasPeople(one) === isWhole);
      const tiles = await Promise.all(own.map((one) => tile(context, one.fileSha256, labelOf(one))));
      rows.push({ title: `${prompt} · ${isWhole ? wholeWords(own) : 'without it'}`, tiles: tiles.flat() });
    }
  }
  return rows;
}

/** Whether somebody was drawn into it; else it is a twin by the base model alone. */
function hasPeople({ adapterId, instantly, second }: PortraitRecord): boolean {
  return adapterId !== null || instantly !== null || second !== null;
}

function wholeWords(portraits: readonly PortraitRecord[]): string {
  if (portraits.every(({ instantly }) => instantly === null)) return 'with the look';
  return portraits.some(({ adapterId }) => adapterId !== null) ? 'with the face and the look' : 'with the face';
}

/** One picture as a tile; none when its file is missing. */
async function tile({ library }: StudioContext, sha256: string, label: string): Promise<ContactSheetTile[]> {
  const file = await library.readFile(sha256);
  return file ? [{ picture: await decodePhoto(file.bytes, label), label }] : [];
}

function labelOf({ seed, likeness, second }: PortraitRecord): string {
  const cosines = [likeness.cosine, second?.likeness.cosine ?? null].flatMap((cosine) => cosine?.toFixed(3) ?? []);
  if (likeness.cosine !== null) return `seed ${seed} · likeness ${cosines.join(' and ')}`;
  return likeness.latentDistance === null ? `seed ${seed}` : `seed ${seed} · ${likeness.latentDistance.toFixed(2)} off`;
}

const selectionEdgePx = 224;

/** A sheet of any portraits as a PNG: the most alike first, those that could not be measured last, newest first. */
export async function sheetOf(context: StudioContext, portraits: readonly PortraitRecord[]): Promise<Uint8Array> {
  const best = portraits.toSorted((a, b) => (
    (b.likeness.cosine ?? -2) - (a.likeness.cosine ?? -2) || b.createdAtMs - a.createdAtMs));
  const settings = context.library.settings.get();
  const words = sheetWords[settings.language];
  const tiles: ContactSheetTile[] = [];
  const styleOf = styleNames(context);
  for (const portrait of best) tiles.push(...await selectedTile(context, portrait, styleOf(portrait), words));
  if (tiles.length === 0) throw noneLeft();
  const mark = settings.visibleLabel ? `${words.mark} · ` : '';
  return await contactSheet([{ title: mark + words.title(tiles.length), tiles }], {
    hasPhotos: false, tileEdgePx: selectionEdgePx,
    columns: Math.min(16, Math.max(4, Math.ceil(Math.sqrt(tiles.length)))),
  });
}

interface SheetWords {
  readonly title: (count: number) => string;
  readonly likeness: string;
  readonly seed: string;
  /** As the visible label of saved pictures says it. */
  readonly mark: LabelWords;
}

const sheetWords: Readonly<Record<StudioSettings['language'], SheetWords>> = {
  en: {
    title: (count) => (count === 1 ? '1 portrait' : `${count} portraits, the most alike first`),
    likeness: 'likeness', seed: 'seed', mark: 'AI',
  },
  'zh-Hans': {
    title: (count) => `${count} 张写真，按相似度从高到低`, likeness: '相似度', seed: '种子', mark: 'AI生成',
  },
};

async function selectedTile(
  context: StudioContext, portrait: PortraitRecord, style: string | null, words: SheetWords,
): Promise<ContactSheetTile[]> {
  const { fileSha256, tileSha256, widthPx, heightPx, seed, likeness, prompt } = portrait;
  const file = await context.library.readFile(tileSha256 ?? fileSha256);
  if (!file) return [];
  const scale = selectionEdgePx / Math.max(widthPx, heightPx);
  const [width, height] = [widthPx, heightPx].map((edge) => Math.max(1, Math.round(edge * scale)));
  const picture = await decodeReduced(file.bytes, 'portrait', { width: width!, height: height! });
  const measured = likeness.cosine === null ? [] : [`${words.likeness} ${likeness.cosine.toFixed(2)}`];
  return [{
    picture, label: style ?? prompt, more: [...measured, `${words.seed} ${seed}`].join(' · '),
  }];
}
