// The teaching methods beside each other on the built-in model: procedural subjects with 8 pictures to learn from and
// 8 held out, taught through the studio as a user would. For each method: how alike portraits of the subject are to the
// held-out pictures, and how alike portraits of the plain class have become to the subject (language drift, Ruiz et al.
// 2023, section 3.2). Likeness is the cosine of the built-in recogniser, which no generator was conditioned on.

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AdapterId, PhotoId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Look, Portrait, Subject } from '../../src-main/contract/nouns.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import { type ContactSheetRow, contactSheet } from '../../src-main/generation/contact-sheet.ts';
import { openHostStudio } from '../../src-main/host/open-host-studio.ts';
import { importFolder, waitFor } from '../../src-main/host/steps.ts';
import { progressDisplay } from '../../src-main/host/terminal.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';

export interface MethodsBenchOptions {
  /** Seeds of the renderer, one subject each. */
  readonly subjectSeeds: readonly number[];
  /** Portraits that are measured of each row. */
  readonly portraits: number;
  /** Folder for the contact sheets. */
  readonly out: string;
  /** Rows to run, by name; all when empty. */
  readonly only: readonly string[];
  /** Changes every row's settings; for trials. */
  readonly settings: TrainingSettings;
}

interface Row {
  readonly name: string;
  readonly method: Method;
  readonly settings: TrainingSettings;
}

/** A word of its own tells the subject from its class: the sketch model hardly hears one that it was not taught. */
const word: TrainingSettings = { vectorCount: 2, newTokenLearningRate: 0.01 };

const rows: readonly Row[] = [
  { name: 'Textual Inversion', method: 'textual-inversion', settings: {} },
  { name: 'LoRA', method: 'lora', settings: { prior: 'none' } },
  { name: 'LoRA and a word, prior', method: 'lora', settings: { prior: 'prediction', ...word } },
  { name: 'DreamBooth', method: 'dreambooth', settings: { prior: 'none' } },
  { name: 'DreamBooth, prior', method: 'dreambooth', settings: { prior: 'images' } },
];

/** One subject taught by one method. */
interface Measured {
  readonly name: string;
  readonly subjectSeed: number;
  readonly likeness: number;
  readonly nearer: number;
  readonly classLikeness: number;
  readonly seconds: number;
  readonly bestStep: number;
}

const learnedPictures = 8;
const heldOutPictures = 8;
const packId = 'starter';

