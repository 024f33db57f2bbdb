// The starter pack's training: schedules, initial values, losses that fall, and runs that resume as if never stopped.

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { FacePoints } from '../../src-main/faces/face.ts';
import { readTensor } from '../../src-main/checkpoint/safetensors.ts';
import { adoptedDenoiser, adoptSnapshot } from '../../src-main/starter/adopt-stage.ts';
import { openBasePack } from '../../src-main/starter/base-pack.ts';
import { flatScope, initialParameters, tensorsOf } from '../../src-main/starter/flat-parameters.ts';
import { labelNames, labelValues } from '../../src-main/starter/labels.ts';
import { exportPack, lossCsv } from '../../src-main/starter/pack-export.ts';
import { packSizes } from '../../src-main/starter/pack-size.ts';
import { packVocabularySize } from '../../src-main/starter/pack-vocabulary.ts';
import { learningRateAt, recipeSchema, type StarterRecipe, starterRecipe } from '../../src-main/starter/recipe.ts';
import { renderDataset } from '../../src-main/starter/rendered-dataset.ts';
import {
  adoptedTrainingState, newTrainingState, readSnapshot, type TrainingState, writeSnapshot,
} from '../../src-main/starter/snapshot.ts';
import { trainStage } from '../../src-main/starter/stage-trainer.ts';
import { starterNetworks } from '../../src-main/starter/starter-networks.ts';
import { adoptTextEncoder, textBatch, textLayout, textStepGraph } from '../../src-main/starter/text-stage.ts';
import { usedTokenRows } from '../../src-main/starter/token-rows.ts';
import { unetBatch, vaeBatch } from '../../src-main/starter/training-batches.ts';
import { denoiserLayout, starterNoiseSchedule, unetStepGraph } from '../../src-main/starter/unet-stage.ts';
import { vaeLayout, vaeStepGraph } from '../../src-main/starter/vae-stage.ts';
import { toFloat32, toFloatDType } from '../../src-main/tensor/half.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { openClipTokenizer } from '../../src-main/text/tokenizer.ts';

/** Small enough for seconds: narrow networks, small crops, a handful of pictures. */
const tiny: StarterRecipe = recipeSchema.parse({
  ...starterRecipe, portraits: 8, textures: 2, heldOut: 2,
  vae: { ...starterRecipe.vae, blockOutChannels: [4, 8, 8, 8], latentChannels: 4, normGroups: 2, cropPx: 32,
    batchSize: 2, steps: 12,
    warmUpSteps: 2, colourHelpSteps: 4 },
  unet: { ...starterRecipe.unet, blockOutChannels: [8, 8, 8, 8], normGroups: 4, heads: 2, portraits: 8, batchSize: 2,
    steps: 12, warmUpSteps: 2 },
  text: { ...starterRecipe.text, batchSize: 4, steps: 150, warmUpSteps: 2 },
  textEncoder: { width: 8, layers: 1, heads: 2 },
});

