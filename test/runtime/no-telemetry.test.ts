// A session leaves nothing behind and asks for nothing: ONNX Runtime's telemetry keeps a device id and a queue of
// events in the user's cache folder, so an empty home shows whether it is really off.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src-main/', import.meta.url));
const program = `
  const { GraphBuilder } = await import('${source}compiler/1-build/graph-builder.ts');
  const { openSession } = await import('${source}runtime/session.ts');
  const g = new GraphBuilder('one');
  g.output('y', g.add(g.input('x', 'float32', [1]), g.scalar(1)));
  const session = await openSession(g.graph(), { provider: 'cpu' });
  const { y } = await session.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(2) } });
  process.stdout.write(String(y.data[0]));
  await session.release();
`;

test('running a session leaves no telemetry in the home folder', () => {
  const home = mkdtempSync(path.join(os.tmpdir(), 'likeness-home-'));
  const env = { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: path.join(home, '.cache'), TMPDIR: home };
  const options = ['--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, options, { env, encoding: 'utf8' });
  const left = readdirSync(home, { recursive: true }) as string[];
  rmSync(home, { recursive: true, force: true });
  expect(stdout, stderr).toBe('3');
  expect(left).toEqual([]);
});
