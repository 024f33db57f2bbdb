// The golden runner's command line: another folder of the same layout does, and a wrong number ends in exit code 1.

import { spawnSync } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const runner = fileURLToPath(new URL('run.ts', import.meta.url));
const golden = fileURLToPath(new URL('../golden', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-golden-'));
  await cp(path.join(golden, 'tokenizer'), path.join(folder, 'tokenizer'), { recursive: true });
});
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

function run(...options: string[]): { status: number | null; lines: string[] } {
  const { status, stdout } = spawnSync(process.execPath, [runner, ...options], { encoding: 'utf8' });
  return { status, lines: stdout.split('\n') };
}

test('right numbers end in 0, and folders without a case are listed', async () => {
  await mkdir(path.join(folder, 'something-new'));
  const { status, lines } = run(folder, '--provider', 'cpu');
  expect(lines).toContainEqual(expect.stringMatching(/^not covered +something-new/));
  expect(lines).toContainEqual(expect.stringMatching(/^pass +tokenizer/));
  expect(status).toBe(0);
}, 60_000);

test('one wrong number ends in 1 and is named', async () => {
  const file = path.join(folder, 'tokenizer/prompts.json');
  const prompts = JSON.parse(await readFile(file, 'utf8')) as { category: string; ids: number[] }[];
  prompts.find(({ category }) => category === 'english')!.ids[0]! ^= 1;
  await writeFile(file, JSON.stringify(prompts));
  const { status, lines } = run(folder, '--provider', 'cpu');
  expect(lines).toContainEqual(expect.stringMatching(/^FAIL +tokenizer\/english prompts/));
  expect(status).toBe(1);
}, 60_000);

test('a case whose data is broken fails, it is not left out', async () => {
  await copyFile(path.join(folder, 'tokenizer/config.json'), path.join(folder, 'tokenizer/io.safetensors'));
  expect(run(folder, '--provider', 'cpu').status).toBe(1);
}, 60_000);

test('a folder that is not there is wrong usage', () => {
  expect(run(path.join(folder, 'none')).status).toBe(2);
});
