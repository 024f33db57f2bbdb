// Rows 'lora', 'dreambooth' and 'textual-inversion': unseen people taught from eight pictures through the studio, as a
// user does it. How many portraits are nearer to the person than to 23 others, what became of the plain class, and how
// long it took.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { AdapterId, PhotoId } from '../../src-main/contract/ids.ts';
import type { Subject } from '../../src-main/contract/nouns.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import type { ContactSheetRow } from '../../src-main/generation/contact-sheet.ts';
import { importFolder, waitFor } from '../../src-main/host/steps.ts';
import { progressDisplay } from '../../src-main/host/terminal.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import { renderSubjectPhotos, subjectIdentity } from '../../src-main/starter/subject.ts';
import { openStudio, type Studio } from '../../src-main/studio/open-studio.ts';
import { mean, pictureOf, type StarterBench } from './starter-bench.ts';
import { furtherOf, type KnownPerson, knownPerson, nearness, type Nearness } from './starter-people.ts';
import { type Figure, type RowResult, rounded, shareOf } from './starter-rows.ts';

const firstSubjectSeed = 910_001;
const firstOtherSeed = 920_001;
/** Some may be found unfit to learn from; what is left over is held out. */
const renderedFor = (learned: number): number => Math.ceil(learned * 1.75);
const shown = 8;

/** By the row's name: how it is taught and what is asked of it. */
const methods = {
  lora: { method: 'lora', name: 'LoRA', settings: {}, goal: 0.9 },
  dreambooth: { method: 'dreambooth', name: 'DreamBooth', settings: { prior: 'images' }, goal: 0.95 },
  'textual-inversion': { method: 'textual-inversion', name: 'Textual Inversion', settings: {}, goal: 0.6 },
} as const satisfies Record<string, { method: Method; name: string; settings: TrainingSettings; goal: number }>;
export type TaughtRow = keyof typeof methods;

async function openBenchStudio({ resourcesFolder }: StarterBench, folder: string): Promise<Studio> {
  const root = path.resolve(import.meta.dirname, '..', '..');
  const studio = await openStudio({
    libraryFolder: path.join(folder, 'library'), resourcesFolder, nodeFile: process.execPath,
    engineFile: path.join(root, 'src-main', 'compute', 'engine.ts'), version: '0.0.0',
  });
  await studio.run('settings.set', { provider: 'cpu' });
  return studio;
}

interface Taught {
  readonly bench: StarterBench;
  readonly studio: Studio;
  readonly subject: Subject;
  readonly heldOut: readonly PhotoId[];
}

/** The pictures of a subject as files, imported as a user brings in photos. */
async function bringIn(bench: StarterBench, studio: Studio, folder: string, seed: number): Promise<Taught> {
  const { learned, photoEdgePx } = bench.options;
  const photos = await renderSubjectPhotos(seed, renderedFor(learned), { resolutionPx: photoEdgePx });
  const place = path.join(folder, `subject-${seed}`);
  for (const [i, { rgb, width, height }] of photos.entries()) {
    const file = path.join(place, `${String(i).padStart(2, '0')}.png`);
    await writePng(file, rgb, width, height);
  }
  const { classWord } = subjectIdentity(seed);
  const subject = await studio.run('subjects.create', { name: `Subject ${seed}`, hasConsent: true, classWord });
  const imported = await importFolder(studio, place, subject.id, progressDisplay(process.stderr));
  const used = imported.photos.filter(({ isUsed }) => isUsed).sort((a, b) => a.fileName.localeCompare(b.fileName));
  if (used.length < learned + 1) throw new Error(`Only ${used.length} pictures of ${seed} can be learned from.`);
  return { bench, studio, subject, heldOut: used.slice(learned).map(({ id }) => id) };
}

async function writePng(file: string, rgb: Uint8Array, width: number, height: number): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await sharp(rgb, { raw: { width, height, channels: 3 } }).png().toFile(file);
}

async function teach({ bench, studio, subject, heldOut }: Taught, row: TaughtRow) {
  const { method, settings } = methods[row];
  const start = performance.now();
  const job = await studio.run('looks.teach', {
    subjectId: subject.id, packId: bench.pack.id, method, heldOutPhotoIds: [...heldOut],
    settings: { ...settings, ...bench.options.settings },
  });
  const done = await waitFor(studio, job, progressDisplay(process.stderr));
  return { adapterId: done.adapterId!, seconds: (performance.now() - start) / 1000 };
}

