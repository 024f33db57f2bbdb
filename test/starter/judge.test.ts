// The judge of portraits: how it is shown a picture, what it learns, what it says, and the prompts it is asked about;
// and the bench of the starter pack, whole and tiny, with such a judge.

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { initialParameters } from '../../src-main/starter/flat-parameters.ts';
import { openJudge } from '../../src-main/starter/judge.ts';
import { followedKinds, isFollowed, promptCases } from '../../src-main/starter/judge-cases.ts';
import { pointScale } from '../../src-main/starter/judge-network.ts';
import { firstFreshPerson, judgedIdentity, renderJudged } from '../../src-main/starter/judge-people.ts';
import { judgeSet, type JudgeSet } from '../../src-main/starter/judge-pictures.ts';
import { adoptJudge, trainJudge } from '../../src-main/starter/judge-run.ts';
import { judgeBatch, judgeLayout, judgeStepGraph } from '../../src-main/starter/judge-stage.ts';
import { drawnView, plainView, writeView } from '../../src-main/starter/judge-view.ts';
import { labelIndices, labelNames, labelValues } from '../../src-main/starter/labels.ts';
import { portraitAttributes } from '../../src-main/starter/portrait-renderer.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { newTrainingState, readSnapshot, writeSnapshot } from '../../src-main/starter/snapshot.ts';
import { trainStage } from '../../src-main/starter/stage-trainer.ts';
import { benchStarter } from '../bench/starter.ts';
import { isReached, shareOf, tableLines } from '../bench/starter-rows.ts';
import { writeTinyInstantPack } from '../studio/tiny-pack.ts';
import { tinyRecipe } from './tiny-people.ts';

let folder: string;
let set: JudgeSet;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-judge-'));
  set = await judgeSet({ folder, firstPerson: 0, people: tinyRecipe.judge.people, resolutionPx: 128, workers: 2 });
  await trainJudge({
    recipe: { ...tinyRecipe, judge: { ...tinyRecipe.judge, steps: 3 } }, cache: folder, out: folder, base: folder,
    judge: path.join(folder, 'judge'), tokenizer: '', passBatch: 1, provider: 'cpu', threads: 1,
    signal: new AbortController().signal,
  });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the pictures of threads lie where their labels and people are', async () => {
  const drawn = await renderJudged(4, 1, 128);
  const bytes = 128 * 128 * 3;
  expect(Buffer.from(set.pixels.subarray(9 * bytes, 10 * bytes)).equals(Buffer.from(drawn.rgb))).toBe(true);
  expect(set.labels[9]).toEqual(labelIndices(drawn.labels));
  expect(set.points[9]).toEqual(drawn.points);
  expect(judgedIdentity(4).hair).toEqual(drawn.attributes.hair);
});

test('a view moves what is shown as it moves the points, and changes little else', () => {
  const size = 128;
  const rgb = new Uint8Array(size * size * 3).fill(60);
  const at = { x: 80, y: 50 };
  for (let y = at.y - 3; y < at.y + 3; y++) rgb.fill(220, (y * size + at.x - 3) * 3, (y * size + at.x + 3) * 3);
  for (const seed of [1, 2, 3, 4, 5]) {
    const view = drawnView(seededRandom(seed), size, 96);
    const planes = new Float32Array(3 * 96 * 96);
    writeView(rgb, size, view, planes, 96, seededRandom(seed));
    const wanted = { x: (at.x - view.left) / view.step, y: (at.y - view.top) / view.step };
    let [sum, x, y] = [0, 0, 0];
    const ground = planes.slice(0, 96 * 96).sort()[48 * 96]!;
    for (let i = 0; i < 96 * 96; i++) {
      const light = planes[i]! - ground > 0.6 ? 1 : 0;
      sum += light;
      x += light * ((i % 96) + 0.5);
      y += light * (Math.floor(i / 96) + 0.5);
    }
    expect(Math.hypot(x / sum - wanted.x, y / sum - wanted.y)).toBeLessThan(1.5);
    expect(Math.abs(ground - (60 / 127.5 - 1))).toBeLessThan(0.35);
  }
  const plain = new Float32Array(3 * 64 * 64);
  writeView(rgb, size, plainView(size, 64), plain, 64, seededRandom(1));
  expect(plain[25 * 64 + 40]).toBeCloseTo(220 / 127.5 - 1, 5);
  expect(plain[0]).toBeCloseTo(60 / 127.5 - 1, 5);
});

