// InstantID in miniature: points of rendered portraits, networks that learn at toy size, runs that resume, and files
// that open as InstantID's do.

import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { headCrop, headSquare } from '../../src-main/faces/head-crop.ts';
import { openPackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import { openInstantIdAt } from '../../src-main/networks/instant-id.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { adoptedParameters } from '../../src-main/starter/adopt-stage.ts';
import { faceBatch, faceLayout, faceStepGraph } from '../../src-main/starter/face-stage.ts';
import { initialParameters, tensorsOf } from '../../src-main/starter/flat-parameters.ts';
import { identityNumberCount, identityNumbers } from '../../src-main/starter/identity-numbers.ts';
import { instantBatch } from '../../src-main/starter/instant-batches.ts';
import { exportInstantId, readInstantId } from '../../src-main/starter/instant-export.ts';
import { initialInstant, instantLayout, instantNetworks } from '../../src-main/starter/instant-networks.ts';
import { instantStepGraph } from '../../src-main/starter/instant-stage.ts';
import { renderPersonPicture, trainingIdentity } from '../../src-main/starter/people.ts';
import { portraitPoints } from '../../src-main/starter/portrait-points.ts';
import { renderPortrait } from '../../src-main/starter/portrait-renderer.ts';
import { newTrainingState, readSnapshot, type TrainingState, writeSnapshot } from '../../src-main/starter/snapshot.ts';
import { trainStage } from '../../src-main/starter/stage-trainer.ts';
import type { SplitBatch } from '../../src-main/starter/step-runner.ts';
import { learningRateAt } from '../../src-main/starter/training-schedule.ts';
import { starterNoiseSchedule } from '../../src-main/starter/unet-stage.ts';
import { verification } from '../../src-main/starter/verification.ts';
import { toFloat32, toFloatDType } from '../../src-main/tensor/half.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { tinyBase, tinyInstantSet, tinyPeople, tinyRecipe } from './tiny-people.ts';

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-instant-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the five points of a portrait lie where the detector finds them', async () => {
  const analyzer = await openFaceAnalyzer({ threads: 1 });
  const errors: number[] = [];
  for (const seed of [900_101, 900_102, 900_103, 900_104]) {
    const { rgb, attributes } = await renderPortrait(seed, {
      attributes: {
        style: 'photo', glasses: 'none', hat: 'none', expression: 'neutral', isBacklit: false, rollDegrees: 9,
          shiftX: 5,
        size: 0.9,
      },
    });
    const [face] = await analyzer.analyze(rgbPicture(128, 128, rgb));
    const points = portraitPoints(attributes, 128);
    face!.points.forEach(({ x, y }, i) => errors.push(Math.hypot(x - points[i]!.x, y - points[i]!.y)));
  }
  await analyzer.release();
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(2);
  expect(Math.max(...errors)).toBeLessThan(4.5);
}, 60_000);

test('the head crop is upright and takes in what lies around the points', async () => {
  const level = [[51, 46], [77, 46], [64, 62], [54, 74], [74, 74]].map(([x, y]) => ({ x: x!, y: y! }));
  const turned = level.map(({ x, y }) => ({ x: 64 - (y - 64), y: 64 + (x - 64) }));
  const square = headSquare(turned as never);
  expect(square.angle).toBeCloseTo(Math.PI / 2, 2);
  expect(square.edge).toBeGreaterThan(85);
  expect(square.edge).toBeLessThan(110);
  expect(headSquare(turned as never, 1.5).edge).toBeCloseTo(square.edge * 1.5);
  const grey = rgbPicture(128, 128, new Uint8Array(128 * 128 * 3).fill(90));
  expect([...headCrop(grey, turned as never, 16)].every((value) => Math.abs(value - 90) < 0.01)).toBe(true);
});

test('people keep their identity over pictures, and captions keep quiet about it', async () => {
  const [first, second, drawn] = await Promise.all([0, 1, 3].map((i) => renderPersonPicture(
    { ...tinyRecipe, people: { ...tinyRecipe.people, pictures: 4 } }, 3, i)));
  expect(identityNumbers(first!.attributes)).toEqual(identityNumbers(second!.attributes));
  expect(identityNumbers(trainingIdentity(3))).toEqual(identityNumbers(drawn!.attributes));
  expect(identityNumbers(trainingIdentity(4))).not.toEqual(identityNumbers(trainingIdentity(3)));
  expect(identityNumbers(trainingIdentity(3))).toHaveLength(identityNumberCount);
  expect(first!.attributes.style).toBe('photo');
  expect(first!.caption).toMatch(/\b(man|woman|person|boy|girl|child)\b/);
  expect(first!.caption).not.toMatch(/hair|beard|skin|(brown|blue|green|grey|hazel) eyes/);
});

