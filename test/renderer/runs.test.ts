// A run as the page follows it: snapshots and curves, scrubbing, what can be asked of it, its log, what it says of the
// next one; and the export sheet.

import { expect, test } from 'vitest';
import type { Job } from '../../src-main/contract/work.ts';
import { differingSettings } from '../../src-renderer/state/compare.ts';
import { readCurves, runCurves, smoothLoss } from '../../src-renderer/state/curves.ts';
import { ExportSheet } from '../../src-renderer/state/export-sheet.svelte.ts';
import { jobActs } from '../../src-renderer/state/job-acts.ts';
import { Jobs } from '../../src-renderer/state/jobs.svelte.ts';
import { experience } from '../../src-renderer/state/pace.ts';
import { RunLog } from '../../src-renderer/state/run-log.svelte.ts';
import { Scrub } from '../../src-renderer/state/scrub.svelte.ts';
import { Snapshots } from '../../src-renderer/state/snapshots.svelte.ts';
import { adapterId, job, jobId, look, pack, previewId, snapshot } from './nouns.ts';
import { refusal, settle, testStudio } from './test-client.ts';

test('snapshots stand by step; a new best ends the old one, the same step again replaces', async () => {
  const list = [snapshot(20, { isBest: true }), snapshot(10)];
  const snapshots = new Snapshots(testStudio({ 'looks.snapshots': () => list }).client);
  await snapshots.load(jobId(7));
  snapshots.take(snapshot(30, { isBest: true, likeness: 0.5 }));
  snapshots.take(snapshot(30, { isBest: true, likeness: 0.6 }));

  expect(snapshots.of(jobId(7)).map(({ step, isBest }) => [step, isBest])).toEqual([
    [10, false], [20, false], [30, true],
  ]);
  // a pause takes a snapshot and draws nothing for it
  snapshots.take(snapshot(31, { previewIds: [] }));
  expect([snapshots.best(jobId(7))?.likeness, snapshots.likeness(jobId(7))]).toEqual([0.6, 0.6]);
  expect(snapshots.pictured(jobId(7)).map(({ step }) => step)).toEqual([10, 20, 30]);
  expect(snapshots.of(jobId(8))).toEqual([]);
});

test('the smooth loss follows the level and drops the noise of single steps', () => {
  const noisy = Array.from({ length: 200 }, (_, step) => ({ step, loss: (step < 100 ? 1 : 0.5) + 0.2 * (-1) ** step }));
  const smooth = smoothLoss(noisy);
  expect(smooth[0]).toBeCloseTo(1.2, 10);
  expect(Math.abs(smooth[90]! - 1)).toBeLessThan(0.05);
  expect(Math.abs(smooth[199]! - 0.5)).toBeLessThan(0.05);
});

test('all curves of a run share one row of steps, and a reading takes what was last measured', () => {
  const points = [{ step: 1, loss: 0.4 }, { step: 2, loss: 0.2 }, { step: 3, loss: 0.1 }];
  const curves = runCurves(points, [
    snapshot(2, { likeness: 0.3, validationLoss: 0.25 }), snapshot(4, { likeness: 0.5 }),
  ]);
  expect(curves.steps).toEqual([1, 2, 3, 4]);
  expect(curves.loss).toEqual([0.4, 0.2, 0.1, null]);
  expect(curves.likeness).toEqual([null, 0.3, null, 0.5]);
  expect(curves.smooth.slice(0, 3)).toEqual(smoothLoss(points));

  expect(readCurves(curves, 0)).toMatchObject({ step: 1, loss: 0.4, likeness: null });
  expect(readCurves(curves, 2)).toMatchObject({ step: 3, likeness: 0.3, validationLoss: 0.25 });
  expect(readCurves(curves, 3)).toMatchObject({ loss: 0.1, likeness: 0.5, validationLoss: 0.25 });
  expect(readCurves(curves, 9)).toBeNull();
});