test('a batch has pairs of people, each kind that is shown at one value, and points about the middle', () => {
  const feeds = judgeBatch(tinyRecipe, set, 5);
  const { batchSize } = tinyRecipe.judge;
  const labels = feeds.labels!.data as Float32Array;
  const perRow = labels.length / batchSize;
  expect(perRow).toBe(labelNames.reduce((sum, name) => sum + labelValues[name].length, 0));
  for (let row = 0; row < batchSize; row++) {
    const set1 = labels.subarray(row * perRow, (row + 1) * perRow).filter((value) => value > 0).length;
    expect(set1).toBeGreaterThan(labelNames.length - 12);
    expect(set1).toBeLessThanOrEqual(labelNames.length);
  }
  const numbers = feeds.numbers!.data as Float32Array;
  const half = numbers.length / 2;
  expect(numbers.slice(0, half)).toEqual(numbers.slice(half));
  const points = feeds.points!.data as Float32Array;
  expect(Math.max(...points.map(Math.abs))).toBeLessThan(pointScale / 2);
  const large = { ...tinyRecipe, judge: { ...tinyRecipe.judge, batchSize: 40 } };
  expect(() => judgeBatch(large, set, 1)).toThrow('people');
});

test('the judge learns what pictures show, who and where', async () => {
  const state = newTrainingState(initialParameters(judgeLayout(tinyRecipe), 1));
  const batch = judgeBatch(tinyRecipe, set, 0);
  await trainStage(state, {
    step: judgeStepGraph(tinyRecipe), plan: tinyRecipe.judge, emaDecay: 0.9,
    provider: 'cpu', threads: 1, batch: () => batch, onSnapshot: async () => {}, onProgress: () => {},
  });
  expect(Math.min(...state.losses.slice(-5))).toBeLessThan(state.losses[0]! * 0.75);
});

test('what its stage wrote opens, judges pictures of any size, and is refused when words have changed', async () => {
  const judge = await openJudge(path.join(folder, 'judge'), { threads: 1, batch: 2 });
  const picture = rgbPicture(128, 128, set.pixels.slice(0, 128 * 128 * 3));
  const [first, again, large] = await judge.judge([picture, picture, rgbPicture(64, 64, new Uint8Array(64 * 64 * 3))]);
  await judge.release();
  expect(again).toEqual(first);
  expect(large!.embedding).not.toEqual(first!.embedding);
  expect(first!.embedding.reduce((sum, value) => sum + value ** 2, 0)).toBeCloseTo(8, 2);
  for (const name of labelNames) expect(labelValues[name]).toContain(first!.labels[name]);
  expect(first!.points).toHaveLength(5);
  const accuracy = JSON.parse(await readFile(path.join(folder, 'judge', 'accuracy.json'), 'utf8'));
  expect(accuracy.trainedSteps).toBe(3);
  expect(Object.keys(accuracy.followed)).toEqual([...followedKinds]);
  expect(Object.keys(accuracy.labels)).toEqual(labelNames);
  const config = path.join(folder, 'judge', 'config.json');
  const text = await readFile(config, 'utf8');
  await writeFile(config, text.replace('"beanie"', '"bonnet"'));
  await expect(openJudge(path.join(folder, 'judge'))).rejects.toThrow('other labels');
  await writeFile(config, text);
});

test('points of a mirror image are the mirror image of the points', async () => {
  const judge = await openJudge(path.join(folder, 'judge'), { threads: 1, batch: 2 });
  const data = set.pixels.slice(0, 128 * 128 * 3);
  const mirrored = await sharp(data, { raw: { width: 128, height: 128, channels: 3 } }).flop().raw().toBuffer();
  const [own, other] = await judge.judge([rgbPicture(128, 128, data), rgbPicture(128, 128, new Uint8Array(mirrored))]);
  await judge.release();
  for (const [k, swapped] of [1, 0, 2, 4, 3].entries()) {
    expect(other!.points[k]!.x).toBeCloseTo(1 - own!.points[swapped]!.x, 4);
    expect(other!.points[k]!.y).toBeCloseTo(own!.points[swapped]!.y, 4);
  }
});