async function portraits(
  { bench, studio, subject }: Taught, adapterId: AdapterId | null, prompt: string,
): Promise<RgbPicture[]> {
  const { options, pack } = bench;
  const job = await studio.run('portraits.create', {
    subjectId: subject.id, adapterId, packId: pack.id, prompts: [prompt], count: options.seeds, seed: 11,
    keepPrompts: true, settings: options.samplingSteps ? { samplingSteps: options.samplingSteps } : {},
  });
  await waitFor(studio, job, progressDisplay(process.stderr));
  const all = await studio.run('portraits.list', { subjectId: subject.id });
  const own = all.filter(({ jobId }) => jobId === job.id).sort((a, b) => a.seed - b.seed);
  return await Promise.all(own.map(async ({ id }) => {
    const media = await studio.openMedia('portrait', id);
    return await decodePhoto(media!.bytes, 'portrait.png');
  }));
}

interface SubjectResult {
  readonly seconds: number;
  /** Portraits of the subject, of the plain class, the same before teaching, and renders that were not learned from. */
  readonly taught: Nearness;
  readonly class: Nearness;
  readonly before: Nearness;
  readonly renders: Nearness;
  readonly sheet: readonly ContactSheetRow[];
}

async function measureSubject(
  taught: Taught, row: TaughtRow, person: KnownPerson, strangers: readonly KnownPerson[],
): Promise<SubjectResult> {
  const { bench, subject } = taught;
  const of = (pictures: readonly RgbPicture[]) => nearness(bench, pictures, person, strangers);
  const classPrompt = `photo of a ${subject.classWord}`;
  const before = await of(await portraits(taught, null, classPrompt));
  const { adapterId, seconds } = await teach(taught, row);
  const own = await of(await portraits(taught, adapterId, 'photo of {subject}'));
  const plain = await of(await portraits(taught, adapterId, classPrompt));
  const renders = await of(furtherOf(person).map(pictureOf));
  const photos = person.photos.slice(0, shown).map((photo) => ({ picture: pictureOf(photo), label: '' }));
  return {
    seconds, taught: own, class: plain, before, renders, sheet: [
      { title: `${subject.name}`, tiles: photos },
      { title: `taught: ${own.nearest.toFixed(2)} nearest`, tiles: own.tiles.slice(0, shown) },
      { title: `"${classPrompt}" afterwards: ${plain.nearest.toFixed(2)}`, tiles: plain.tiles.slice(0, shown) },
    ],
  };
}

async function measureAll(bench: StarterBench, row: TaughtRow, folder: string): Promise<SubjectResult[]> {
  const strangers: KnownPerson[] = [];
  for (let i = 0; i < bench.options.strangers; i++) strangers.push(await knownPerson(bench, firstOtherSeed + i));
  const studio = await openBenchStudio(bench, folder);
  try {
    const results: SubjectResult[] = [];
    for (let i = 0; i < bench.options.subjects; i++) {
      const seed = firstSubjectSeed + i;
      const person = await knownPerson(bench, seed, shown);
      results.push(await measureSubject(await bringIn(bench, studio, folder, seed), row, person, strangers));
    }
    return results;
  } finally {
    await studio.close();
  }
}

const short = ({ nearest, own, other }: Nearness) => (
  { nearest: rounded(nearest), own: rounded(own), other: rounded(other) });

export async function measureTaught(bench: StarterBench, row: TaughtRow): Promise<RowResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-taught-'));
  try {
    const results = await measureAll(bench, row, folder);
    return {
      figures: figuresOf(row, results, bench.options.strangers), columns: shown, tileEdgePx: 96,
      sheet: results.flatMap(({ sheet }) => sheet),
      details: results.map((one) => ({
        seconds: rounded(one.seconds), taught: short(one.taught), class: short(one.class), before: short(one.before),
        renders: short(one.renders),
      })),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function figuresOf(row: TaughtRow, results: readonly SubjectResult[], strangers: number): Figure[] {
  const share = (key: 'taught' | 'class' | 'before' | 'renders') => mean(results.map((one) => one[key].nearest));
  const { name, goal } = methods[row];
  const nearest: Figure = {
    what: `${name}, nearest of ${strangers + 1}`, value: shareOf(share('taught'), share('renders')), unit: '',
    goal: { is: '≥', value: goal }, note: `${share('taught').toFixed(3)} where renders of the person get ` +
      `${share('renders').toFixed(3)}; before teaching ${share('before').toFixed(3)}`,
  };
  const minutes = mean(results.map(({ seconds }) => seconds)) / 60;
  const isReached = nearest.value >= goal;
  const load = os.loadavg()[0]!.toFixed(1);
  const more: Figure[] = [{
    what: `${name}, taught in`, value: rounded(minutes), unit: 'min',
    ...(row === 'lora' ? { goal: { is: '≤', value: 3 } as const } : {}),
    note: `which ${isReached ? 'reaches' : 'does not reach'} its figure; load of the machine ${load}`,
  }];
  if (row === 'dreambooth') {
    more.push({
      what: 'the plain class drawn as the subject', value: rounded(share('class')), unit: '',
      goal: { is: '≤', value: 0.15 }, note: `before teaching ${share('before').toFixed(3)}`,
    });
  }
  return [nearest, ...more];
}
