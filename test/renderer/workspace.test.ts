// The page's state as a whole: what it reads, how events move it, what can be undone, what a failure leaves behind.

import { expect, test } from 'vitest';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { jobId, look, photo, photoId, portrait, portraitId, adapterId, job, subjectId } from './nouns.ts';
import { handClock, refusal, settle, testStudio, type TestStudio } from './test-client.ts';

async function started(studio: TestStudio = testStudio()) {
  const clock = handClock();
  const workspace = new Workspace(studio.client, { schedule: clock.schedule });
  const stop = workspace.start();
  await settle();
  return { workspace, studio, clock, stop };
}

test('opening reads the studio and the first subject', async () => {
  const { workspace } = await started();

  expect(workspace.subjects.current?.name).toBe('Ada');
  expect(workspace.photos.list).toHaveLength(2);
  expect(workspace.portraits.list).toHaveLength(2);
  expect(workspace.create.adapterId).toBe(adapterId());
  expect(workspace.notices.list).toEqual([]);
});

test('a new portrait event appears once, and counts towards its batch', async () => {
  const { workspace, studio } = await started();
  studio.emit({ type: 'job-changed', job: job('create', 9) });
  const fresh = portrait(3, { jobId: jobId(9) });
  studio.emit({ type: 'portrait-added', portrait: fresh });
  studio.emit({ type: 'portrait-added', portrait: fresh });

  expect(workspace.portraits.list.filter(({ id }) => id === fresh.id)).toHaveLength(1);
  expect(workspace.jobs.list.find(({ id }) => id === jobId(9))?.itemsDone).toBe(1);
});

test('an event that overtakes the list it belongs to is not lost', async () => {
  let answer: (jobs: unknown[]) => void = () => undefined;
  const studio = testStudio({ 'jobs.list': () => new Promise((resolve) => (answer = resolve)) });
  const { workspace } = await started(studio);
  studio.emit({ type: 'job-changed', job: { ...job('teach', 4), state: 'done', endedAtMs: 9 } });
  answer([{ ...job('teach', 4), state: 'running' }]);
  await settle();

  expect(workspace.jobs.list.map(({ state }) => state)).toEqual(['done']);
});

test('everything is read when events begin to arrive, not before', async () => {
  const studio = testStudio();
  const { client } = studio;
  let connected: (is: boolean) => void = () => undefined;
  const late = { ...client, subscribe: (_: unknown, onConnection: (is: boolean) => void) => {
    connected = onConnection;
    return () => undefined;
  } };
  const workspace = new Workspace(late);
  workspace.start();
  await settle();
  expect(studio.calls).toEqual([]);
  connected(true);
  await settle();
  expect(workspace.subjects.current?.name).toBe('Ada');
});

test('what belongs to another subject stays off the page', async () => {
  const { workspace, studio } = await started();
  studio.emit({ type: 'photo-added', photo: photo(5, { subjectId: subjectId(2) }) });
  studio.emit({ type: 'portrait-added', portrait: portrait(5, { subjectId: subjectId(2) }) });

  expect(workspace.photos.list).toHaveLength(2);
  expect(workspace.portraits.list).toHaveLength(2);
});

test('leaving a photo out is undone by Ctrl Z, also after the offer has gone', async () => {
  const { workspace, studio, clock } = await started();
  await workspace.togglePhoto(photoId(1));
  expect(workspace.photos.find(photoId(1))?.isUsed).toBe(false);
  expect(workspace.notices.list[0]?.undo).not.toBeNull();

  clock.wind(60_000);
  expect(workspace.notices.list).toEqual([]);
  await workspace.undo();
  expect(workspace.photos.find(photoId(1))?.userChoice).toBeNull();
  expect(studio.calls.filter(({ command }) => command === 'photos.choose')).toHaveLength(2);
});

test('undo with nothing to undo says so', async () => {
  const { workspace } = await started();
  await workspace.undo();
  expect(workspace.notices.list.map(({ message }) => message)).toEqual([workspace.words.notices.nothingToUndo]);
});

test('a deleted portrait comes back on undo', async () => {
  const { workspace, studio } = await started();
  await workspace.removePortraits([portraitId(1)]);
  expect(workspace.portraits.find(portraitId(1))).toBeNull();

  await workspace.notices.undo(workspace.notices.list[0]!);
  expect(workspace.portraits.find(portraitId(1))).not.toBeNull();
  expect(studio.calls.at(-1)?.request).toMatchObject({ restore: true });
});

