// An engine that hangs is told from one that computes without a word, and gives its place to another: with processes
// of the test's own in the engine's place.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NewEngineRequest } from '../../src-main/contract/engine.ts';
import type { JobId } from '../../src-main/contract/ids.ts';
import type { JobRunner, RunControl } from '../../src-main/jobs/queue.ts';
import type { JobRecord } from '../../src-main/library/jobs.ts';
import { type Engine, openEngine } from '../../src-main/studio/engine-client.ts';
import { goingOn } from '../../src-main/studio/engine-restarts.ts';
import { processorSeconds, secondsOfClock } from '../../src-main/studio/engine-watch.ts';
import type { ProgressBoard } from '../../src-main/studio/jobs.ts';

/** The first process hangs; the next one computes without a word for as long as the first was waited for. */
const program = `
  import { existsSync, writeFileSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  const [, , folder] = process.argv;
  const mark = folder + '/was-here';
  const isFirst = !existsSync(mark);
  writeFileSync(mark, '');
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id } = JSON.parse(line);
    if (isFirst) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    const startMs = performance.now();
    while (performance.now() - startMs < 2000) Math.sqrt(startMs);
    console.log(JSON.stringify({ type: 'done', id, result: { kind: 'finished' } }));
  });
`;
const limits = { everyMs: 150, looks: 6 };
let folder: string;
let engine: Engine;
const states: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-watch-'));
  const entryFile = join(folder, 'engine.mjs');
  await writeFile(entryFile, program);
  engine = openEngine({
    nodeFile: process.execPath, entryFile, resourcesFolder: folder, limits, onLog: () => undefined,
    onState: ({ state }) => states.push(state),
  });
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

test('a job whose engine hangs goes on in another one, which may compute for long without a word', async () => {
  const processIds: (number | undefined)[] = [];
  const runner: JobRunner = async (_job, { signal }) => {
    const work = engine.run({ kind: 'doctor', provider: 'cpu' } as NewEngineRequest, signal);
    processIds.push(engine.processId());
    expect(await work).toEqual({ kind: 'finished' });
  };
  const notes: string[] = [];
  const board = { note: (_id: JobId, sentence: string) => notes.push(sentence) } as unknown as ProgressBoard;
  const job = { id: 'job' as JobId } as JobRecord;
  const control = { signal: new AbortController().signal, gotOn: () => undefined } as unknown as RunControl;
  await goingOn(runner, { get: () => job }, board)(job, control);

  expect(notes).toEqual(['The engine stopped (it did not answer and computed nothing for 0 minutes) and was started '
    + 'again; nothing that was finished is lost.']);
  expect(states).toEqual(['starting', 'busy', 'stopped', 'starting', 'busy', 'ready']);
  expect(new Set(processIds).size).toBe(2);
  // it was killed, not left behind
  expect(await processorSeconds(processIds[0]!)).toBeUndefined();
  expect(await processorSeconds(processIds[1]!)).toBeGreaterThan(0);
});

test('what a process has used is told in seconds', async () => {
  const own = (): number => Object.values(process.cpuUsage()).reduce((sum, micros) => sum + micros / 1e6, 0);
  const before = own();
  const told = (await processorSeconds(process.pid))!;
  expect([told > before - 0.05, told < own() + 0.05]).toEqual([true, true]);
  expect(['3:04.56', '2:03:04', '1-02:03:04', '', 'TIME'].map(secondsOfClock)).toEqual(
    [184.56, 7384, 93_784, undefined, undefined]);
});
