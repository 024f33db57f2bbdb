// What was trained elsewhere goes into a stage's snapshot behind what it had; without a snapshot nothing is written.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adoptedTrainingState, readSnapshot, writeSnapshot } from '../../src-main/starter/snapshot.ts';

const script = path.resolve(import.meta.dirname, '../bench/starter-torch/take-up.ts');
let folder: string;
beforeEach(async () => { folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-take-up-')); });
afterEach(() => rm(folder, { recursive: true }));

async function takeUp(snapshot: string): Promise<void> {
  const write = (name: string, values: number[]) => (
    writeFile(path.join(folder, name), new Uint8Array(Float32Array.from(values).buffer)));
  await write('unet.average.f32', [4, 5, 6]);
  await write('unet.losses.f32', [0.5, 0.25]);
  const args = ['--trained', folder, '--stage', 'unet', '--snapshot', snapshot];
  await promisify(execFile)(process.execPath, [script, ...args]);
}

test('parameters and average are those that were trained, losses and steps come behind the snapshot\'s', async () => {
  const snapshot = path.join(folder, 'unet.snapshot.safetensors');
  await writeSnapshot(snapshot, adoptedTrainingState(Float32Array.of(1, 2, 3), [1, 0.75]));
  await takeUp(snapshot);
  const state = await readSnapshot(snapshot, 3);
  expect(state).toMatchObject({ step: 4, begunAt: 2, losses: [1, 0.75, 0.5, 0.25] });
  expect([...state!.average]).toEqual([4, 5, 6]);
  expect([...state!.parameters]).toEqual([4, 5, 6]);
});

test('a snapshot that is not there, or of other networks, is refused and stays as it was', async () => {
  const snapshot = path.join(folder, 'unet.snapshot.safetensors');
  await expect(takeUp(snapshot)).rejects.toThrow('There is no snapshot');
  expect(existsSync(snapshot)).toBe(false);
  await writeSnapshot(snapshot, adoptedTrainingState(Float32Array.of(1, 2), [1]));
  await expect(takeUp(snapshot)).rejects.toThrow('is of another recipe');
  expect([...(await readSnapshot(snapshot, 2))!.average]).toEqual([1, 2]);
});
