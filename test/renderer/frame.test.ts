// The frame's state: the order of the queue, deletions with their receipt, the first portrait of the first steps,
// culling by keys, and consent.

import { describe, expect, test } from 'vitest';
import type { ErasureReceipt } from '../../src-main/contract/keeping.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { FirstPortrait } from '../../src-renderer/state/first-portrait.svelte.ts';
import { runShortcut } from '../../src-renderer/state/shortcuts.ts';
import { en } from '../../src-renderer/strings/en.ts';
import { receiptRows, receiptText } from '../../src-renderer/strings/receipt-rows.ts';
import { zhHans } from '../../src-renderer/strings/zh-hans.ts';
import { job, jobId, photo, photoId, portrait, subject, subjectId, verdict } from './nouns.ts';
import { asked, started } from './started.ts';
import { refusal, settle } from './test-client.ts';

const receipt: ErasureReceipt = {
  atMs: 1, photos: 3, faces: 2, crops: 2, looks: 1, snapshots: 4, portraits: 5, keptPortraits: 0, jobs: 2, files: 17,
  bytes: 1_500_000, backupsRewritten: 2,
};

const waiting = (number: number, position: number): Job => job('create', number, { state: 'waiting', position });

describe('the queue', () => {
  const three = [waiting(1, 3), waiting(2, 1), waiting(3, 2)];

  test('waits in its own order, not by when a job was made', async () => {
    const { workspace } = await started({ 'jobs.list': () => three });
    expect(workspace.jobs.waiting.map(({ id }) => id)).toEqual([jobId(2), jobId(3), jobId(1)]);
  });

  test('moves a job in front of its neighbour, or behind it, and nowhere past the ends', async () => {
    const { workspace, studio } = await started({ 'jobs.list': () => three, 'jobs.reorder': () => [] });
    await workspace.jobs.move(jobId(3), -1);
    await workspace.jobs.move(jobId(2), 1);
    await workspace.jobs.move(jobId(3), 1);
    await workspace.jobs.move(jobId(2), -1);
    await workspace.jobs.move(jobId(1), 1);
    expect(asked(studio, 'jobs.reorder')).toEqual([
      { jobId: jobId(3), beforeJobId: jobId(2) }, { jobId: jobId(2), beforeJobId: jobId(1) },
      { jobId: jobId(3), beforeJobId: null },
    ]);
  });

  test('takes in the places that the studio gave', async () => {
    const { workspace } = await started({
      'jobs.list': () => three, 'jobs.reorder': () => [waiting(1, 1), waiting(2, 2), waiting(3, 3)],
    });
    await workspace.jobs.reorder(jobId(1), jobId(2));
    expect(workspace.jobs.waiting.map(({ id }) => id)).toEqual([jobId(1), jobId(2), jobId(3)]);
  });

  test('is paused here and elsewhere, and jobs leave the list', async () => {
    const { workspace, studio } = await started({
      'jobs.list': () => three, 'queue.pause': () => ({}), 'jobs.clear': () => ({}),
    });
    await workspace.jobs.pauseQueue(true);
    expect(workspace.jobs.isQueuePaused).toBe(true);
    studio.emit({ type: 'queue-state', isPaused: false });
    expect(workspace.jobs.isQueuePaused).toBe(false);

    studio.emit({ type: 'job-removed', jobId: jobId(1) });
    await workspace.jobs.clear([jobId(2)]);
    expect(workspace.jobs.list.map(({ id }) => id)).toEqual([jobId(3)]);
    await workspace.jobs.clear([]);
    expect(asked(studio, 'jobs.clear')).toEqual([{ jobIds: [jobId(2)] }]);
  });

  test('a pause that the studio refuses is not shown', async () => {
    const { workspace } = await started({
      'queue.pause': () => {
        throw refusal('queue.broken');
      },
    });
    await expect(workspace.jobs.pauseQueue(true)).rejects.toThrow('queue.broken');
    expect(workspace.jobs.isQueuePaused).toBe(false);
  });
});

