// LoRAs and embeddings of the user's own in portraits, by the real engine: named by what was found, drawn beside no
// look, told in the PNG and the library; refused where they are gone.

import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fileContentHash } from '../../src-main/adapter/lora-hash.ts';
import { adaptableLayers } from '../../src-main/adapter/lora-layers.ts';
import { kohyaName } from '../../src-main/adapter/lora-names.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { readSafetensors } from '../../src-main/checkpoint/safetensors.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { AddOn } from '../../src-main/contract/add-ons.ts';
import type { PackId, SubjectId } from '../../src-main/contract/ids.ts';
import { normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import { foundIdOf } from '../../src-main/packs/model-facts.ts';
import { embeddingWords, withWords } from '../../src-main/studio/embedding-words.ts';
import type { Studio } from '../../src-main/studio/open-studio.ts';
import { toFloat32 } from '../../src-main/tensor/half.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';
import { openRealStudio } from './real-studio.ts';
import { writeTinyResources } from './tiny-pack.ts';

let folder: string;
let studio: Studio;
let subjectId: SubjectId;
const lora = (): string => join(folder, 'models', 'film.safetensors');
const word = (): string => join(folder, 'models', 'zqneon.safetensors');

function numbers(shape: Shape, seed: number): Tensor {
  return float32Tensor(shape, normalNumbers(seed, 0, elementCount(shape)));
}

/** A LoRA of rank 1 on the attention of the tiny pack's UNet. */
async function writeAddOns(packFolder: string): Promise<void> {
  const { unet, textEncoders } = await openCheckpoint(packFolder);
  const layers = adaptableLayers({ unet, textEncoders: [] }).filter(({ modulePath }) => modulePath.endsWith('to_q'));
  await mkdir(join(folder, 'models'));
  await writeSafetensors(lora(), new Map(layers.flatMap(({ modulePath, weightShape: [out, width] }, i) => {
    const name = kohyaName('unet', modulePath);
    return [
      [`${name}.lora_down.weight`, numbers([1, width!], i + 1)] as const,
      [`${name}.lora_up.weight`, numbers([out!, 1], i + 100)] as const,
    ];
  })));
  await writeSafetensors(word(), new Map([['emb_params', numbers([2, textEncoders[0]!.config.hiddenSize], 7)]]));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-add-ons-'));
  const resourcesFolder = await writeTinyResources(join(folder, 'resources'));
  await writeAddOns(join(resourcesFolder, 'tiny'));
  studio = await openRealStudio(join(folder, 'library'), { resourcesFolder });
  await studio.modelFolders.add(join(folder, 'models'));
  ({ id: subjectId } = await studio.run('subjects.create', { name: 'Ada', hasConsent: true, classWord: 'woman' }));
}, 60_000);
afterAll(async () => {
  await studio.close();
  await rm(folder, { recursive: true, force: true });
});

const settings = { widthPx: 64, heightPx: 64, samplingSteps: 2 };

async function draw(addOns: readonly AddOn[], packId = 'tiny' as PackId) {
  const job = await studio.run('portraits.create', {
    subjectId, packId, adapterId: null, prompts: ['a hat'], count: 1, seed: 3, settings, addOns: [...addOns],
  });
  expect(await studio.settled(job.id)).toMatchObject({ state: 'done' });
  const [portrait] = studio.library.portraits.ofJob(job.id);
  return { portrait: portrait!, png: (await studio.openMedia('portrait', portrait!.id))!.bytes };
}

const pixels = ({ png }: { png: Uint8Array }) => sharp(png).raw().toBuffer();

