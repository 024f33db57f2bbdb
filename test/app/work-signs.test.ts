// The queue outside the window: the bar, a computer that stays awake exactly while something runs, notifications that
// name nobody, and quitting that asks. Played event by event, with the clock in the test's hand.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type QuitSystem, openQuitting } from '../../src-main/app/quitting.ts';
import { openSleep } from '../../src-main/app/sleep.ts';
import { type Notice, openWorkSigns, shortestBarIntervalMs } from '../../src-main/app/work-signs.ts';
import { type Bar, openWorkWatch } from '../../src-main/app/work-watch.ts';
import { desktopWords, english } from '../../src-main/app/words.ts';
import type { JobId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Job } from '../../src-main/contract/work.ts';

const idOf = (number: number) => number.toString(16).padStart(32, '0') as JobId;

function job(number: number, state: Job['state'], more: Partial<Job> = {}): Job {
  return {
    id: idOf(number), kind: 'create', subjectId: idOf(99) as unknown as SubjectId, title: 'Portraits of Ada', state,
    request: null, method: null, trainingSteps: null, resumeStep: null, progress: null, error: null, adapterId: null,
    itemsDone: 0, items: 4, etaSeconds: null, position: 0, outcome: null, createdAtMs: 1, endedAtMs: null, ...more,
  };
}

/** A system that records, on a clock that the test moves. */
function signsWithLog() {
  const watch = openWorkWatch();
  const log = { bars: [] as Bar[], titles: [] as string[], notices: [] as Notice[], held: 0, most: 0 };
  const state = { nowMs: 0, isLookedAt: false, wantsNotices: true };
  const timers = new Set<{ atMs: number; call: () => void }>();
  const signs = openWorkSigns(watch, {
    nowMs: () => state.nowMs,
    later(milliseconds, call) {
      const timer = { atMs: state.nowMs + milliseconds, call };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    showBar: (bar) => log.bars.push(bar),
    setTitle: (title) => log.titles.push(title),
    stayAwake() {
      log.most = Math.max(log.most, ++log.held);
      return () => void log.held--;
    },
    isLookedAt: () => state.isLookedAt,
    notify: (notice) => log.notices.push(notice),
    words: () => english,
    wantsNotices: () => state.wantsNotices,
  });
  const pass = (milliseconds: number): void => {
    state.nowMs += milliseconds;
    for (const timer of [...timers]) if (timer.atMs <= state.nowMs && timers.delete(timer)) timer.call();
  };
  const tell = (now: Job): void => signs.see({ type: 'job-changed', job: now });
  return { watch, signs, log, state, pass, tell };
}

test('the bar follows a job: unknown at first, then its share, paused, gone', () => {
  const { log, pass, tell } = signsWithLog();
  const last = () => log.bars.at(-1);
  tell(job(1, 'running', { kind: 'teach', trainingSteps: 200, items: 0 }));
  expect(last()).toEqual({ fraction: 2, mode: 'indeterminate' });
  pass(1000);
  const progress = { phase: 'teaching', step: 50, steps: 200, loss: 0.1, etaSeconds: 9 } as const;
  tell(job(1, 'running', { kind: 'teach', trainingSteps: 200, items: 0, progress }));
  expect([last(), log.titles.at(-1)]).toEqual([{ fraction: 0.25, mode: 'normal' }, '25 % · Likeness']);
  pass(1000);
  // a preview in between is no step back
  const preview = { ...progress, phase: 'previewing', step: 0, steps: 8 } as const;
  tell(job(1, 'running', { kind: 'teach', items: 0, progress: preview }));
  expect(last()).toEqual({ fraction: 0.25, mode: 'normal' });
  pass(1000);
  tell(job(1, 'paused', { kind: 'teach', items: 0 }));
  expect([last(), log.titles.at(-1)]).toEqual([{ fraction: 0.25, mode: 'paused' }, 'Likeness']);
  pass(1000);
  tell(job(1, 'cancelled'));
  expect(last()).toEqual({ fraction: -1, mode: 'none' });
});

test('portraits that are done and the one being drawn make the share of a batch', () => {
  const { log, pass, tell } = signsWithLog();
  const drawing = { phase: 'drawing', step: 10, steps: 20, loss: null, etaSeconds: null } as const;
  tell(job(1, 'running', { itemsDone: 1, progress: drawing }));
  expect(log.bars.at(-1)?.fraction).toBe(0.375);
  pass(1000);
  tell(job(1, 'running', { itemsDone: 4, progress: { ...drawing, step: 20 } }));
  expect(log.bars.at(-1)?.fraction).toBe(1);
});

test('an error stays on the bar until its user looks', () => {
  const { watch, signs, log, pass, tell } = signsWithLog();
  tell(job(1, 'running'));
  pass(1000);
  tell(job(1, 'failed'));
  expect(log.bars.at(-1)?.mode).toBe('error');
  pass(1000);
  watch.lookedAt();
  signs.refresh();
  expect(log.bars.at(-1)?.mode).toBe('none');
});

test('the bar moves at most four times a second, and its last move is never lost', () => {
  const { signs, log, pass, tell } = signsWithLog();
  tell(job(1, 'running', { items: 1000 }));
  for (let step = 1; step <= 100; step++) {
    const progress = { phase: 'drawing', step, steps: 100, loss: null, etaSeconds: null } as const;
    signs.see({ type: 'job-progress', jobId: idOf(1), progress, lossPoints: [] });
    pass(10);
  }
  expect(log.bars.length).toBeLessThanOrEqual(1 + 1000 / shortestBarIntervalMs);
  tell(job(1, 'done'));
  pass(shortestBarIntervalMs);
  expect(log.bars.at(-1)?.mode).toBe('none');
});

test('the computer stays awake exactly while a job runs: no leak in 1,000 lives of jobs', () => {
  const state = fc.constantFrom<Job['state']>('waiting', 'running', 'paused', 'done', 'failed', 'cancelled');
  const life = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), state), { maxLength: 12 });
  fc.assert(fc.property(life, (changes) => {
    const { log, signs, tell } = signsWithLog();
    const states = new Map<number, Job['state']>();
    for (const [number, now] of changes) {
      tell(job(number, now));
      states.set(number, now);
      expect(log.held).toBe([...states.values()].includes('running') ? 1 : 0);
    }
    signs.close();
    expect([log.held, log.most <= 1]).toEqual([0, true]);
  }), { seed: 7, numRuns: 1000 });
});