test('with a limit of time the learning rate follows the clock, and the stage ends with a snapshot', async () => {
  const plan = { ...tinyRecipe.face, learningRate: 1, warmUpSteps: 2, constantShare: 0.5, finalShare: 0.1, steps: 100 };
  expect(learningRateAt(plan, 50, 0.4)).toBe(1);
  expect(learningRateAt(plan, 10, 0.75)).toBeCloseTo(0.55);
  expect(learningRateAt(plan, 10, 1.2)).toBeCloseTo(0.1);
  let saved = 0;
  const state = newTrainingState(initialParameters(faceLayout(tinyRecipe), 1));
  await trainFace(state, { minutes: 1e-6, onSnapshot: async () => { saved++; } });
  expect([state.step, saved]).toEqual([1, 1]);
  expect(state.spentMs).toBeGreaterThan(0);
});

async function trainFace(state: TrainingState, more: object = {}): Promise<void> {
  const set = tinyPeople();
  const decoded = { crops: set.crops, placeOf: new Map([[0, 0]]) };
  await trainStage(state, {
    step: faceStepGraph(tinyRecipe), plan: tinyRecipe.face, emaDecay: 0.9,
    provider: 'cpu', threads: 1, batch: (step) => faceBatch(tinyRecipe, set, decoded, step),
    onSnapshot: async () => {}, onProgress: () => {}, ...more,
  });
}

test('the face encoder learns to tell people apart', async () => {
  const state = newTrainingState(initialParameters(faceLayout(tinyRecipe), 1));
  await trainFace(state);
  expect(Math.min(...state.losses.slice(-5))).toBeLessThan(state.losses[0]! * 0.7);
});

test('a batch shows the face of another picture of the same person, or none', () => {
  const recipe = { ...tinyRecipe, instant: { ...tinyRecipe.instant, batchSize: 200 } };
  const feeds = instantBatch(recipe, tinyInstantSet(), starterNoiseSchedule(), 3);
  const faces = feeds.faceEmbedding!.data as Float32Array;
  const shares = new Set<number>();
  for (let item = 0; item < 200; item++) {
    const value = Math.abs(faces[item * 8]!);
    shares.add(value === 0 ? 0 : 1);
    // pictures of the people held out are the last six of 24
    expect(value).toBeLessThan(19);
  }
  expect(shares.size).toBe(2);
  const kept = (feeds.tokenShare!.data as Float32Array).reduce((sum, value) => sum + value, 0);
  expect(kept).toBeGreaterThan(150);
  expect(kept).toBeLessThan(200);
  const weights = feeds.lossWeight!.data as Float32Array;
  expect(weights.reduce((sum, value) => sum + value, 0) / weights.length).toBeCloseTo(1, 4);
  expect(weights[8 * 16 + 8]! / weights[0]!).toBeCloseTo(3, 4);
});

async function trainInstant(state: TrainingState, steps: number): Promise<TrainingState> {
  const set = tinyInstantSet();
  const plan = { ...tinyRecipe.instant, constantShare: 1, steps };
  // one batch again and again: with so few steps only that must get better
  const batch = instantBatch(tinyRecipe, set, starterNoiseSchedule(), 0);
  await trainStage(state, {
    step: instantStepGraph(tinyRecipe, tinyBase()), plan, emaDecay: 0.9, provider: 'cpu',
    threads: 1, batch: () => batch, onSnapshot: async () => {}, onProgress: () => {},
  });
  return state;
}

function newInstant(): TrainingState {
  const networks = instantNetworks(tinyRecipe, tinyBase());
  const layout = instantLayout(networks);
  return newTrainingState(initialInstant(layout, networks, tinyBase(), 1));
}

test('IdentityNet begins as the UNet with nothing to add, image attention as the text\'s', () => {
  const base = tinyBase();
  const networks = instantNetworks(tinyRecipe, base);
  const layout = instantLayout(networks);
  const values = initialInstant(layout, networks, base, 1);
  const of = (name: string) => {
    const { offset, size } = layout.entries.find((entry) => entry.name === name)!;
    return [...values.subarray(offset, offset + size)];
  };
  const known = (name: string) => [...base.unet.get(name)!.data as Float32Array];
  expect(of('identity_net.conv_in.weight')).toEqual(known('conv_in.weight'));
  expect(of('identity_net.controlnet_mid_block.weight').every((value) => value === 0)).toBe(true);
  // what is drawn of the points gets through: no layer takes away most of its variance
  const closing = of('identity_net.controlnet_cond_embedding.conv_out.weight');
  const variance = closing.reduce((sum, value) => sum + value * value, 0) / closing.length;
  const fanIn = tinyRecipe.instant.conditioningChannels.at(-1)! * 9;
  expect(variance * fanIn).toBeGreaterThan(2);
  expect(variance * fanIn).toBeLessThan(4);
  expect(of('identity_net.controlnet_cond_embedding.blocks.0.bias').every((value) => value === 0)).toBe(true);
  const attention = 'down_blocks.0.attentions.0.transformer_blocks.0.attn2';
  expect(of(`image_attention.${attention}.to_k_ip.weight`)).toEqual(known(`${attention}.to_k.weight`));
  expect(of('resampler.layers.0.1.0.weight').every((value) => value === 1)).toBe(true);
});