/** Runs the table and returns lines to print; contact sheets go to `options.out`. */
export async function benchMethods(options: MethodsBenchOptions): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-methods-'));
  await mkdir(options.out, { recursive: true });
  const studio = await openHostStudio(path.join(folder, 'library'));
  try {
    const measured: Measured[] = [];
    for (const subjectSeed of options.subjectSeeds) {
      measured.push(...await benchSubject(studio, folder, subjectSeed, options));
    }
    return tableLines(measured);
  } finally {
    await studio.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Person {
  readonly subject: Subject;
  readonly subjectSeed: number;
  readonly heldOut: readonly PhotoId[];
  readonly learned: readonly PhotoId[];
}

async function benchSubject(
  studio: Studio, folder: string, subjectSeed: number, options: MethodsBenchOptions,
): Promise<Measured[]> {
  const person = await bringIn(studio, path.join(folder, `subject-${subjectSeed}`), subjectSeed);
  const wanted = rows.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const sheet: ContactSheetRow[] = [await photoRow(studio, person)];
  const base = await draw(studio, person, null, options.portraits);
  const baseMeasured = summary('Base model', person, base, base, 0, 0);
  sheet.push(await portraitRow(studio, 'base model', base.subject));
  sheet.push(await portraitRow(studio, 'base model: the plain class', base.class));
  const measured = [baseMeasured];
  for (const row of wanted) {
    const started = performance.now();
    const look = await teach(studio, person, row, options.settings);
    const seconds = (performance.now() - started) / 1000;
    const drawn = await draw(studio, person, look.id, options.portraits);
    measured.push(summary(row.name, person, drawn, base, seconds, look.bestStep));
    sheet.push(await portraitRow(studio, row.name, drawn.subject));
    sheet.push(await portraitRow(studio, `${row.name}: the plain class`, drawn.class));
    console.error(tableLines(measured).at(-1));
  }
  const png = await contactSheet(sheet, { hasPhotos: false, columns: learnedPictures, tileEdgePx: 128 });
  await writeFile(path.join(options.out, `methods-subject-${subjectSeed}.png`), png);
  return measured;
}

/** Renders the subject's pictures into a folder and imports them, as a user brings in photos. */
async function bringIn(studio: Studio, folder: string, subjectSeed: number): Promise<Person> {
  const classWord = renderInOwnProcess(folder, subjectSeed);
  const subject = await studio.run('subjects.create', { name: `Subject ${subjectSeed}`, hasConsent: true, classWord });
  const { photos } = await importFolder(studio, folder, subject.id, progressDisplay(process.stderr));
  const used = photos.filter(({ isUsed }) => isUsed).sort((a, b) => a.fileName.localeCompare(b.fileName));
  const ids = used.map(({ id }) => id);
  if (ids.length < learnedPictures + 2) throw new Error(`Only ${ids.length} pictures of ${subjectSeed} are usable.`);
  return { subject, subjectSeed, learned: ids.slice(0, learnedPictures), heldOut: ids.slice(learnedPictures) };
}

/** The renderer needs sharp to read SVG, which photos/ forbids in its own process. */
function renderInOwnProcess(folder: string, subjectSeed: number): 'man' | 'woman' {
  const worker = fileURLToPath(new URL('render-subject.ts', import.meta.url));
  const count = String(learnedPictures + heldOutPictures);
  const { status, stdout } = spawnSync(process.execPath, [worker, folder, String(subjectSeed), count], {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error('The subject could not be rendered.');
  return stdout.trim() === 'man' ? 'man' : 'woman';
}

async function teach(studio: Studio, person: Person, row: Row, changes: TrainingSettings): Promise<Look> {
  const job = await studio.run('looks.teach', {
    subjectId: person.subject.id, packId, method: row.method, settings: { ...row.settings, ...changes },
    heldOutPhotoIds: [...person.heldOut],
  });
  const done = await waitFor(studio, job, progressDisplay(process.stderr));
  const looks = await studio.run('looks.list', { subjectId: person.subject.id });
  const look = looks.find(({ id }) => id === done.adapterId);
  if (!look) throw new Error(`${row.name} left no look.`);
  return look;
}

interface Drawn {
  readonly subject: readonly Portrait[];
  readonly class: readonly Portrait[];
}

/** Portraits of the subject and of the plain class, on the same seeds for every method. */
async function draw(studio: Studio, person: Person, adapterId: AdapterId | null, count: number): Promise<Drawn> {
  const { subject } = person;
  const prompts = { subject: 'photo of {subject}', class: `photo of a ${subject.classWord}` };
  const portraitsOf = async (prompt: string): Promise<Portrait[]> => {
    const job = await studio.run('portraits.create', {
      subjectId: subject.id, adapterId, packId, prompts: [prompt], count, seed: 11, compareWithout: false,
      keepPrompts: true,
      referencePhotoIds: [...person.heldOut],
    });
    await waitFor(studio, job, progressDisplay(process.stderr));
    return await portraitsOfJob(studio, subject.id, job.id);
  };
  return { subject: await portraitsOf(prompts.subject), class: await portraitsOf(prompts.class) };
}

async function portraitsOfJob(studio: Studio, subjectId: SubjectId, jobId: string): Promise<Portrait[]> {
  const all = await studio.run('portraits.list', { subjectId });
  return all.filter((portrait) => portrait.jobId === jobId).sort((a, b) => a.seed - b.seed);
}

const cosineOf = ({ likeness }: Portrait): number => likeness.cosine ?? likeness.placeCosine ?? NaN;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function summary(
  name: string, { subjectSeed }: Person, drawn: Drawn, base: Drawn, seconds: number, bestStep: number,
): Measured {
  const pairs = drawn.subject.map((portrait, index) => cosineOf(portrait) > cosineOf(base.subject[index]!));
  return {
    name, subjectSeed, seconds, bestStep, likeness: mean(drawn.subject.map(cosineOf)),
    nearer: pairs.filter(Boolean).length / pairs.length, classLikeness: mean(drawn.class.map(cosineOf)),
  };
}

async function photoRow(studio: Studio, person: Person): Promise<ContactSheetRow> {
  const tiles = await Promise.all(person.learned.map(async (id) => (
    { picture: await mediaOf(studio, 'face', id), label: '' })));
  return { title: `subject ${person.subjectSeed}: the pictures that were learned from`, tiles };
}

async function portraitRow(studio: Studio, title: string, portraits: readonly Portrait[]): Promise<ContactSheetRow> {
  const tiles = await Promise.all(portraits.slice(0, learnedPictures).map(async (portrait) => ({
    picture: await mediaOf(studio, 'portrait', portrait.id), label: cosineOf(portrait).toFixed(3),
  })));
  return { title, tiles };
}

async function mediaOf(studio: Studio, kind: 'face' | 'portrait', id: string) {
  const media = await studio.openMedia(kind, id);
  if (!media) throw new Error(`The library has no ${kind} of this id.`);
  return await decodePhoto(media.bytes, 'picture.png');
}

/** A Markdown table: means over the subjects. */
function tableLines(measured: readonly Measured[]): string[] {
  const names = [...new Set(measured.map(({ name }) => name))];
  const lines = names.map((name) => {
    const own = measured.filter((one) => one.name === name);
    const of = (key: 'likeness' | 'nearer' | 'classLikeness' | 'seconds' | 'bestStep'): number =>
      mean(own.map((one) => one[key]));
    const likeness = `${of('likeness').toFixed(3)} | ${(of('nearer') * 100).toFixed(0)} %`;
    return `| ${name} | ${likeness} | ${of('classLikeness').toFixed(3)} | ${of('seconds').toFixed(0)} s |`;
  });
  return [
    '| | likeness | nearer than the base | the plain class | taught in |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ];
}
