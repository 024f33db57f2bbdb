// What the page reads and when: lists against the events that overtake them, the connection, the first moment.

import { expect, test } from 'vitest';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { job } from './nouns.ts';
import { handClock, settle, testStudio, type TestStudio } from './test-client.ts';

async function started(studio: TestStudio) {
  const workspace = new Workspace(studio.client, { schedule: handClock().schedule });
  workspace.start();
  await settle();
  return { workspace };
}

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

test('before the people have been read nobody is welcomed as new', async () => {
  let answer: (subjects: unknown[]) => void = () => undefined;
  const studio = testStudio({ 'subjects.list': () => new Promise((resolve) => (answer = resolve)) });
  const { workspace } = await started(studio);
  expect(workspace.studio.isLoaded).toBe(true);
  expect(workspace.subjects.isLoaded).toBe(false);
  answer([]);
  await settle();
  expect(workspace.subjects.isLoaded).toBe(true);
});