test('InstantID learns, resumes exactly, and its files open beside the pack', async () => {
  const whole = await trainInstant(newInstant(), 8);
  expect(Math.min(...whole.losses.slice(-3))).toBeLessThan(whole.losses[0]!);
  const half = await trainInstant(newInstant(), 4);
  const file = path.join(folder, 'half.safetensors');
  await writeSnapshot(file, half);
  const resumed = (await readSnapshot(file, half.parameters.length))!;
  await trainInstant(resumed, 8);
  expect(Buffer.from(resumed.parameters.buffer).equals(Buffer.from(whole.parameters.buffer))).toBe(true);
  expect(Buffer.from(resumed.average.buffer).equals(Buffer.from(whole.average.buffer))).toBe(true);

  const base = tinyBase();
  const pack = path.join(folder, 'instant_id');
  const face = initialParameters(faceLayout(tinyRecipe), 2);
  await exportInstantId(pack, tinyRecipe, base, { instant: whole.average, face });
  const networks = instantNetworks(tinyRecipe, base);
  const again = await readInstantId(pack, base);
  const halves = (values: Float32Array) => (
    [...toFloat32(toFloatDType(float32Tensor([values.length], values), 'float16')).data]);
  expect([...adoptedParameters(instantLayout(networks), again.instant, 1)]).toEqual(halves(whole.average));
  const encoderAgain = tensorsOf(faceLayout(tinyRecipe), adoptedParameters(faceLayout(tinyRecipe), again.face, 2),
    'face_encoder');
  for (const [name, tensor] of tensorsOf(faceLayout(tinyRecipe), face, 'face_encoder')) {
    expect([...encoderAgain.get(name)!.data]).toEqual(halves(tensor.data as Float32Array));
  }
  const encoderFolder = path.join(pack, 'face_encoder');
  const opened = await openInstantIdAt({
    imageAdapter: path.join(pack, 'ip-adapter.safetensors'), identityNet: path.join(pack, 'ControlNetModel'),
    encoder: { kind: 'pack', folder: encoderFolder },
  }, { ...base, path: pack });
  expect(opened.resampler.config).toEqual(networks.resampler);
  expect([...opened.imageAttention.keys()].every((name) => name.includes('attn2.to_'))).toBe(true);
  expect(opened.identityNet.config).toEqual(networks.identityNet);
  const encoder = await openPackFaceEncoder(encoderFolder, { threads: 1 });
  expect(encoder.length).toBe(8);
  const picture = tinyPeople().pixels.slice(0, 128 * 128 * 3);
  const embedding = await encoder.embedPoints(rgbPicture(128, 128, picture), tinyPeople().points[0]!);
  expect(embedding.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(8, 2);
  await encoder.release();
}, 120_000);

test('a step in shares on two threads is the step in one session', async () => {
  const base = tinyBase();
  const stepOf = (batchSize: number) => (
    instantStepGraph({ ...tinyRecipe, instant: { ...tinyRecipe.instant, batchSize } }, base));
  const plan = { ...tinyRecipe.instant, steps: 2 };
  const run = async (split?: SplitBatch): Promise<TrainingState> => {
    const state = newInstant();
    await trainStage(state, {
      step: stepOf(2), plan, emaDecay: 0.9, provider: 'cpu', threads: 1, split,
      batch: (step) => instantBatch(tinyRecipe, tinyInstantSet(), starterNoiseSchedule(), step),
      onSnapshot: async () => {}, onProgress: () => {},
    });
    return state;
  };
  const whole = await run();
  const shared = await run({ share: stepOf(1), batchSize: 2, workers: 2 });
  whole.losses.forEach((loss, i) => expect(shared.losses[i]).toBeCloseTo(loss, 4));
  // Adam's first steps follow the sign of a gradient: most numbers agree closely, those of no gradient may not
  const off = whole.parameters.filter((value, i) => Math.abs(value - shared.parameters[i]!) > 1e-3).length;
  expect(off / whole.parameters.length).toBeLessThan(0.01);
  await expect(run({ share: stepOf(1), batchSize: 2, workers: 3 })).rejects.toThrow('shares');
}, 60_000);

test('verification tells people who lie apart from people who do not', () => {
  const at = (degrees: number) => Float32Array.of(Math.cos(degrees / 57.3), Math.sin(degrees / 57.3));
  const clear = verification([[at(0), at(3), at(5)], [at(90), at(92), at(95)], [at(180), at(182), at(184)]]);
  expect(clear).toMatchObject({ pairAccuracy: 1, nearestShare: 1 });
  expect(clear.sameCosine).toBeGreaterThan(clear.otherCosine);
  const mixed = verification([[at(0), at(90)], [at(1), at(91)], [at(2), at(92)]]);
  expect(mixed.nearestShare).toBeLessThan(0.5);
});
