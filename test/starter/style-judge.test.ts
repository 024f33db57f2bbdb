// The judge's eye for styles: what it is shown, that it learns, and that the judge names styles by it alone.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openNetworkFolder } from '../../src-main/checkpoint/diffusers-folder.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { inFloat32 } from '../../src-main/starter/base-pack.ts';
import { initialParameters } from '../../src-main/starter/flat-parameters.ts';
import { writeHalves } from '../../src-main/starter/instant-export.ts';
import { openJudge } from '../../src-main/starter/judge.ts';
import { judgeSet, type JudgeSet } from '../../src-main/starter/judge-pictures.ts';
import { trainJudge } from '../../src-main/starter/judge-run.ts';
import { styleView, writeView } from '../../src-main/starter/judge-view.ts';
import { labelNames, labelValues } from '../../src-main/starter/labels.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { newTrainingState } from '../../src-main/starter/snapshot.ts';
import { trainStage } from '../../src-main/starter/stage-trainer.ts';
import type { StarterRun } from '../../src-main/starter/starter-run.ts';
import {
  picturesOfStyles, styleBatch, styleJudgeLayout, styleStepGraph, trainStyleJudge,
} from '../../src-main/starter/style-judge-run.ts';
import { tinyRecipe } from './tiny-people.ts';

const recipe = { ...tinyRecipe, judge: { ...tinyRecipe.judge, people: 80, steps: 2 } };
const styles = labelValues.style;
const kind = labelNames.indexOf('style');
let folder: string;
let set: JudgeSet;
let run: StarterRun;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-styles-'));
  run = {
    recipe, cache: folder, out: folder, base: folder, judge: path.join(folder, 'judge'), tokenizer: '', passBatch: 1,
    provider: 'cpu', threads: 1, signal: new AbortController().signal,
  };
  set = await judgeSet({ folder, firstPerson: 0, people: recipe.judge.people, resolutionPx: 128, workers: 2 });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a view keeps the scale and moves by whole pixels', () => {
  const rgb = new Uint8Array(128 * 128 * 3).fill(60);
  // columns of one pixel, which any other scale would blur into each other
  for (let i = 0; i < 128 * 128; i++) if (i % 2 === 0) rgb.fill(200, i * 3, i * 3 + 3);
  const moves = new Set<number>();
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const view = { ...styleView(seededRandom(seed), 128, 128), blurs: 0, grain: 0, blotch: 0 };
    const planes = new Float32Array(3 * 128 * 128);
    writeView(rgb, 128, view, planes, 128, seededRandom(seed));
    const [a, b] = [planes[64 * 128 + 64]!, planes[64 * 128 + 65]!];
    expect(Math.abs(a - b)).toBeGreaterThan(0.9);
    expect([view.step, view.left % 1, view.top % 1].map(Math.abs)).toEqual([1, 0, 0]);
    moves.add(view.left);
  }
  expect(moves.size).toBeGreaterThan(2);
  expect(styleView(seededRandom(1), 128, 64).step).toBe(2);
});

test('a batch has the styles in turns, each in a picture of its own', () => {
  const of = picturesOfStyles(set);
  for (const [style, places] of of.entries()) {
    for (const place of places) expect(set.labels[place]![kind]).toBe(style);
  }
  const { batchSize } = recipe.styleJudge;
  const wanted = [0, 1].flatMap((step) => [...styleBatch(recipe, set, of, step).styles!.data as Float32Array]);
  for (let row = 0; row < 2 * batchSize; row++) {
    const own = wanted.slice(row * styles.length, (row + 1) * styles.length);
    expect(own.indexOf(1)).toBe(row % styles.length);
    expect(own.reduce((sum, value) => sum + value, 0)).toBe(1);
  }
  const photosAlone = { labels: set.labels.filter((own) => own[kind] === 0) };
  expect(() => picturesOfStyles(photosAlone)).toThrow('illustration');
});

test('it learns styles', async () => {
  const state = newTrainingState(initialParameters(styleJudgeLayout(recipe), 1));
  const batch = styleBatch(recipe, set, picturesOfStyles(set), 0);
  await trainStage(state, {
    step: styleStepGraph(recipe), plan: recipe.styleJudge, emaDecay: 0.9, provider: 'cpu', threads: 1,
    batch: () => batch, onSnapshot: async () => {}, onProgress: () => {},
  });
  expect(state.losses[0]).toBeCloseTo(Math.log(styles.length), 0);
  expect(Math.min(...state.losses.slice(-5))).toBeLessThan(state.losses[0]! * 0.75);
});

test('the judge names styles by it, and all else as before; one of other styles is refused', async () => {
  await trainJudge(run);
  const pictures = [0, 1, 2, 3].map((i) => (
    rgbPicture(128, 128, set.pixels.slice(i * 128 * 128 * 3, (i + 1) * 128 * 128 * 3))));
  const look = async () => {
    const judge = await openJudge(run.judge, { threads: 1 });
    const judged = await judge.judge(pictures);
    await judge.release();
    return judged;
  };
  const before = await look();
  await trainStyleJudge(run);
  const accuracy = JSON.parse(await readFile(path.join(run.judge, 'accuracy.json'), 'utf8'));
  expect(accuracy.trainedSteps).toBe(recipe.judge.steps);
  const eye = path.join(run.judge, 'style');
  const weights = await inFloat32((await openNetworkFolder(eye)).tensors);
  (weights.get('styles.bias')!.data as Float32Array)[styles.indexOf('pixel art')] = 100;
  await writeHalves(path.join(eye, 'model.safetensors'), weights);
  expect(await look()).toEqual(before.map((one) => ({ ...one, labels: { ...one.labels, style: 'pixel art' } })));
  const config = path.join(eye, 'config.json');
  const turned = JSON.parse(await readFile(config, 'utf8')) as { styles: string[] };
  await writeFile(config, JSON.stringify({ ...turned, styles: turned.styles.toReversed() }));
  await expect(openJudge(run.judge)).rejects.toThrow('other styles');
}, 60_000);
