// Snapshots on disk: whole or absent, the best and the last two kept, the best one found by what was measured.

import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import {
  type Evaluation, type SavedRun, type SnapshotRecord, bestOf, openSnapshotFolder,
} from '../../src-main/training/trainer-snapshots.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-snapshots-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const measured = (likeness: number | null, validationLoss: number | null = null): Evaluation => (
  { likeness, validationLoss, facesFound: 0, previews: [] });

function run(step: number, records: readonly SnapshotRecord[] = []): SavedRun {
  const tensors = new Map([
    ['parameters.unet', float32Tensor([3], [step, 2, Math.PI])], ['firstMoment.unet', float32Tensor([3], [1, 2, 3])],
  ]);
  return { state: { step, tensors }, losses: Array.from({ length: step }, (_, i) => i + 1), records };
}

const folders = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.startsWith('step')).sort();

/** Saves and measures one snapshot after the other. */
async function saveAll(likenesses: readonly number[]): Promise<readonly SnapshotRecord[]> {
  const snapshots = await openSnapshotFolder(folder);
  let records: readonly SnapshotRecord[] = [];
  for (const [index, likeness] of likenesses.entries()) {
    await snapshots.save(run(index + 1, records));
    records = await snapshots.saveEvaluation(measured(likeness));
  }
  return records;
}

test('what is read back is what was saved, with its numbers of every step', async () => {
  const snapshots = await openSnapshotFolder(folder);
  expect(await snapshots.load()).toBeUndefined();
  expect(await snapshots.summary()).toEqual({ losses: [], records: [] });
  await snapshots.save(run(4));
  const saved = await snapshots.load();
  expect(saved).toMatchObject({ state: run(4).state, losses: [1, 2, 3, 4] });
  expect(saved!.records).toEqual([{ step: 4, loss: 2.5, evaluation: null }]);
  await snapshots.saveEvaluation(measured(0.5));
  await snapshots.save(run(6, (await snapshots.summary()).records));
  expect((await snapshots.summary()).records).toEqual([
    { step: 4, loss: 2.5, evaluation: measured(0.5) }, { step: 6, loss: 5.5, evaluation: null }]);
  const place = (await snapshots.parameters(6)).get('parameters.unet')!;
  expect(place).toMatchObject({ dtype: 'float32', shape: [3], lengthBytes: 12 });
  const bytes = await readFile(place.file);
  expect(bytes.readFloatLE(place.offsetBytes)).toBe(6);
});

test('the best and the last two stay, of the best no more than what it learned', async () => {
  const records = await saveAll([0.3, 0.9, 0.5, 0.4, 0.6]);
  expect(bestOf(records)?.step).toBe(2);
  expect(await folders()).toEqual(['step-00000002', 'step-00000004', 'step-00000005']);
  expect(await readdir(join(folder, 'step-00000002'))).not.toContain('moments.safetensors');
  expect(await readdir(join(folder, 'step-00000004'))).toContain('moments.safetensors');
  expect((await (await openSnapshotFolder(folder)).parameters(2)).size).toBe(1);
});

test('previews that are alike by chance before anything is learned do not choose the look', () => {
  const record = (step: number, likeness: number, validationLoss: number | null, isGone = false): SnapshotRecord => (
    { step, loss: 1, evaluation: { ...measured(likeness), validationLoss }, isGone });
  const luckyFirst = [record(100, 0.93, 0.266), record(200, 0.91, 0.259), record(300, 0.905, 0.2595)];
  expect(bestOf(luckyFirst)?.step).toBe(300);
  // a loss that rises, as the photos are learned by heart, leaves the likeness to choose; so does none
  expect(bestOf([record(100, 0.93, 0.26), record(200, 0.91, 0.3), record(300, 0.9, 0.4)])?.step).toBe(100);
  expect(bestOf([record(100, 0.93, null), record(200, 0.91, null)])?.step).toBe(100);
  // within a hundredth it has not fallen
  expect(bestOf([record(100, 0.93, 0.261), record(200, 0.91, 0.259)])?.step).toBe(100);
  expect(bestOf([record(100, 0.93, 0.3), record(200, 0.92, 0.26, true), record(300, 0.9, 0.26)])?.step).toBe(300);
});

test('a run whose snapshots were chosen by another rule has its best among those that are left', async () => {
  await saveAll([0.7, 0.698, 0.3, 0.4]);
  // the rule was: the highest, and the second was not kept
  await mkdir(join(folder, 'step-00000001'), { recursive: true });
  await rm(join(folder, 'step-00000002'), { recursive: true });
  const { records } = await (await openSnapshotFolder(folder)).summary();
  expect(bestOf(records)?.step).toBe(1);
  expect(records.map(({ evaluation }) => evaluation?.likeness)).toEqual([0.7, 0.698, 0.3, 0.4]);
});

test('a save that fails leaves the snapshot before it, and what a crash left is cleared', async () => {
  await saveAll([0.3]);
  const snapshots = await openSnapshotFolder(folder);
  // a file where a folder must be made
  await writeFile(join(folder, 'step-00000002'), 'in the way');
  const misshapen = new Map([['parameters.unet', { ...float32Tensor([1], [1]), shape: [9] }]]);
  await expect(snapshots.save({ ...run(2), state: { step: 2, tensors: misshapen } })).rejects.toThrow();
  expect((await snapshots.load())!.state.step).toBe(1);
  await rm(join(folder, 'step-00000002'));
  await mkdir(join(folder, 'step-00000003.partial'));
  await writeFile(join(folder, 'step-00000003.partial', 'parameters.safetensors'), 'half');
  await openSnapshotFolder(folder);
  expect(await readdir(folder)).not.toContain('step-00000003.partial');
  // one that CURRENT never came to name is written over
  await mkdir(join(folder, 'step-00000002'));
  await snapshots.save(run(2));
  expect((await snapshots.load())!.state.step).toBe(2);
});

test('saving where it stands already changes nothing', async () => {
  await saveAll([0.3]);
  const snapshots = await openSnapshotFolder(folder);
  await snapshots.save(run(1));
  expect((await snapshots.summary()).records[0]!.evaluation).toEqual(measured(0.3));
});

test('the best is by likeness, of those as alike the last, else by validation loss, else the last', () => {
  const of = (...evaluations: readonly (Evaluation | null)[]) => bestOf(
    evaluations.map((evaluation, index) => ({ step: index + 1, loss: 1, evaluation })))?.step;
  expect(of(measured(0.2, 9), measured(0.7, 1), measured(0.695, 5), measured(0.68, 6))).toBe(3);
  expect(of(measured(0.7, 1), measured(0.695, 5), measured(0.706, 7), measured(0.72, 9))).toBe(4);
  expect(of(measured(null, 9), measured(0.1, 9), measured(null, 1))).toBe(2);
  expect(of(measured(null, 9), measured(null, 5), measured(null, 5), measured(null, 7))).toBe(2);
  expect(of(measured(null), measured(null), null)).toBe(2);
  expect(of(null, null)).toBe(2);
  // one that was only kept for a pause is no candidate
  expect(of(measured(0.2), null)).toBe(1);
  expect(bestOf([])).toBeUndefined();
});
