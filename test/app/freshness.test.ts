// Building only what is older than its sources: an edit, a removed file and an edit during the build are all seen.

import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildIfStale } from '../../src-main/app/launch/freshness.ts';

let folder: string;
let sources: string;
let builds: number;
const longAgo = new Date('2020-01-01');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'likeness-fresh-'));
  sources = join(folder, 'sources');
  mkdirSync(join(sources, 'deep'), { recursive: true });
  writeFileSync(join(sources, 'deep', 'a.ts'), 'a');
  for (const path of ['deep/a.ts', 'deep', '.']) utimesSync(join(sources, path), longAgo, longAgo);
  builds = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(during?: () => void): Promise<boolean> {
  return buildIfStale(join(folder, 'out', '.built'), [sources, join(folder, 'absent')], async () => {
    builds++;
    during?.();
  });
}

test('builds once, and again after an edit', async () => {
  expect([await build(), await build()]).toEqual([true, false]);
  const future = new Date(Date.now() + 5000);
  utimesSync(join(sources, 'deep', 'a.ts'), future, future);
  expect(await build()).toBe(true);
});

test('a removed file makes it stale', async () => {
  await build();
  const future = new Date(Date.now() + 5000);
  rmSync(join(sources, 'deep', 'a.ts'));
  utimesSync(join(sources, 'deep'), future, future);
  expect(await build()).toBe(true);
});

test('an edit made while it builds is seen the next time', async () => {
  const soon = new Date(Date.now() + 2000);
  await build(() => utimesSync(join(sources, 'deep', 'a.ts'), soon, soon));
  expect(await build()).toBe(true);
});

test('a build that fails leaves no stamp', async () => {
  await expect(build(() => { throw new Error('broken'); })).rejects.toThrow('broken');
  expect(await build()).toBe(true);
  expect(builds).toBe(2);
});