test('the preview follows the run until somebody goes back, and rests on the best at the end', () => {
  const scrub = new Scrub();
  const list = [snapshot(10), snapshot(20, { isBest: true }), snapshot(30)];
  expect([scrub.indexIn([], false), scrub.previewOf(undefined)]).toEqual([-1, null]);
  expect([scrub.indexIn(list, false), scrub.indexIn(list, true)]).toEqual([2, 1]);

  scrub.moveTo(0, list, false);
  const more = [...list, snapshot(40)];
  expect(scrub.indexIn(more, false)).toBe(0);
  scrub.moveTo(3, more, false);
  expect(scrub.indexIn([...more, snapshot(50)], false)).toBe(4);
  scrub.moveToStep(24, more, true);
  expect(scrub.indexIn(more, true)).toBe(1);
  scrub.moveTo(3, more, true);
  expect(scrub.indexIn(more, true)).toBe(3);

  scrub.seedIndex = 1;
  expect(scrub.previewOf(snapshot(10))).toBe(previewId(101));
  expect(scrub.previewOf(snapshot(10, { previewIds: [previewId(7)] }))).toBe(previewId(7));
});

test('what can be asked of a job goes by its state, what it has kept, and what was asked already', () => {
  const teach = (changes: Partial<Job>): Job => job('teach', 1, changes);
  const teaching = { phase: 'teaching' as const, step: 5, steps: 10, loss: 0.3, etaSeconds: 4 };
  expect(jobActs(teach({ state: 'waiting' }))).toEqual(['pause', 'cancel']);
  expect(jobActs(teach({ progress: { ...teaching, phase: 'preparing' } }))).toEqual(['pause', 'cancel']);
  expect(jobActs(teach({ progress: teaching }))).toEqual(['pause', 'finish', 'cancel']);
  expect(jobActs(teach({ progress: teaching, request: 'pause' }))).toEqual(['cancel']);
  expect(jobActs(teach({ state: 'paused' }))).toEqual(['resume', 'cancel']);
  expect(jobActs(teach({ state: 'paused', resumeStep: 20 }))).toEqual(['resume', 'finish', 'cancel']);
  expect(jobActs(teach({ state: 'failed', resumeStep: 20 }))).toEqual(['retry', 'finish']);
  expect(jobActs(teach({ state: 'cancelled', resumeStep: 20 }))).toEqual(['retry']);
  expect(jobActs(teach({ state: 'done' }))).toEqual([]);
  expect(jobActs(job('create', 1, { progress: teaching }))).toEqual(['pause', 'cancel']);
});

test('the log tells of phases once a run, of pauses, and of every snapshot, the newest first', () => {
  let now = 10;
  const log = new RunLog(() => now++);
  const jobs = new Jobs(testStudio().client, (before, after) => log.observe(before, after));
  const phase = (name: 'teaching' | 'previewing' | 'preparing'): void => jobs.takeProgress(
    jobId(7), { phase: name, step: 1, steps: 9, loss: null, etaSeconds: null }, []);
  const change = (changes: Partial<Job>): void => jobs.upsert({ ...jobs.list[0]!, ...changes });
  jobs.upsert(job('teach', 7, { state: 'waiting', createdAtMs: 1 }));
  change({ state: 'running' });
  for (const name of ['preparing', 'teaching', 'previewing', 'teaching'] as const) phase(name);
  log.note(jobId(7), 'The rank was made smaller.');
  change({ request: 'pause' });
  change({ state: 'paused', request: null, resumeStep: 30 });
  change({ state: 'running', progress: null });
  phase('teaching');
  change({ state: 'done', endedAtMs: 90 });

  const lines = log.of(jobs.list[0]!, [snapshot(30, { createdAtMs: 40 })]);
  expect(lines.map(({ event }) => Object.values(event).slice(0, 2).map((value) =>
    typeof value === 'object' ? 'it' : value).join(' '))).toEqual([
    'state done', 'snapshot it', 'phase teaching', 'state running', 'state paused', 'asked pause',
    'note The rank was made smaller.', 'phase teaching', 'phase preparing', 'state running', 'queued',
  ]);
});

