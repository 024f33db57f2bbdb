// `likeness models` and `likeness doctor` as a user meets them: what is there, what is missing, what is refused.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeAntelopeFolder, writeInstantIdFolder } from '../packs/companion-files.ts';
import { runProgram } from './run-program.ts';

let folder: string;

const likeness = (...parameters: string[]) => runProgram(folder, parameters);

interface Listed {
  companions: { kind: string; state: string; isPublished: boolean; path: string | null; isLicenseAccepted: boolean }[];
  faceEngines: { id: string; isInstalled: boolean }[];
  faceEngine: string;
  acceptedLicenses: string[];
  added: string[];
}

async function listed(...parameters: string[]): Promise<Listed> {
  const { code, output, errors } = await likeness('models', ...parameters, '--json');
  expect([code, errors]).toEqual([0, '']);
  return JSON.parse(output) as Listed;
}

beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), 'likeness-models-')); });
afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

test('a fresh library: everything is named with its size and licence, and nothing is there', async () => {
  const { code, output } = await likeness('models');
  expect(code).toBe(0);
  for (const words of ['ip-adapter.bin', '1.7 GB', 'for non-commercial research only', '--accept-license', 'starter']) {
    expect(output).toContain(words);
  }
  expect((await listed()).companions.map(({ state }) => state)).toEqual(new Array(5).fill('missing'));
}, 30_000);

test('InstantID is added by its folder, remembered, and its licence accepted in the same go', async () => {
  const place = join(folder, 'instant-id');
  await mkdir(place);
  await writeInstantIdFolder(place);
  const added = await likeness('models', 'add', 'instant-id', '--accept-license', 'instantid-weights');
  expect([added.code, added.errors]).toEqual([0, '']);
  expect(added.output).toContain('another edition');
  const { companions, acceptedLicenses } = await listed();
  expect(acceptedLicenses).toEqual(['instantid-weights']);
  expect(companions.filter(({ state }) => state === 'ready')).toMatchObject([
    { kind: 'image-adapter', isPublished: false, path: join(place, 'ip-adapter.bin'), isLicenseAccepted: true },
    { kind: 'identity-net', isPublished: false, path: join(place, 'ControlNetModel') },
  ]);
}, 30_000);

test('another hash, unknown files and licences, and an engine that is not there are refused', async () => {
  await writeAntelopeFolder(folder);
  await writeFile(join(folder, 'notes.txt'), 'no network');
  const refusals: readonly (readonly [string[], string])[] = [
    [['add', 'antelopev2'], 'models.wrong-hash'], [['add', 'nowhere'], 'checkpoint.file-missing'],
    [['--accept-license', 'mine'], 'companions.unknown-license'],
    [['--face-engine', 'antelopev2'], 'companions.engine-not-ready'],
  ];
  for (const [words, errorCode] of refusals) {
    const { code, output, errors } = await likeness('models', ...words, '--json');
    expect([words, code]).toEqual([words, 1]);
    expect(JSON.parse(output)).toMatchObject({ error: { code: errorCode } });
    expect(errors.trim().split('\n').length).toBeGreaterThan(1);
  }
  expect((await likeness('models', 'add', 'notes.txt')).code).toBe(1);
  expect((await listed()).faceEngine).toBe('built-in');
}, 60_000);

test('doctor shows the face engines beside the providers', async () => {
  const { code, output } = await likeness('doctor', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject({
    faceEngine: 'built-in',
    faceEngines: [{ id: 'built-in', isInstalled: true }, { id: 'antelopev2', isInstalled: false }],
  });
}, 60_000);
