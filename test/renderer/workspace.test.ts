// The page's state as a whole: what it reads, how events move it, what can be undone, what a failure leaves behind.

import { expect, test } from 'vitest';
import { hasWord, insertWord, wordParts } from '../../src-renderer/state/caption.ts';
import { captionPhoto, repeatPhoto } from '../../src-renderer/state/photo-edits.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { adapterId, job, jobId, look, photo, photoId, portrait, portraitId, snapshot, subjectId } from './nouns.ts';
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
  const removals = studio.calls.filter(({ command }) => command === 'portraits.remove');
  expect(removals).toMatchObject([{}, { request: { restore: true } }]);
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
  expect(await workspace.addSubject({ name: 'Bo', classWord: 'man', hasConsent: true }, [file])).toBe(true);

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

test('snapshots, notes and curves of a run come in by events, and are read where the page came later', async () => {
  const running = job('teach', 7, { trainingSteps: 300 });
  const studio = testStudio({ 'jobs.list': () => [running], 'looks.snapshots': () => [snapshot(10)] });
  const { workspace } = await started(studio);
  expect(workspace.snapshots.of(jobId(7)).map(({ step }) => step)).toEqual([10]);
  expect(workspace.jobs.lossPoints(jobId(7))).toHaveLength(2);

  studio.emit({ type: 'snapshot-added', snapshot: snapshot(20, { isBest: true }) });
  studio.emit({ type: 'job-note', jobId: jobId(7), sentence: 'One photo was gone.' });
  expect(workspace.snapshots.best(jobId(7))?.step).toBe(20);
  const lines = workspace.runLog.of(running, []);
  expect(lines.map(({ event }) => event)).toContainEqual({ kind: 'note', sentence: 'One photo was gone.' });
});

test('a snapshot that overtakes the list is not lost', async () => {
  let answer: (snapshots: unknown[]) => void = () => undefined;
  const studio = testStudio({ 'looks.snapshots': () => new Promise((resolve) => (answer = resolve)) });
  const { workspace } = await started(studio);
  const reading = workspace.showRun(jobId(7));
  await settle();
  studio.emit({ type: 'snapshot-added', snapshot: snapshot(20) });
  answer([snapshot(10)]);
  await reading;
  expect(workspace.snapshots.of(jobId(7)).map(({ step }) => step)).toEqual([10, 20]);
});

test('a cancelled run is taken up again by undo', async () => {
  const studio = testStudio({
    'jobs.cancel': () => job('teach', 7, { state: 'cancelled', endedAtMs: 9 }),
    'jobs.retry': () => job('teach', 7, { state: 'waiting' }),
    'jobs.pause': () => job('teach', 7, { request: 'pause' }),
  });
  const { workspace } = await started(studio);
  await workspace.askJob(job('teach', 7), 'pause');
  expect(workspace.jobs.list[0]?.request).toBe('pause');
  expect(workspace.notices.list).toEqual([]);
  await workspace.askJob(job('teach', 7), 'cancel');
  expect(workspace.jobs.list[0]?.state).toBe('cancelled');
  await workspace.undo();
  expect(workspace.jobs.list[0]?.state).toBe('waiting');
});

test('caption and repeats of a photo are undone', async () => {
  const { workspace, studio } = await started();
  await captionPhoto(workspace, photoId(1), 'ohwx at sea');
  await repeatPhoto(workspace, photoId(1), 3);
  expect(workspace.photos.find(photoId(1))).toMatchObject({ repeats: 3 });
  await workspace.undo();
  await workspace.undo();
  expect(studio.calls.slice(-2)).toMatchObject([
    { command: 'photos.setRepeats', request: { repeats: 1 } },
    { command: 'photos.setCaption', request: { caption: 'photo of ohwx' } },
  ]);
});

test('two captions in quick succession are undone one after the other', async () => {
  const { workspace } = await started();
  await Promise.all(['first', 'second'].map((caption) => captionPhoto(workspace, photoId(1), caption)));
  await workspace.undo();
  expect(workspace.photos.find(photoId(1))?.caption).toBe('first');
});

test('a look is continued on Teach, and no longer once it is deleted or somebody else is on the page', async () => {
  const { workspace } = await started();
  workspace.continueLook(adapterId());
  expect([workspace.view.page, workspace.teach.isPlanning, workspace.teach.warmStart?.id]).toEqual([
    'teach', true, adapterId(),
  ]);
  workspace.removeLook(adapterId());
  expect(workspace.teach.warmStart).toBeNull();

  workspace.teach.toggleHeldOut(photoId(1));
  await workspace.selectSubject(subjectId(2));
  expect([workspace.teach.heldOutPhotoIds, workspace.teach.isPlanning]).toEqual([[], false]);
});

test('teaching does not start while something stands in its way', async () => {
  const { workspace, studio } = await started();
  workspace.teach.set('rank', 999);
  await workspace.startTeaching();
  expect(studio.calls.map(({ command }) => command)).not.toContain('looks.teach');
});

test('the trigger word is found in a caption as a word, and put where the cursor is', () => {
  expect(wordParts('Photo of OHWX, ohwxer', 'ohwx')).toEqual([
    { part: 'Photo of ', isWord: false }, { part: 'OHWX', isWord: true }, { part: ', ohwxer', isWord: false },
  ]);
  expect([hasWord('a (sks+) b', 'sks+'), hasWord('ohwxer', 'ohwx'), hasWord('ohwx', '')]).toEqual([true, false, false]);
  expect([insertWord('photo of a woman', 'ohwx', 8), insertWord('', 'ohwx', 0)]).toEqual([
    'photo of ohwx a woman', 'ohwx',
  ]);
});