test('earlier runs of a method on a model say how long the next takes, how large and how alike it gets', () => {
  const done = (number: number, seconds: number, changes: Partial<Job> = {}): Job => job('teach', number, {
    state: 'done', createdAtMs: number * 1000, endedAtMs: (number + seconds) * 1000, trainingSteps: 100, ...changes,
  });
  const looks = [
    look(1, { bestStep: 50, curve: [{ step: 50, likeness: 0.6, validationLoss: null }], trainingSteps: 50 }),
    look(2, { packId: 'other' as never, createdAtMs: 9 }), look(3, { method: 'dreambooth', createdAtMs: 10 }),
  ];
  // stopped early, then paused for long, then on another model, then by another method
  const jobs = [
    done(1, 100, { adapterId: adapterId(1) }), done(2, 90_000), done(3, 10, { adapterId: adapterId(2) }),
    done(4, 1, { method: 'dreambooth' }), job('teach', 5),
  ];
  expect(experience(jobs, looks, 'lora', pack().id, true)).toEqual({
    secondsPerStep: 2, sizeBytes: 123_456, likeness: 0.6,
  });
  // where there are several models, a run whose look is gone says nothing
  expect(experience(jobs.slice(1, 2), looks, 'lora', pack().id, false).secondsPerStep).toBeNull();
  expect(experience([], [], 'lora', pack().id, true)).toEqual({
    secondsPerStep: null, sizeBytes: null, likeness: null,
  });
});

test('looks differ in the settings that they know and that have an effect', () => {
  const one = look(1, { settings: { rank: 8, batchSize: 2, convRank: 4, seed: 1 } });
  const two = look(2, { settings: { rank: 16, batchSize: 2, convRank: 8, seed: 1 } });
  expect(differingSettings([one, two])).toEqual(['rank']);
  expect(differingSettings([one, look(3, { settings: {} })])).toEqual([]);
  expect(differingSettings([one, look(3, { method: 'dreambooth', settings: { rank: 8 } })])).toContain('rank');
});

function exportStudio(answers: Record<string, () => unknown> = {}) {
  const studio = testStudio({
    'looks.export': (request: Record<string, string>) => answers[request.format!]?.() ?? {
      exportId: adapterId(9), ...request, fileName: `${request.format}.safetensors`, sizeBytes: 5, metadata: {},
    },
  } as never);
  const all = look(1, { exportFormats: ['kohya', 'diffusers', 'checkpoint'] });
  return { studio, sheet: new ExportSheet(studio.client, all) };
}

test('a small file is written as soon as it is chosen, a whole model when asked', async () => {
  const { studio, sheet } = exportStudio();
  await sheet.choose({});
  expect(sheet.file).toMatchObject({ format: 'kohya', precision: 'float16' });
  await sheet.choose({ format: 'checkpoint' });
  expect([sheet.file, sheet.isWholeModel, studio.calls.length]).toEqual([null, true, 1]);
  await sheet.choose({ precision: 'float32' });
  await sheet.write();
  expect(sheet.file).toMatchObject({ format: 'checkpoint', precision: 'float32', fileName: 'checkpoint.safetensors' });
});

test('an answer to an earlier choice is let go, and an error can be tried again', async () => {
  let release: () => void = () => undefined;
  let isFull = true;
  const { sheet } = exportStudio({
    kohya: () => new Promise((resolve) => (release = () => resolve(undefined))),
    diffusers: () => {
      if (isFull) throw refusal('disk.full');
    },
  });
  const first = sheet.choose({});
  await settle();
  await sheet.choose({ format: 'diffusers' });
  release();
  await first;
  expect([sheet.file, sheet.error?.code, sheet.isWriting]).toEqual([null, 'disk.full', false]);
  isFull = false;
  await sheet.write();
  expect([sheet.file?.format, sheet.error]).toEqual(['diffusers', null]);
});
