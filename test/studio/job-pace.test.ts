// Time left of a whole job, from its own pace; on a clock of the test's own.

import { expect, test } from 'vitest';
import type { JobId, SubjectId } from '../../src-main/contract/ids.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import type { Progress } from '../../src-main/contract/work.ts';
import type { JobRecord } from '../../src-main/library/jobs.ts';
import { JobPace } from '../../src-main/studio/job-pace.ts';
import { openProgressBoard } from '../../src-main/studio/jobs.ts';

test('loading and what earlier runs did are no part of the pace', () => {
  const pace = new JobPace();
  pace.mark(40, 100, 0);
  expect(pace.etaSeconds(0)).toBeNull();
  // thirty seconds of loading, then two seconds a step
  pace.mark(41, 100, 30_000);
  expect(pace.etaSeconds(31_000)).toBeNull();
  pace.mark(42, 100, 32_000);
  expect(pace.etaSeconds(32_000)).toBe(116);
  expect(pace.etaSeconds(33_500)).toBe(114.5);
  // a step that takes long still ends before the others begin
  expect(pace.etaSeconds(90_000)).toBe(114);
  pace.mark(100, 100, 148_000);
  expect(pace.etaSeconds(150_000)).toBe(0);
});

test('after a tenth of a job the time left is right within a fifth, also where every tenth step takes longer', () => {
  const pace = new JobPace();
  const msOf = (step: number): number => (step % 10 === 0 ? 2000 : 250) + (step % 7) * 20;
  const times = Array.from({ length: 200 }, (_, step) => msOf(step + 1));
  const totalMs = times.reduce((sum, ms) => sum + ms, 0);
  let nowMs = 5000;
  pace.mark(0, 200, 0);
  times.forEach((ms, index) => {
    nowMs += ms;
    pace.mark(index + 1, 200, nowMs);
    if (index < 20 || index > 180) return;
    const left = (totalMs + 5000 - nowMs) / 1000;
    expect(Math.abs(pace.etaSeconds(nowMs)! - left) / left, `after ${index + 1}`).toBeLessThan(0.2);
  });
});

test('steps that begin again begin a new pace', () => {
  const pace = new JobPace();
  for (const step of [0, 1, 2]) pace.mark(step, 10, step * 1000);
  expect(pace.etaSeconds(2000)).toBe(8);
  for (const step of [0, 1, 2]) pace.mark(step, 3, 3000 + step * 500);
  expect(pace.etaSeconds(4000)).toBe(0.5);
});

function job(change: Partial<JobRecord>): JobRecord {
  return {
    id: 'a'.repeat(32) as JobId, kind: 'create', subjectId: 'b'.repeat(32) as SubjectId, title: 't', parameters: '{}',
    state: 'running', request: null, method: null, trainingSteps: null, resumeStep: null, attempts: 1, error: null,
    outcome: null, position: 1, adapterId: null, itemsDone: 0, items: 0, createdAtMs: 0, endedAtMs: null, ...change,
  };
}

function progress(phase: Progress['phase'], step: number, steps: number, etaSeconds: number | null = null): Progress {
  return { phase, step, steps, loss: null, etaSeconds };
}

test('the board counts items where a job has them, else its steps, and tells of the time left once a second', () => {
  let nowMs = 0;
  const events: StudioEvent[] = [];
  const board = openProgressBoard((event) => events.push(event), () => nowMs);
  const etas = (): unknown[] =>
    events.flatMap((event) => (event.type === 'job-changed' ? [event.job.etaSeconds] : []));
  const batch = job({ items: 10 });
  board.changed(batch);
  board.report(batch.id, progress('drawing', 5, 200, 78));
  // faces of references are no portraits
  board.report(batch.id, progress('finding-faces', 9, 10));
  nowMs = 2000;
  board.report(batch.id, progress('drawing', 20, 200, 72));
  for (const itemsDone of [1, 2]) board.changed({ ...batch, itemsDone: ((nowMs += 4000), itemsDone) });
  expect(etas()).toEqual([null, 72, 72, 32]);
  expect(board.view({ ...batch, itemsDone: 2 })).toMatchObject({ etaSeconds: 32, progress: { step: 20 } });
  board.changed({ ...batch, state: 'paused' });
  expect(board.view({ ...batch, state: 'paused' })).toMatchObject({ etaSeconds: null, progress: null });

  events.length = 0;
  const teach = job({ kind: 'teach', id: 'c'.repeat(32) as JobId });
  board.changed(teach);
  for (const step of [100, 101, 102]) {
    board.report(teach.id, progress('teaching', step, 302));
    nowMs += 1000;
  }
  board.report(teach.id, progress('preparing', 3, 4));
  expect(etas()).toEqual([null, null, 200, 199]);
});