test('jobs of a studio that was opened before count, and what was heard since then counts for more', () => {
  const { watch, log, signs, tell } = signsWithLog();
  watch.begin();
  tell(job(2, 'done'));
  watch.learn([job(1, 'running'), job(2, 'running'), job(3, 'done')], false, 0);
  signs.refresh();
  expect([watch.unfinished().map(({ id }) => id), log.held]).toEqual([[idOf(1)], 1]);
});

const longRun = (kind: Job['kind'], end: 'done' | 'failed' | 'cancelled', runMs = 60_000, setUp = {}) => {
  const played = signsWithLog();
  Object.assign(played.state, setUp);
  played.tell(job(1, 'running', { kind }));
  played.pass(runMs);
  played.tell(job(1, end, { kind, itemsDone: 4 }));
  return played.log.notices;
};

test('when long work ends there is one notification, which names nobody', () => {
  expect(longRun('create', 'done')).toEqual([
    { title: 'Portraits are ready', body: '4 portraits were drawn.', jobId: idOf(1) },
  ]);
  const all = (['import', 'analyze', 'teach', 'create', 'export'] as const).flatMap((kind) =>
    (['done', 'failed'] as const).flatMap((end) => longRun(kind, end)));
  expect(all).toHaveLength(10);
  expect(JSON.stringify(all)).not.toContain('Ada');
});

test('no notification for short work, for cancelled work, for a user who looks on, or who wants none', () => {
  expect(longRun('create', 'done', 5000)).toEqual([]);
  expect(longRun('create', 'cancelled')).toEqual([]);
  expect(longRun('create', 'done', 60_000, { isLookedAt: true })).toEqual([]);
  expect(longRun('create', 'done', 60_000, { wantsNotices: false })).toEqual([]);
});

/** A quit dialog whose answers the test gives. */
function quitWithLog(unfinished: Job[]) {
  const log = { asked: [] as string[], quits: 0, closes: 0, prevented: 0 };
  const answers: ((isSure: boolean) => void)[] = [];
  const system: QuitSystem = {
    unfinished: () => unfinished, words: () => english, quit: () => void log.quits++,
    close: async () => void log.closes++,
    confirm: (message) => new Promise((resolve) => {
      log.asked.push(message);
      answers.push(resolve);
    }),
  };
  const event = { preventDefault: () => void log.prevented++ };
  const settle = async (isSure: boolean) => {
    answers.shift()!(isSure);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { quitting: openQuitting(system), log, event, settle };
}

test('quitting while work is under way asks once, stays on no, and goes on yes', async () => {
  const { quitting, log, event, settle } = quitWithLog([job(1, 'running', { kind: 'teach' })]);
  expect([quitting.holdBack(event), quitting.holdBack(event)]).toEqual([true, true]);
  expect(log.asked).toEqual(['Teaching a face is not done yet.']);
  await settle(false);
  expect([log.quits, quitting.holdBack(event)]).toEqual([0, true]);
  await settle(true);
  expect([log.quits, quitting.holdBack(event), log.prevented]).toEqual([1, false, 3]);
});

test('quitting with nothing under way asks nothing, and neither does a system that shuts down', () => {
  const idle = quitWithLog([]);
  expect([idle.quitting.holdBack(idle.event), idle.log.asked]).toEqual([false, []]);
  const ending = quitWithLog([job(1, 'running')]);
  ending.quitting.withoutAsking();
  expect([ending.quitting.holdBack(ending.event), ending.log.asked]).toEqual([false, []]);
});

test('the process ends after the studio is closed, once', async () => {
  const { quitting, log, event } = quitWithLog([]);
  quitting.beforeEnd(event);
  await new Promise((resolve) => setImmediate(resolve));
  quitting.beforeEnd(event);
  expect(log).toMatchObject({ closes: 1, quits: 1, prevented: 1 });
});

test('sleep pauses what teaches and waking lets exactly that go on', async () => {
  const calls: unknown[][] = [];
  const jobs = [job(1, 'running', { kind: 'teach' }), job(2, 'running')];
  const sleep = openSleep(() => jobs, async (...parts) => {
    calls.push(parts);
    return { ok: true, result: undefined };
  });
  await sleep.suspend();
  jobs.length = 0;
  await sleep.resume();
  await sleep.resume();
  expect(calls).toEqual([['jobs.pause', { jobId: idOf(1) }], ['jobs.resume', { jobId: idOf(1) }]]);
});

test('the desktop speaks Chinese too, word for word of the same shape', () => {
  const shape = (value: unknown): unknown => (typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shape(part)])) : typeof value);
  const { openingErrors: ours, ...chinese } = desktopWords('zh-Hans');
  const { openingErrors: _none, ...plain } = desktopWords('en');
  expect(shape(chinese)).toEqual(shape(plain));
  expect(Object.keys(ours)).toContain('library.in-use');
});