let folder: string;
beforeAll(async () => { folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-starter-')); });
afterAll(() => rm(folder, { recursive: true, force: true }));

const sets = async () => {
  const common = { folder, from: 0, resolutionPx: 128, workers: 1 } as const;
  return {
    portraits: await renderDataset({ ...common, kind: 'portraits', count: tiny.portraits }),
    textures: await renderDataset({ ...common, kind: 'textures', count: tiny.textures }),
  };
};

async function runVae(state: TrainingState, steps: number, recipe = tiny): Promise<TrainingState> {
  const { portraits, textures } = await sets();
  await trainStage(state, {
    step: vaeStepGraph(recipe), plan: { ...recipe.vae, constantShare: 1, steps },
      emaDecay: 0.9, provider: 'cpu',
    threads: 1, batch: (step) => vaeBatch(recipe, portraits, textures, step), onSnapshot: async () => {},
      onProgress: () => {},
  });
  return state;
}

/** What pictures show, as far as training asks: nothing that is labelled, and a face in the middle. */
const shown = (count: number) => ({
  count, captionsEach: 1, plain: new Int32Array(),
  labels: Array.from({ length: count }, () => labelNames.map(() => -1)),
  points: Array.from({ length: count }, (): FacePoints => (
    [{ x: 52, y: 56 }, { x: 76, y: 56 }, { x: 64, y: 68 }, { x: 54, y: 82 }, { x: 74, y: 82 }])),
});

const newVae = () => newTrainingState(initialParameters(vaeLayout(starterNetworks(tiny).vae), tiny.seed));

test('the learning rate warms up, stays, and falls to its final share', () => {
  const plan = { ...starterRecipe.unet, steps: 1000, warmUpSteps: 100, constantShare: 0.5, learningRate: 1,
    finalShare: 0.1 };
  expect(learningRateAt(plan, 0)).toBeCloseTo(0.01);
  expect(learningRateAt(plan, 300)).toBe(1);
  expect(learningRateAt(plan, 750)).toBeCloseTo(0.55);
  expect(learningRateAt(plan, 1000)).toBeCloseTo(0.1);
});

test('initial values: norms at one and zero, the log-variance low, closing layers of the denoiser at zero', () => {
  const layout = denoiserLayout(tiny, 5);
  const values = initialParameters(layout, 1);
  const of = (name: string) => {
    const { offset, size } = layout.entries.find((entry) => entry.name === name)!;
    return values.subarray(offset, offset + size);
  };
  expect(of('unet.conv_norm_out.weight').every((value) => value === 1)).toBe(true);
  expect(of('unet.conv_out.weight').every((value) => value === 0)).toBe(true);
  expect(of('unet.conv_in.weight').some((value) => value !== 0)).toBe(true);
  const vae = vaeLayout(starterNetworks(tiny).vae);
  const bias = vae.entries.find((entry) => entry.name === 'vae.quant_conv.bias')!;
  const vaeValues = initialParameters(vae, 1);
  expect([...vaeValues.subarray(bias.offset + bias.size / 2, bias.offset + bias.size)]).toEqual([-6, -6, -6, -6]);
  expect(() => flatScope(undefined as never, vae, undefined as never, 'vae').parameter('nothing',
    [])).toThrow('nothing');
});

test('the autoencoder loss falls within a few steps', async () => {
  const state = await runVae(newVae(), 12);
  expect(state.losses).toHaveLength(12);
  expect(Math.min(...state.losses.slice(-4))).toBeLessThan(state.losses[0]! * 0.9);
});

test('a run resumed from its snapshot ends with the very numbers of an uninterrupted one', async () => {
  const whole = await runVae(newVae(), 6);
  const half = await runVae(newVae(), 3);
  const file = path.join(folder, 'half.safetensors');
  await writeSnapshot(file, half);
  const resumed = await readSnapshot(file, half.parameters.length);
  await runVae(resumed!, 6);
  expect(resumed!.step).toBe(6);
  expect(Buffer.from(resumed!.parameters.buffer).equals(Buffer.from(whole.parameters.buffer))).toBe(true);
  expect(Buffer.from(resumed!.average.buffer).equals(Buffer.from(whole.average.buffer))).toBe(true);
  expect(resumed!.losses.map((loss) => Math.fround(loss))).toEqual(whole.losses.map((loss) => Math.fround(loss)));
});

test('a snapshot of another recipe is refused', async () => {
  const file = path.join(folder, 'other.safetensors');
  await writeSnapshot(file, newTrainingState(new Float32Array(3)));
  await expect(readSnapshot(file, 4)).rejects.toThrow('another recipe');
  expect(await readSnapshot(path.join(folder, 'none.safetensors'), 4)).toBeUndefined();
});

test('denoiser and text encoder learn together, and the pack opens as a checkpoint', async () => {
  const tokenizer = await openClipTokenizer('resources/tokenizer');
  const captions = Array.from({ length: 8 }, (_, i) => `photo of a ${i % 2 ? 'man' : 'woman'}, blue background`);
  const rows = usedTokenRows(tokenizer, captions);
  const layout = denoiserLayout(tiny, rows.ids.length);
  const state = newTrainingState(initialParameters(layout, 3));
  const values = Float32Array.from({ length: 8 * 4 * 256 }, (_, i) => Math.sin(i / 40));
  const set = { ...shown(8), values, channels: 4, sizePx: 16, tokenRows: rows.rowsOfAll(captions),
    emptyRows: rows.rowsOf('') };
  await trainStage(state, {
    step: unetStepGraph(tiny, rows.ids.length), plan: tiny.unet, emaDecay: 0.9,
      provider: 'cpu',
    threads: 1, batch: (step) => unetBatch(tiny, set, starterNoiseSchedule(), step), onSnapshot: async () => {},
      onProgress: () => {},
  });
  expect(Math.min(...state.losses.slice(-3))).toBeLessThan(state.losses[0]!);
  const vae = newVae();
  const pack = path.join(folder, 'pack');
  await exportPack(pack, {
    recipe: tiny, latentScale: 0.5, tokenIds: rows.ids, denoiser: { layout, parameters: state.average },
    vae: { layout: vaeLayout(starterNetworks(tiny).vae), parameters: vae.average },
  }, 'resources');
  const checkpoint = await openCheckpoint(pack);
  expect(checkpoint.layout).toBe('diffusers-folder');
  expect(checkpoint.vaeConfig.scalingFactor).toBe(0.5);
  expect(checkpoint.schedulerConfig.predictionType).toBe('v_prediction');
  const { weights } = checkpoint.textEncoders[0]!;
  const counted = packSizes(tiny);
  const sizeOf = async (file: string) => (await stat(path.join(pack, file))).size;
  expect(await sizeOf('unet/diffusion_pytorch_model.safetensors')).toBe(counted.unet);
  expect(await sizeOf('vae/diffusion_pytorch_model.safetensors')).toBe(counted.vae);
  expect(await sizeOf('text_encoder/model.safetensors')).toBe(counted.textEncoder);
  const table = await readTensor(weights.get('text_model.embeddings.token_embedding.weight')!);
  expect(table.shape).toEqual([packVocabularySize, 8]);
  // the pack reads captions by its own numbers, and finds the rows that were trained for them
  const own = await openClipTokenizer(checkpoint.tokenizerFolder!);
  expect(checkpoint.textEncoders[0]!.config).toMatchObject({ vocabSize: own.vocabularySize, endOfTextId: own.endId });
  const trained = tensorsOf(layout, state.average, 'text_encoder')
    .get('text_model.embeddings.token_embedding.weight')!;
  const halves = toFloatDType(trained, 'float16').data;
  for (const caption of ['', ...captions.slice(0, 2)]) {
    const places = rows.rowsOf(caption);
    const wanted = [...places].flatMap((row) => [...halves.subarray(row * 8, row * 8 + 8)]);
    const found = own.encodePrompt(caption).flatMap((id) => [...table.data.subarray(id * 8, id * 8 + 8)]);
    expect(found).toEqual(wanted);
  }
  // training can go on from the pack alone, which keeps halves
  const base = await openBasePack(pack);
  const adopted = await adoptedDenoiser(layout, base, tokenizer, rows.ids, 1);
  const kept = toFloat32(toFloatDType(float32Tensor([layout.size], state.average), 'float16')).data;
  expect(Buffer.from(adopted.buffer).equals(Buffer.from(kept.buffer))).toBe(true);
  const file = path.join(folder, 'adopted.safetensors');
  await mkdir(path.join(pack, 'training'), { recursive: true });
  await writeFile(path.join(pack, 'training', 'unet-loss.csv'), lossCsv(Array.from({ length: 60 }, () => 0.25), 20));
  await adoptSnapshot(pack, 'unet', file, () => adopted);
  expect(await readSnapshot(file, layout.size)).toMatchObject({ step: 60, begunAt: 60, spentMs: 0 });
  await adoptSnapshot(pack, 'unet', file, () => { throw new Error('a snapshot that is there stays'); });
  await expect(adoptedDenoiser(denoiserLayout(starterRecipe, rows.ids.length), base, tokenizer, rows.ids, 1))
    .rejects.toThrow('another recipe');
});

test('what goes on from a pack warms up again, with moments as young as they are', async () => {
  const state = adoptedTrainingState(initialParameters(vaeLayout(starterNetworks(tiny).vae), 1), [1, 1, 1, 1, 1]);
  const before = state.parameters.slice();
  await runVae(state, 6);
  expect(state.step).toBe(6);
  // Adam's first step is as long as the rate, which is half of the full one where two steps warm up
  const moved = Math.max(...state.parameters.map((value, i) => Math.abs(value - before[i]!)));
  expect(moved / (tiny.vae.learningRate / 2)).toBeCloseTo(1, 1);
});

test('the text encoder learns what captions look like, and the denoiser takes it over', async () => {
  const captions = Array.from({ length: 10 }, (_, i) => `photo of a man, ${i % 2 ? 'red' : 'blue'} background`);
  const rows = usedTokenRows(await openClipTokenizer('resources/tokenizer'), captions);
  const layout = textLayout(tiny, rows.ids.length);
  const state = newTrainingState(initialParameters(layout, 3));
  // pictures of one caption are alike, those of the other are their opposite
  const values = Float32Array.from({ length: 10 * 4 * 256 }, (_, i) => (Math.floor(i / 1024) % 2 ? 1 : -1));
  const set = {
    ...shown(10), values, channels: 4, sizePx: 16, tokenRows: rows.rowsOfAll(captions), emptyRows: rows.rowsOf(''),
  };
  await trainStage(state, {
    step: textStepGraph(tiny, rows.ids.length),
    plan: { ...tiny.text, learningRate: 1e-2 }, emaDecay: 0.9, provider: 'cpu', threads: 1,
    batch: (step) => textBatch(tiny, set, step), onSnapshot: async () => {}, onProgress: () => {},
  });
  expect(state.losses.at(-1)!).toBeLessThan(0.5);
  const denoiser = denoiserLayout(tiny, rows.ids.length);
  const target = new Float32Array(denoiser.size);
  adoptTextEncoder(target, denoiser, state.parameters, layout);
  const name = 'text_encoder.text_model.final_layer_norm.weight';
  const [from, to] = [layout, denoiser].map(({ entries }) => entries.find((entry) => entry.name === name)!);
  expect(target.subarray(to!.offset, to!.offset + to!.size))
    .toEqual(state.parameters.subarray(from!.offset, from!.offset + from!.size));
});

test('the text encoder learns labels where they are shown, and is not asked for others', () => {
  const labels = shown(4).labels.map((none) => none.map((_, kind) => (kind === 0 ? 3 : -1)));
  const set = { ...shown(4), labels, values: new Float32Array(4 * 4 * 256), channels: 4, sizePx: 16,
    tokenRows: new Int32Array(4 * 77), emptyRows: new Int32Array(77) };
  const { target, counts } = textBatch({ ...tiny, text: { ...tiny.text, batchSize: 1, labelWeight: 5 } }, set, 0);
  const pooled = 4 * 4 * 4;
  const styles = labelValues.style.length;
  expect([...(target!.data as Float32Array).slice(pooled, pooled + styles)])
    .toEqual(labelValues.style.map((_, i) => (i === 3 ? 1 : 0)));
  expect([...(counts!.data as Float32Array).slice(0, pooled)].every((count) => count === 1)).toBe(true);
  expect([...(counts!.data as Float32Array).slice(pooled)].filter((count) => count === 5)).toHaveLength(styles);
});

test('loss curves are means over equal stretches', () => {
  expect(lossCsv([1, 3, 5, 7, 9], 2)).toBe('step,loss\n2,2.0000\n4,6.0000\n');
});

test('the recipe in the repository is valid', async () => {
  expect(recipeSchema.parse(starterRecipe)).toEqual(starterRecipe);
  expect(JSON.parse(await readFile('package.json', 'utf8')).scripts['starter:train']).toBeTruthy();
});