test('a look is deleted only when its undo has run out', async () => {
  const { workspace, studio, clock } = await started();
  workspace.removeLook(adapterId());
  expect(workspace.looks.list).toEqual([]);
  await workspace.undo();
  expect(workspace.looks.list).toHaveLength(1);
  clock.wind(60_000);
  expect(studio.calls.map(({ command }) => command)).not.toContain('looks.remove');

  workspace.removeLook(adapterId());
  clock.wind(60_000);
  await settle();
  expect(studio.calls.map(({ command }) => command)).toContain('looks.remove');
  expect(workspace.looks.find(adapterId())).toBeNull();
});

test('a look that cannot be deleted comes back, with the reason', async () => {
  const studio = testStudio({ 'looks.remove': () => { throw refusal('looks.in-use'); } });
  const { workspace, clock } = await started(studio);
  workspace.removeLook(adapterId());
  clock.wind(60_000);
  await settle();

  expect(workspace.looks.list).toHaveLength(1);
  expect(workspace.notices.list.map(({ error }) => error?.code)).toContain('looks.in-use');
});

test('a refused command becomes one notice with a retry that works', async () => {
  let isRefusing = true;
  const studio = testStudio({
    'looks.teach': () => {
      if (isRefusing) throw refusal('photos.no-face');
      return job('teach', 7);
    },
  });
  const { workspace } = await started(studio);
  await workspace.startTeaching();
  await workspace.startTeaching();
  expect(workspace.notices.list.map(({ error }) => error?.code)).toEqual(['photos.no-face']);

  isRefusing = false;
  workspace.notices.list[0]!.retry?.();
  await settle();
  expect(studio.calls.filter(({ command }) => command === 'looks.teach')).toHaveLength(3);
});

test('an answer outside the contract is told, not shown', async () => {
  const studio = testStudio({ 'photos.list': () => [{ ...photo(), likeness: 'very' }] });
  const { workspace } = await started(studio);

  expect(workspace.photos.list).toEqual([]);
  expect(workspace.notices.list[0]?.error?.code).toBe('page.answer-misunderstood');
});

test('a studio that cannot be reached is told, and everything is read again when it is back', async () => {
  let isThere = false;
  const studio = testStudio();
  const list = studio.handlers['subjects.list']!;
  studio.handlers['subjects.list'] = (request) => {
    if (!isThere) throw new TypeError('Failed to fetch');
    return list(request);
  };
  const { workspace } = await started(studio);
  expect(workspace.notices.list[0]?.error?.code).toBe('page.studio-unreachable');
  studio.connect(false);
  expect(workspace.studio.isConnected).toBe(false);

  isThere = true;
  studio.connect(true);
  await settle();
  expect(workspace.studio.isConnected).toBe(true);
  expect(workspace.subjects.current?.name).toBe('Ada');
});

test('settings change at once and go back when the studio refuses', async () => {
  const studio = testStudio({ 'settings.set': () => { throw refusal('disk.full'); } });
  const { workspace } = await started(studio);
  const change = workspace.notices.attempt(() => workspace.studio.change({ language: 'zh-Hans' }));
  expect(workspace.words.frame.photos).toBe('照片');

  await change;
  expect(workspace.words.frame.photos).toBe('Photos');
});

test('a new subject takes the chosen photos along and is opened', async () => {
  const { workspace, studio } = await started();
  const file = { name: 'me.jpg', arrayBuffer: async () => new ArrayBuffer(3) };
  expect(await workspace.addSubject('Bo', 'man', true, [file])).toBe(true);

  expect(workspace.subjects.current?.name).toBe('Bo');
  const imported = studio.calls.find(({ command }) => command === 'photos.import');
  expect(imported?.request).toMatchObject({ fileName: 'me.jpg', subjectId: subjectId(2) });
});

test('the first look of a subject is chosen for its portraits', async () => {
  const studio = testStudio({ 'looks.list': () => [] });
  const { workspace } = await started(studio);
  expect(workspace.create.adapterId).toBeNull();

  studio.emit({ type: 'look-added', look: look(4) });
  expect(workspace.create.adapterId).toBe(adapterId(4));
});