/** The tiny pack with the LoRA's products in its weights, computed here: W + strength * up * down, in float32. */
async function writeMerged(strength: number): Promise<string> {
  const place = join(folder, 'merged');
  await cp(join(folder, 'resources', 'tiny'), place, { recursive: true });
  const file = join(place, 'unet', 'diffusion_pytorch_model.safetensors');
  const [weights, factors] = [await readSafetensors(file), await readSafetensors(lora())];
  let merged = 0;
  for (const [name, weight] of weights) {
    const module = kohyaName('unet', name.replace(/\.weight$/, ''));
    const [down, up] = ['down', 'up'].map((side) => factors.get(`${module}.lora_${side}.weight`)?.data);
    if (!down || !up) continue;
    const [out, width] = [up.length, down.length];
    const { data } = toFloat32(weight);
    weights.set(name, float32Tensor(weight.shape, Float32Array.from({ length: out * width }, (_, at) => (
      Number(data[at]) + strength * Number(up[Math.floor(at / width)]) * Number(down[at % width])))));
    merged += 1;
  }
  expect(merged).toBe(factors.size / 2);
  await writeSafetensors(file, weights);
  return place;
}

test('a LoRA at 0.7 draws what weights do that it was merged into', async () => {
  const { id } = await studio.packs.add(await writeMerged(0.7));
  const [beside, within, plain] = [
    await draw([{ foundId: foundIdOf(lora()), strength: 0.7 }]), await draw([], id), await draw([]),
  ].map(pixels);
  const difference = (a: Buffer, b: Buffer): number => (
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0));
  // a step of the 255, where a number lies between two
  expect(difference(await beside!, await within!)).toBeLessThanOrEqual(1);
  expect(difference(await beside!, await plain!)).toBeGreaterThan(8);
}, 60_000);

test('a LoRA and an embedding change the picture by their strength and are told in it', async () => {
  const foundId = foundIdOf(lora());
  const plain = await draw([]);
  const none = await draw([{ foundId, strength: 0 }]);
  const film = await draw([{ foundId, strength: 0.7 }, { foundId: foundIdOf(word()), strength: 1.2 }]);
  expect(plain.portrait.addOns).toBeUndefined();
  expect(none.portrait.addOns).toEqual([{ foundId, strength: 0, name: 'film' }]);
  const told = (await readParameters(film.png))!;
  expect(told.prompt).toMatch(/a hat, \(zqneon:1\.2\) <lora:film:0\.7>$/);
  expect(told.settings.get('Lora hashes')).toBe(`film: ${(await fileContentHash(lora())).slice(0, 12)}`);
  expect(film.portrait.addOns!.map(({ name, strength }) => [name, strength])).toEqual([['film', 0.7], ['zqneon', 1.2]]);
  expect(await pixels(none)).toEqual(await pixels(plain));
  expect(await pixels(film)).not.toEqual(await pixels(plain));
}, 60_000);

test('one that is gone is refused before anything is drawn, and is used again when it is back', async () => {
  const addOns = [{ foundId: foundIdOf(lora()), strength: 1 }];
  const request = { subjectId, packId: 'tiny' as never, adapterId: null, prompts: ['a hat'], count: 1, addOns };
  await rename(lora(), `${lora()}.away`);
  await studio.run('models.found', {});
  await expect(studio.run('portraits.plan', request)).rejects.toMatchObject({ code: 'models.add-on-gone' });
  await rename(`${lora()}.away`, lora());
  await studio.run('models.found', {});
  expect((await studio.run('portraits.plan', request)).items).toBe(1);
});

test('an embedding\'s word goes to the end, or into the negative prompt by its name; one that is there stays', () => {
  const embedding = { kind: 'embedding', name: 'neon', word: 'neon', strength: 1 };
  const words = embeddingWords([
    embedding, { ...embedding, name: 'EasyNegative', word: 'EasyNegative', strength: 0.8 },
    { ...embedding, kind: 'lora' }, { ...embedding, strength: 0 },
  ]);
  expect(withWords({ prompt: 'a hat', negativePrompt: '' }, words))
    .toEqual({ prompt: 'a hat, neon', negativePrompt: '(EasyNegative:0.8)' });
  expect(withWords({ prompt: 'a NEON hat', negativePrompt: 'blurry, easynegative' }, words))
    .toEqual({ prompt: 'a NEON hat', negativePrompt: 'blurry, easynegative' });
});
