// What a new word starts from: the word that is given, or phrases that are found in the photos by a real small model.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import { type Asked, teach } from '../../src-main/compute/teach.ts';
import type { NewEngineReport, TeachRequest } from '../../src-main/contract/engine.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';
import { rowsOfTokens } from '../../src-main/training/starting-rows.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { root } from './engine-process.ts';
import { teachRequest } from './teach-requests.ts';

const parts = { resourcesFolder: join(root, 'resources'), chooser: openProviderChooser() };
const describingPhrases = [['short', 'long', 'a bob'], ['red', 'blue'], ['hair']];
let folder: string;
let pack: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-words-'));
  pack = join(folder, 'pack');
  await writeTinyPack(pack);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Taught {
  readonly reports: readonly NewEngineReport[];
  readonly result: Awaited<ReturnType<typeof teach>>;
  readonly request: TeachRequest;
}

/** One step at a rate of 0: the word stays what it starts as. */
async function taught(
  changes: Partial<TeachRequest>, asked: (reports: readonly NewEngineReport[]) => ReturnType<Asked> = () => undefined,
): Promise<Taught> {
  const request = { ...await teachRequest(join(folder, `run-${count++}`), 'textual-inversion', pack, {
    trainingSteps: 1, snapshotEverySteps: 1, previewCount: 0, warmupSteps: 0, newTokenLearningRate: 0,
  }), ...changes };
  const reports: NewEngineReport[] = [];
  const result = await teach(request, reporterFor(1, (report) => reports.push(report)), parts, () => asked(reports));
  return { reports, result, request };
}

async function rowsIn(file: string): Promise<number[]> {
  return Array.from((await readSafetensors(file)).get('emb_params')!.data as Float32Array);
}

async function wordRows({ result }: Taught): Promise<number[]> {
  if (result.kind !== 'teach') throw new Error('Nothing was taught.');
  return await rowsIn(result.adapterFile);
}

async function rowsOf(text: string): Promise<number[]> {
  const [{ textEncoders }, tokenizer] = [
    await openCheckpoint(pack), await openClipTokenizer(join(root, 'resources', 'tokenizer'))];
  const [rows] = await rowsOfTokens(textEncoders, [tokenizer.encode(text)], 3);
  return Array.from(rows!.data as Float32Array);
}

const closeTo = (rows: readonly number[]) => rows.map((value) => expect.closeTo(value, 3));
const phasesOf = ({ reports }: Pick<Taught, 'reports'>): string[] => (
  reports.flatMap((report) => (report.type === 'progress' ? [report.progress.phase] : [])));

test('a given word is where it starts', async () => {
  const given = await taught({});
  expect(await wordRows(given)).toEqual(closeTo(await rowsOf('person')));
  expect(phasesOf(given)).not.toContain('finding-words');
});

test('of the model\'s phrases those that fit the photos are where it starts, the same every time', async () => {
  const found = await taught({ describingPhrases });
  const rows = await wordRows(found);
  const [cuts, colours] = describingPhrases;
  const phrases = cuts!.flatMap((cut) => colours!.map((colour) => `${cut} ${colour} hair`));
  const own = await Promise.all(phrases.map(rowsOf));
  const distances = own.map((each) => each.reduce((sum, value, i) => sum + Math.abs(value - rows[i]!), 0));
  expect(Math.min(...distances)).toBeLessThan(0.1);
  expect(distances.filter((distance) => distance < 0.1)).toHaveLength(1);
  expect(phasesOf(found)).toContain('finding-words');
  expect(await wordRows(await taught({ describingPhrases }))).toEqual(rows);
});

test('a look that is gone on with keeps its own word', async () => {
  const before = await taught({});
  if (before.result.kind !== 'teach') throw new Error('Nothing was taught.');
  const after = await taught({ describingPhrases, warmStartFile: before.result.adapterFile });
  expect(await wordRows(after)).toEqual(closeTo(await wordRows(before)));
  expect(phasesOf(after)).not.toContain('finding-words');
});

test('a pause while it looks for words is a pause, and it goes on from there', async () => {
  let hasAsked = false;
  const { result, request } = await taught({ describingPhrases }, (reports) => {
    hasAsked ||= phasesOf({ reports }).includes('finding-words');
    return hasAsked ? 'pause' : undefined;
  });
  expect(result).toEqual({ kind: 'paused', step: 0 });
  const rest = await teach(request, reporterFor(1, () => undefined), parts, () => undefined);
  expect(rest).toMatchObject({ kind: 'teach' });
});
