// The parts of the page's state, each by itself: imports, verdict counts, jobs and losses, what create asks.

import { expect, test } from 'vitest';
import type { Job, Progress } from '../../src-main/contract/work.ts';
import { nextTile } from '../../src-renderer/actions/arrow-keys.ts';
import { Create } from '../../src-renderer/state/create.svelte.ts';
import { jobShare, Jobs } from '../../src-renderer/state/jobs.svelte.ts';
import { Notices } from '../../src-renderer/state/notices.svelte.ts';
import { Photos } from '../../src-renderer/state/photos.svelte.ts';
import { Portraits } from '../../src-renderer/state/portraits.svelte.ts';
import { View } from '../../src-renderer/state/view.svelte.ts';
import { adapterId, job, jobId, look, pack, photo, photoId, portrait, subjectId, verdict } from './nouns.ts';
import { handClock, refusal, settle, testStudio } from './test-client.ts';

test('photos are counted by verdict and by the choice above it', async () => {
  const list = [
    photo(1),
    photo(2, { verdict: verdict('usable', 'small-face') }),
    photo(3, { verdict: verdict('left-out', 'no-face'), isUsed: false }),
    photo(4, { userChoice: 'leave-out', isUsed: false }),
    photo(5, { verdict: verdict('waiting'), isUsed: false }),
  ];
  const photos = new Photos(testStudio({ 'photos.list': () => list }).client);
  await photos.load(subjectId());

  expect([photos.good, photos.usable, photos.leftOut, photos.waiting]).toEqual([1, 1, 2, 1]);
});

test('files go in two at a time; a refused one says why and stops nothing', async () => {
  let inFlight = 0;
  let most = 0;
  const studio = testStudio({
    'photos.import': async ({ fileName }) => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 1));
      inFlight--;
      if (fileName === 'b.txt') throw refusal('photos.not-a-picture');
      return { photo: photo(9), isNew: fileName !== 'c.jpg' };
    },
  });
  const photos = new Photos(studio.client);
  await photos.load(subjectId());
  const names = ['a.jpg', 'b.txt', 'c.jpg', 'd.jpg', 'e.jpg'];
  const files = names.map((name) => ({ name, arrayBuffer: async () => new ArrayBuffer(1) }));
  const summary = await photos.importFiles(subjectId(), files);

  expect(summary).toEqual({ added: 3, known: 1, refused: 1 });
  expect(most).toBe(2);
  expect(photos.refused.map(({ fileName, error }) => [fileName, error.code])).toEqual([
    ['b.txt', 'photos.not-a-picture'],
  ]);
  expect(photos.importing).toBeNull();
});

test('a late answer for the subject before does not show its photos', async () => {
  let release: (() => void) | undefined;
  const studio = testStudio({
    'photos.list': async ({ subjectId: asked }) => {
      if (asked === subjectId(1)) await new Promise<void>((resolve) => (release = resolve));
      return asked === subjectId(1) ? [photo(1)] : [];
    },
  });
  const photos = new Photos(studio.client);
  const first = photos.load(subjectId(1));
  await photos.load(subjectId(2));
  await Promise.resolve();
  release?.();
  await first;

  expect(photos.list).toEqual([]);
});