describe('deleting somebody', () => {
  test('shows the receipt and opens the wall; what is kept was asked for', async () => {
    const { workspace, studio } = await started({ 'subjects.remove': () => receipt });
    await workspace.removeSubject(subjectId(), true);
    expect(asked(studio, 'subjects.remove')).toEqual([{ subjectId: subjectId(), keepPortraits: true }]);
    expect(workspace.view.receipt).toEqual({ name: 'Ada', receipt });
    expect([workspace.view.dialog, workspace.view.page]).toEqual(['receipt', 'subjects']);
    expect(workspace.subjects.list).toEqual([]);
  });

  test('that is refused leaves them and the question there', async () => {
    const { workspace } = await started({
      'subjects.remove': () => {
        throw refusal('subjects.busy');
      },
    });
    workspace.view.dialog = 'remove-subject';
    await workspace.removeSubject(subjectId());
    expect([workspace.view.dialog, workspace.view.receipt]).toEqual(['remove-subject', null]);
    expect(workspace.subjects.list).toHaveLength(1);
    expect(workspace.notices.list[0]?.error?.code).toBe('subjects.busy');
  });

  test('its receipt has every number, as rows and as text, and names nobody', () => {
    expect(receiptRows(receipt, en, 'en')).toHaveLength(11);
    expect(receiptRows({ ...receipt, keptPortraits: 7 }, zhHans, 'zh-Hans')).toContainEqual(
      { label: '保留的写真', text: '7' });
    const text = receiptText(receipt, en, 'en');
    expect(text).toContain('Their size: 1.5 MB');
    expect(text).toContain('Backups made anew: 2');
    expect(text).not.toContain('Ada');
  });
});

describe('the first steps', () => {
  const drawing = job('create', 20, { state: 'waiting' });
  const waitingPhoto = photo(1, { verdict: verdict('waiting'), isUsed: false });

  test('draw one sketch over the best photo, once all have been looked at', async () => {
    const { workspace, studio } = await started({
      'photos.list': () => [waitingPhoto, photo(2, { verdict: verdict('usable') }), photo(3)],
      'portraits.create': () => drawing,
    });
    const first = new FirstPortrait(workspace);
    await first.begin();
    expect(first.stage).toBe('looking');
    expect(asked(studio, 'portraits.create')).toEqual([]);

    studio.emit({ type: 'photo-changed', photo: { ...waitingPhoto, verdict: verdict('left-out'), isUsed: false } });
    await Promise.all([first.begin(), first.begin()]);
    expect(asked(studio, 'portraits.create')).toMatchObject([
      { adapterId: null, packId: 'starter', styleIds: ['pencil'], start: { source: { photoId: photoId(3) } } },
    ]);
    expect(first.stage).toBe('drawing');
    studio.emit({ type: 'portrait-added', portrait: portrait(9, { jobId: first.jobId! }) });
    expect(first.stage).toBe('ready');
  });

  test('say so where no photo shows a face, and where drawing failed', async () => {
    const faceless = photo(1, { verdict: verdict('left-out', 'no-face'), isUsed: false, faceBox: null });
    const nobody = await started({ 'photos.list': () => [faceless] });
    expect(new FirstPortrait(nobody.workspace).stage).toBe('no-face');
    const early = await started({ 'photos.list': () => [] });
    expect(new FirstPortrait(early.workspace).stage).toBe('looking');
    early.workspace.photos.refuse([], 1);
    expect(new FirstPortrait(early.workspace).stage).toBe('no-face');

    const { workspace, studio } = await started({ 'portraits.create': () => drawing });
    const first = new FirstPortrait(workspace);
    await first.begin();
    studio.emit({ type: 'job-changed', job: { ...drawing, state: 'failed' } });
    expect(first.stage).toBe('failed');
  });

  test('the page speaks the system’s language once, and leaves a choice alone', async () => {
    const { workspace, studio } = await started();
    await workspace.speakSystemLanguage('zh-CN');
    expect(workspace.language).toBe('zh-Hans');
    await workspace.studio.change({ language: 'en' });
    await workspace.speakSystemLanguage('zh-CN');
    expect(asked(studio, 'settings.set')).toHaveLength(2);

    const other = await started();
    await other.workspace.speakSystemLanguage('fr-FR');
    expect(asked(other.studio, 'settings.set')).toEqual([]);
  });
});

test('culling: P uses, X leaves out, U goes by the verdict, and on other pages they are somebody else’s', async () => {
  const { workspace, studio } = await started();
  workspace.view.photoId = photoId(1);
  for (const key of ['p', 'x', 'u']) {
    expect(runShortcut(workspace, key, false)).toBe(true);
    await settle();
  }
  expect(asked(studio, 'photos.choose').map(({ userChoice }) => userChoice)).toEqual(['use', 'leave-out', null]);
  workspace.view.go('teach');
  expect(runShortcut(workspace, 'x', false)).toBe(false);
});

test('consent that is withdrawn comes back on undo, with its note untouched', async () => {
  const { workspace, studio } = await started({
    'subjects.change': (request) => ({ ...subject(), ...(request as object), id: subjectId() }),
  });
  await workspace.subjects.change(subjectId(), { hasConsent: false });
  expect(workspace.subjects.current?.hasConsent).toBe(false);
  await workspace.subjects.change(subjectId(), { hasConsent: true, consentNote: 'by letter' });
  expect(asked(studio, 'subjects.change')[1]).toEqual({
    subjectId: subjectId(), hasConsent: true, consentNote: 'by letter',
  });
});
