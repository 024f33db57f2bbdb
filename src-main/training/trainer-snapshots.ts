// Snapshots of a run in a folder of its own: whole or not there at all, whatever happens while one is written.
//   CURRENT                  name of the last snapshot's folder, replaced in one rename
//   step-00000060/           parameters.safetensors, moments.safetensors, run.json; evaluation.json once it is measured
//   previews/                pictures drawn at the snapshots, for as long as the run is there
// The best snapshot and the last two stay; of a best one that is older, the parameters alone.

import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { syncFolder, writeFileAtomically } from '../checkpoint/atomic-file.ts';
import { readSafetensorsHeader, readTensor } from '../checkpoint/safetensors.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { TensorReference } from '../tensor/weights.ts';
import type { ReadTrainingState } from './training-state.ts';

/** What was measured at a snapshot. */
export const evaluationSchema = z.object({
  validationLoss: z.number().nullable(),
  likeness: z.number().nullable(),
  facesFound: z.int(),
  /** Names of files in the previews' folder. */
  previews: z.array(z.string().regex(/^[\w-]+\.png$/)),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** One snapshot in numbers; `evaluation` is null where none was due. */
const recordSchema = z.object({ step: z.int(), loss: z.number(), evaluation: evaluationSchema.nullable() });
export type SnapshotRecord = z.infer<typeof recordSchema> & {
  /** What it learned was removed, as an earlier rule had it: it cannot become the look. */
  readonly isGone?: boolean;
};

const runSchema = z.object({
  version: z.literal(1),
  step: z.int(),
  /** Of every step so far. */
  losses: z.array(z.number()),
  /** Snapshots before this one, by step. */
  earlier: z.array(recordSchema),
});

/** Where a run stands: what the next step needs, and what came before it. */
export interface SavedRun {
  readonly state: ReadTrainingState;
  readonly losses: readonly number[];
  /** By step; the last one is where the run stands. */
  readonly records: readonly SnapshotRecord[];
}

export interface SnapshotFolder {
  readonly previewFolder: string;
  /** The last snapshot; undefined before the first. Throws what the reader throws of a damaged file. */
  load(): Promise<SavedRun | undefined>;
  /** The same without its tensors; empty before the first snapshot. */
  summary(): Promise<Omit<SavedRun, 'state'>>;
  /** Writes where the run stands and makes it the last snapshot. Refuses with file.disk-full; then nothing changed. */
  save(run: SavedRun): Promise<void>;
  /** Adds what was measured at the last snapshot, and removes what is neither the best nor among the last two. */
  saveEvaluation(evaluation: Evaluation): Promise<readonly SnapshotRecord[]>;
  /** A snapshot's parameters, in place in their file: 'parameters.unet'. */
  parameters(step: number): Promise<ReadonlyMap<string, TensorReference>>;
}

const currentFile = 'CURRENT';
const folderPattern = /^step-\d{8}$/;
const partial = '.partial';
const keptLast = 2;

/** A run's snapshots in `folder`, which is made when missing; clears what a crash left half written. */
export async function openSnapshotFolder(folder: string): Promise<SnapshotFolder> {
  const previewFolder = path.join(folder, 'previews');
  await mkdir(previewFolder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (name.endsWith(partial)) await rm(path.join(folder, name), { recursive: true, force: true });
  }
  return {
    previewFolder,
    load: () => loadRun(folder),
    summary: async () => await readRun(folder) ?? { losses: [], records: [] },
    save: (run) => saveRun(folder, run),
    saveEvaluation: (evaluation) => saveEvaluation(folder, evaluation),
    parameters: async (step) => (
      (await readSafetensorsHeader(path.join(folder, folderOf(step), 'parameters.safetensors'))).tensors),
  };
}

/** Cosines by which the mean of a few previews moves between snapshots that draw equally alike. */
const likenessNoise = 0.01;

/** By how much a validation loss that falls must have been higher for a snapshot to count as taught too little. */
const falling = 1.01;

/** Whether no later snapshot has a validation loss that is clearly lower: one that has goes on learning. */
function isTaught({ step, evaluation }: SnapshotRecord, compared: readonly SnapshotRecord[]): boolean {
  const own = evaluation!.validationLoss;
  return own === null || !compared.some((later) => (
    later.step > step && (later.evaluation!.validationLoss ?? Infinity) * falling < own));
}

/**
 * The best of the snapshots that were measured: by likeness where previews were compared, else by validation loss, else
 * the last one. By likeness only those count whose validation loss fell no further afterwards: a few previews may be
 * alike by chance before anything is learned. Likenesses that differ by no more than their noise are equal, and of
 * those the last is taken, which was taught longest; of equal losses the first, which has learned less by heart.
 * Without any measured one, the last.
 */
export function bestOf(records: readonly SnapshotRecord[]): SnapshotRecord | undefined {
  const measured = records.filter(({ evaluation }) => evaluation !== null);
  const likenessOf = ({ evaluation }: SnapshotRecord) => evaluation!.likeness ?? -Infinity;
  const compared = measured.filter((record) => likenessOf(record) > -Infinity);
  const taught = compared.filter((record) => !record.isGone && isTaught(record, compared));
  const most = Math.max(...taught.map(likenessOf));
  if (taught.length > 0) return taught.findLast((record) => likenessOf(record) >= most - likenessNoise);
  const lossOf = ({ evaluation }: SnapshotRecord) => evaluation!.validationLoss ?? Infinity;
  const least = Math.min(...measured.map(lossOf));
  if (least < Infinity) return measured.find((record) => lossOf(record) === least);
  return measured.at(-1) ?? records.at(-1);
}

function folderOf(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

interface ReadRun extends Omit<SavedRun, 'state'> {
  readonly step: number;
}

async function readRun(folder: string): Promise<ReadRun | undefined> {
  const current = await readText(path.join(folder, currentFile));
  if (current === undefined) return undefined;
  if (!folderPattern.test(current)) throw new Error('CURRENT names no snapshot.');
  const place = path.join(folder, current);
  const run = runSchema.parse(JSON.parse(await readFile(path.join(place, 'run.json'), 'utf8')));
  const measured = await readText(path.join(place, 'evaluation.json'));
  const own: SnapshotRecord = {
    step: run.step, loss: lossSince(run.losses, run.earlier.at(-1)?.step ?? 0),
    evaluation: measured === undefined ? null : evaluationSchema.parse(JSON.parse(measured)),
  };
  const names = new Set(await readdir(folder));
  const earlier = run.earlier.map((record) => (
    names.has(folderOf(record.step)) ? record : { ...record, isGone: true }));
  return { step: run.step, losses: run.losses, records: [...earlier, own] };
}

/** Mean loss of the steps after `step`. */
function lossSince(losses: readonly number[], step: number): number {
  const own = losses.slice(step);
  return own.reduce((sum, loss) => sum + loss, 0) / Math.max(1, own.length);
}

async function readText(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function loadRun(folder: string): Promise<SavedRun | undefined> {
  const run = await readRun(folder);
  if (!run) return undefined;
  const tensors = new Map<string, Tensor>();
  for (const name of ['parameters', 'moments']) {
    const header = await readSafetensorsHeader(path.join(folder, folderOf(run.step), `${name}.safetensors`));
    for (const [key, reference] of header.tensors) tensors.set(key, await readTensor(reference));
  }
  return { state: { step: run.step, tensors }, losses: run.losses, records: run.records };
}

async function saveRun(folder: string, { state, losses, records }: SavedRun): Promise<void> {
  const name = folderOf(state.step);
  if (await readText(path.join(folder, currentFile)) === name) return;
  const temporary = path.join(folder, `${name}${partial}`);
  const earlier = records.filter(({ step }) => step < state.step);
  try {
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary, { mode: 0o700 });
    const isParameter = (key: string): boolean => key.startsWith('parameters.');
    const part = (wanted: boolean) => new Map([...state.tensors].filter(([key]) => isParameter(key) === wanted));
    await writeSafetensors(path.join(temporary, 'parameters.safetensors'), part(true));
    await writeSafetensors(path.join(temporary, 'moments.safetensors'), part(false));
    await writeJson(path.join(temporary, 'run.json'), { version: 1, step: state.step, losses, earlier });
    // one of this step may be there, which CURRENT never came to name
    await rm(path.join(folder, name), { recursive: true, force: true });
    await rename(temporary, path.join(folder, name));
    await syncFolder(folder);
    await writeFileAtomically(path.join(folder, currentFile), async (handle) => { await handle.writeFile(name); });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileAtomically(file, async (handle) => { await handle.writeFile(JSON.stringify(value)); });
}

async function saveEvaluation(folder: string, evaluation: Evaluation): Promise<readonly SnapshotRecord[]> {
  const run = await readRun(folder);
  if (!run) throw new Error('There is no snapshot to measure.');
  await writeJson(path.join(folder, folderOf(run.step), 'evaluation.json'), evaluation);
  const records = run.records.map((record) => (record.step === run.step ? { ...record, evaluation } : record));
  await removeOthers(folder, records);
  return records;
}

async function removeOthers(folder: string, records: readonly SnapshotRecord[]): Promise<void> {
  const last = new Set(records.slice(-keptLast).map(({ step }) => folderOf(step)));
  const best = folderOf(bestOf(records)!.step);
  for (const name of await readdir(folder)) {
    if (!folderPattern.test(name) || last.has(name)) continue;
    // a whole best one could be gone on from, but nothing does, and the moments are two thirds of it
    const place = name === best ? path.join(folder, name, 'moments.safetensors') : path.join(folder, name);
    await rm(place, { recursive: true, force: true });
  }
}