test('loss points of an event and of the history make one curve without doubles', async () => {
  const jobs = new Jobs(testStudio().client);
  jobs.upsert(job('teach', 7));
  const progress = { phase: 'teaching' as const, step: 3, steps: 10, loss: 0.3, etaSeconds: 4 };
  jobs.takeProgress(jobId(7), progress, [{ step: 2, loss: 0.4 }, { step: 3, loss: 0.3 }]);
  await jobs.loadLosses(jobId(7));

  expect(jobs.lossPoints(jobId(7)).map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(jobs.list[0]?.progress?.step).toBe(3);
});

test('progress that arrives after the end does not revive a job', () => {
  const jobs = new Jobs(testStudio().client);
  jobs.upsert(job('teach', 7, { state: 'cancelled', endedAtMs: 9 }));
  jobs.takeProgress(jobId(7), { phase: 'teaching', step: 3, steps: 10, loss: 0.3, etaSeconds: 4 }, []);

  expect(jobs.list[0]?.progress).toBeNull();
  expect(jobs.running).toEqual([]);
});

test('the status bar tells of the work that was asked for before the analysis of photos', () => {
  const jobs = new Jobs(testStudio().client);
  jobs.upsert(job('analyze', 1));
  expect(jobs.front?.kind).toBe('analyze');
  jobs.upsert(job('teach', 2));
  expect(jobs.front?.kind).toBe('teach');
});

test('the share of a batch is its finished portraits; unknown stays unknown', () => {
  expect(jobShare(job('create', 1, { itemsDone: 1, items: 4 }))).toBe(0.25);
  expect(jobShare(job('teach', 1))).toBeNull();
});

test('teaching goes by its steps while it draws previews, and stays where it paused', () => {
  const phase = (name: Progress['phase'], step: number, steps: number): Progress =>
    ({ phase: name, step, steps, loss: null, etaSeconds: null });
  const teaching = job('teach', 1, { trainingSteps: 400, resumeStep: 100 });
  expect(jobShare({ ...teaching, progress: phase('drawing-class', 50, 200) })).toBe(0.25);
  expect(jobShare({ ...teaching, progress: phase('teaching', 120, 400) })).toBe(0.3);
  expect(jobShare({ ...teaching, progress: phase('previewing', 1, 4) }, 200)).toBe(0.5);
  expect(jobShare({ ...teaching, state: 'paused' })).toBe(0.25);
});

test('a run that is taken up again forgets the losses beyond its last snapshot', () => {
  const jobs = new Jobs(testStudio().client);
  jobs.upsert(job('teach', 7));
  const progress: Progress = { phase: 'teaching', step: 3, steps: 10, loss: 0.3, etaSeconds: 4 };
  jobs.takeProgress(jobId(7), progress, [1, 2, 3, 4, 5].map((step) => ({ step, loss: 1 / step })));
  jobs.takeProgress(jobId(7), progress, [{ step: 3, loss: 0.9 }]);

  expect(jobs.lossPoints(jobId(7))).toEqual([
    { step: 1, loss: 1 }, { step: 2, loss: 0.5 }, { step: 3, loss: 0.9 },
  ]);
});

test('the answer to a wish does not undo the event that overtook it', async () => {
  const answers: ((state: Job['state']) => void)[] = [];
  const ask = (): Promise<Job> =>
    new Promise((resolve) => answers.push((state) => resolve(job('teach', 7, { state }))));
  const jobs = new Jobs(testStudio({ 'jobs.resume': ask, 'jobs.pause': ask }).client);
  jobs.upsert(job('teach', 7, { state: 'paused' }));
  const resuming = jobs.act(jobId(7), 'resume');
  await settle();
  jobs.upsert(job('teach', 7, { state: 'running' }));
  answers[0]!('waiting');
  await resuming;
  expect(jobs.list[0]?.state).toBe('running');

  const pausing = jobs.act(jobId(7), 'pause');
  await settle();
  answers[1]!('paused');
  await pausing;
  expect(jobs.list[0]?.state).toBe('paused');
  jobs.add(job('teach', 7, { state: 'waiting' }));
  expect(jobs.list.map(({ state }) => state)).toEqual(['paused']);
});

test('Teach shows the run that goes on before one that is newer or waits', () => {
  const jobs = new Jobs(testStudio().client);
  jobs.upsert(job('teach', 1, { state: 'done', endedAtMs: 9 }));
  jobs.upsert(job('teach', 3, { state: 'waiting' }));
  expect(jobs.teaching(subjectId())?.id).toBe(jobId(3));
  jobs.upsert(job('teach', 2, { state: 'paused' }));
  expect(jobs.teaching(subjectId())?.id).toBe(jobId(2));
  expect(jobs.front?.id).toBe(jobId(2));
  expect(jobs.teaching(subjectId(2))).toBeNull();
});

test('the number of portraits is prompts and styles times count, twice with the comparison', async () => {
  const studio = testStudio();
  const create = new Create(studio.client);
  expect(create.canStart).toBe(false);
  create.prompt = 'ohwx person';
  create.toggleStyle('pencil' as never);
  create.adapterId = adapterId();
  create.count = 3;
  expect(create.total).toBe(6);
  create.compareWithout = true;
  expect(create.total).toBe(12);

  await create.start(subjectId(), look(), pack());
  expect(studio.calls[0]?.request).toMatchObject({
    prompts: ['ohwx person'], styleIds: ['pencil'], count: 3, compareWithout: true, adapterId: adapterId(),
    settings: { adapterStrength: 1 },
  });
  expect(create.jobId).toBe(jobId(8));
});

test('seeds stay in 32 bits', () => {
  const create = new Create(testStudio().client);
  create.prompt = 'x';
  create.rollSeed(() => 0.999_999_999_999);
  expect(create.seed).toBe(0xffff_ffff);
  create.seed = 0x1_0000_0000;
  expect(create.canStart).toBe(false);
});

test('settings of a portrait are taken over as they were', () => {
  const create = new Create(testStudio().client);
  create.takeFrom(portrait(5, { prompt: 'ohwx person, rain', seed: 77, adapterStrength: 0.8 }));
  expect([create.prompt, create.seed, create.adapterStrength, create.count]).toEqual(['ohwx person, rain', 77, 0.8, 1]);
});

test('portraits of a batch without a face come last when the most alike come first', async () => {
  const none = portrait(1, { likeness: { cosine: null, distance: null, latentDistance: 1 } });
  const low = portrait(2, { likeness: { cosine: -0.1, distance: 1, latentDistance: 1 } });
  const page = { portraits: [none, low, portrait(3)], total: 3 };
  const portraits = new Portraits(testStudio({ 'portraits.page': () => page }).client);
  await portraits.load(subjectId());
  expect(portraits.ofJob(jobId(8), 'likeness').map(({ seed }) => seed)).toEqual([3, 2, 1]);
});

test('notes go by themselves, errors stay', () => {
  const clock = handClock();
  const notices = new Notices(clock.schedule);
  notices.say('done');
  notices.report(refusal('disk.full'));
  clock.wind(60_000);
  expect(notices.list.map(({ error }) => error?.code)).toEqual(['disk.full']);
});

test('Esc closes the topmost thing first', () => {
  const view = new View();
  view.toggleQueue();
  view.open({ kind: 'photo', id: photoId() });
  expect(view.back()).toBe(true);
  expect([view.opened, view.hasQueue]).toEqual([null, true]);
  view.back();
  expect([view.hasQueue, view.back()]).toEqual([false, false]);
});

test('the inspector starts closed where the window is narrow', () => {
  expect(new View(1024).hasInspector).toBe(false);
  expect(new View(1280).hasInspector).toBe(true);
});

test('arrow keys walk the grid by its layout', () => {
  const places = [0, 1, 2, 3, 4].map((index) => ({ left: (index % 3) * 100, top: Math.floor(index / 3) * 100 }));
  expect(nextTile('ArrowRight', 0, places)).toBe(1);
  expect(nextTile('ArrowDown', 1, places)).toBe(4);
  expect(nextTile('ArrowDown', 2, places)).toBe(4);
  expect(nextTile('ArrowUp', 4, places)).toBe(1);
  expect(nextTile('ArrowUp', 1, places)).toBe(1);
  expect(nextTile('End', 0, places)).toBe(4);
  expect(nextTile('a', 0, places)).toBe(-1);
});

test('Ctrl Z undoes what was done last, also where the answer to it is still on its way', async () => {
  const notices = new Notices(() => () => undefined);
  const undone: string[] = [];
  let answer = (): void => undefined;
  const first = notices.perform(async () => notices.offerUndo('first', () => void undone.push('first')));
  const second = notices.perform(async () => {
    await new Promise<void>((resolve) => (answer = resolve));
    notices.offerUndo('second', () => void undone.push('second'));
  });
  await first;
  const undo = notices.undoLatest();
  // the answer comes after Ctrl Z
  setTimeout(() => answer());
  await Promise.all([second, undo]);
  expect(undone).toEqual(['second']);
});
