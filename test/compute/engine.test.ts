// The engine's process on its own: messages in and out, nonsense survived, and gone when nobody holds it.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { type EngineReport, engineReportSchema } from '../../src-main/contract/engine.ts';

const root = join(import.meta.dirname, '..', '..');
let engine: ChildProcess | undefined;

afterEach(() => engine?.kill('SIGKILL'));

function start(): { say(line: string): void; heard(): Promise<EngineReport> } {
  const file = join(root, 'src-main', 'compute', 'engine.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, join(root, 'resources')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  engine = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    say: (line) => void child.stdin.write(`${line}\n`),
    heard: async () => engineReportSchema.parse(JSON.parse((await lines.next()).value as string)),
  };
}

test('it says when it is ready, survives what it cannot read, and answers what it can', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-engine-'));
  const { say, heard } = start();
  expect(await heard()).toEqual({ type: 'ready' });
  const nonsense = ['', 'hello', '{}', '{"id":1,"request":{"kind":"format-disk"}}', '[1,2', 'null'];
  for (const line of nonsense) say(line);
  const photos = [{ key: 'a', file: join(root, 'test', 'photos', 'astronaut.png') }];
  const request = { kind: 'analyze', photos, cropEdgePx: 64, modelResolutionPx: 128, outputFolder: folder };
  say(JSON.stringify({ id: 2, request }));
  const reports = [];
  for (let report = await heard(); ; report = await heard()) {
    reports.push(report);
    if (report.type === 'done') break;
  }
  expect(reports.find((report) => report.type === 'item')).toMatchObject({
    id: 2, item: { key: 'a', faceCount: 1, cropFile: join(folder, 'crop-0.png') },
  });
  await rm(folder, { recursive: true });
});

test('a request that fails says why and the next one is taken', async () => {
  const { say, heard } = start();
  await heard();
  const request = {
    kind: 'analyze', photos: [{ key: 'a', file: '/nowhere/at-all.png' }], cropEdgePx: 64, modelResolutionPx: 128,
    outputFolder: '/nowhere',
  };
  for (const id of [1, 2]) {
    say(JSON.stringify({ id, request }));
    let report = await heard();
    while (report.type === 'progress') report = await heard();
    expect(report).toMatchObject({ type: 'failed', id, error: { code: 'photos.cannot-read' } });
  }
});

test('it ends when whoever started it is gone', async () => {
  const { heard } = start();
  await heard();
  const ended = new Promise((resolve) => engine!.once('exit', resolve));
  engine!.stdin!.end();
  expect(await ended).toBe(0);
});
