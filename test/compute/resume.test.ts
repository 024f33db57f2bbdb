// A run that is killed and goes on is the run that was never killed: the same losses, the same snapshots, and a file of
// the same bytes. For every method, with real engine processes and SIGKILL.

import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TeachRequest } from '../../src-main/contract/engine.ts';
import type { Method } from '../../src-main/contract/settings.ts';
import { uniformNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { type EngineRun, runEngine } from './engine-process.ts';
import { teachRequest } from './teach-requests.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-resume-'));
  await writeTinyPack(join(folder, 'pack'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (name: string, method: Method) => teachRequest(join(folder, name), method, join(folder, 'pack'));

async function fileHash({ result }: EngineRun): Promise<string> {
  if (result?.kind !== 'teach') throw new Error(`The run did not end: ${JSON.stringify(result)}.`);
  return createHash('sha256').update(await readFile(result.adapterFile)).digest('hex');
}

/** Kills the engine as soon as it tells of this step or a later one; returns the last step that was told. */
async function killAt(teach: TeachRequest, step: number): Promise<number> {
  let reached = 0;
  const run = await runEngine(teach, {
    onReport(report, engine) {
      if (report.type !== 'progress' || report.progress.phase !== 'teaching') return;
      reached = report.progress.step;
      if (reached >= step) engine.kill();
    },
  });
  expect(run.result).toBeUndefined();
  return reached;
}

test.each(['lora', 'dreambooth', 'textual-inversion'] as const)('%s: three kills change no bit', async (method) => {
  const whole = await runEngine(await request(`${method}-whole`, method));
  expect(whole.error).toBeUndefined();
  expect(whole.result).toMatchObject({ kind: 'teach', trainingSteps: 60 });
  const killed = await request(`${method}-killed`, method);
  const random = [...uniformNumbers(2026, method.length, 3)].map((u) => 2 + Math.floor(u * 40)).sort((a, b) => a - b);
  for (const step of random) expect(await killAt(killed, step)).toBeGreaterThanOrEqual(step);
  const last = await runEngine(killed);
  expect(last.error).toBeUndefined();
  // it did not begin anew: what came before the last kill was told from the snapshot, at once
  expect(last.losses.length).toBe(60);
  expect(last.losses).toEqual(whole.losses);
  const numbers = ({ snapshots }: EngineRun) => snapshots.map(({ previewFiles, isBest: _, ...rest }) => (
    { ...rest, previews: previewFiles.length }));
  expect(numbers(last)).toEqual(numbers(whole));
  expect(whole.snapshots.map(({ step }) => step)).toEqual([12, 24, 36, 48, 60]);
  expect(last.result).toMatchObject({ ...whole.result, adapterFile: expect.any(String) as string });
  expect(await fileHash(last)).toBe(await fileHash(whole));
});