test('a judge that was written goes on from what it was and when', async () => {
  const cache = path.join(folder, 'goes-on');
  const run = {
    recipe: tinyRecipe, cache, out: folder, base: folder, judge: path.join(folder, 'judge'), tokenizer: '',
    passBatch: 1, provider: 'cpu', threads: 1, signal: new AbortController().signal,
  } as const;
  await adoptJudge(run);
  const { size, entries } = judgeLayout(tinyRecipe);
  const file = path.join(cache, 'judge.snapshot.safetensors');
  const before = (await readSnapshot(path.join(folder, 'judge.snapshot.safetensors'), size))!;
  const adopted = (await readSnapshot(file, size))!;
  expect([adopted.step, adopted.begunAt]).toEqual([3, 3]);
  // the reading at the end is thrown away when a judge is written
  const kept = entries.find(({ name }) => name.startsWith('reading.'))!.offset;
  expect([...adopted.parameters.subarray(0, kept)]).toEqual([...Float16Array.from(before.average.subarray(0, kept))]);
  await writeSnapshot(file, { ...adopted, step: 7 });
  await adoptJudge(run);
  expect((await readSnapshot(file, size))!.step).toBe(7);
  await adoptJudge({ ...run, cache: path.join(folder, 'none'), judge: path.join(folder, 'nowhere') });
  expect(existsSync(path.join(folder, 'none'))).toBe(false);
});

test('prompts name what they are asked about, and the renderer draws it', () => {
  expect(firstFreshPerson).toBeGreaterThan(100_000);
  for (const kind of followedKinds) {
    const cases = promptCases(kind, 48, 'bench');
    expect(new Set(cases.map(({ wanted }) => wanted)).size).toBe(Math.min(48, labelValues[kind].length));
    for (const one of cases) {
      const drawn = portraitAttributes(one.seed, one.attributes);
      const value = kind === 'background' && drawn.backgroundKind !== 'plain' ? drawn.backgroundKind
        : kind === 'background' ? drawn.backgroundColour : drawn[kind];
      expect(value).toBe(one.wanted);
      expect(one.prompt).toMatch(/ of a (man|woman)/);
    }
    expect(promptCases(kind, 2, 'measure')[0]!.seed).not.toBe(cases[0]!.seed);
  }
  const [red] = promptCases('hat', 9, 'bench').filter(({ wanted }) => wanted === 'beret');
  expect(red!.prompt).toMatch(/wearing a \w+ beret/);
  const spectacles = promptCases('glasses', 7, 'bench');
  const named = (glasses: string) => ({ glasses } as never);
  expect(isFollowed(spectacles[1]!, named('round glasses'))).toBe(true);
  expect(isFollowed(spectacles[1]!, named('sunglasses'))).toBe(false);
  expect(isFollowed(spectacles[0]!, named('none'))).toBe(true);
});

test('figures are shares of what the judge finds in renders, and the table says which are reached', () => {
  expect(shareOf(0.45, 0.9)).toBe(0.5);
  expect(shareOf(0.95, 0.9)).toBe(1);
  const good = { what: 'near', value: 0.95, unit: '', goal: { is: '≥', value: 0.9 } } as const;
  const slow = { what: 'time', value: 4, unit: 's', goal: { is: '≤', value: 3 } } as const;
  expect([isReached(good), isReached(slow)]).toEqual([true, false]);
  expect(tableLines({ zero: [good, slow] }).slice(2)).toEqual([
    '| zero | near | 0.950 | ≥ 0.900 | yes |  |', '| zero | time | 4.0 s | ≤ 3.0 s | **no** |  |',
  ]);
});

test('the bench measures what a tiny pack does untaught, keeps it and draws its sheet', async () => {
  const pack = await writeTinyInstantPack(path.join(folder, 'pack'));
  const out = path.join(folder, 'out');
  const lines = await benchStarter({
    pack, judge: path.join(folder, 'judge'), photo: undefined, out, prompts: 1,
    seeds: 1, subjects: 1, strangers: 1, learned: 2, photoEdgePx: 160, people: 2, renders: 1, threads: 1,
    samplingSteps: 1, settings: {},
  }, ['vae', 'prompts', 'zero-shot', 'seconds']);
  const kept = JSON.parse(await readFile(path.join(out, 'starter.json'), 'utf8'));
  expect(Object.keys(kept)).toEqual(['vae', 'prompts', 'zero-shot', 'seconds']);
  expect(kept.prompts.figures).toHaveLength(followedKinds.length);
  for (const name of ['vae', 'prompts', 'zero-shot']) {
    const { size } = await stat(path.join(out, `starter-${name}.jpg`));
    expect(size).toBeGreaterThan(2000);
    expect(size).toBeLessThan(300_000);
  }
  expect(lines.filter((line) => line.startsWith('| prompts |'))).toHaveLength(followedKinds.length);
  await expect(benchStarter({ pack } as never, ['nothing'])).rejects.toThrow('no row nothing');
}, 120_000);
