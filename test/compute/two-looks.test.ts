// Looks out of files for two people and an LCM-LoRA, through the engine's handler: whose strength counts where, what is
// said of fast mode, and what the picture tells.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { layersFromFlat } from '../../src-main/adapter/lora-layers.ts';
import { exportKohyaLora } from '../../src-main/adapter/write-lora.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { create } from '../../src-main/compute/create.ts';
import { openProviderChooser } from '../../src-main/compute/provider-choice.ts';
import { reporterFor } from '../../src-main/compute/reporter.ts';
import {
  type CreateRequest, createRequestSchema, type DrawnPortrait, type NewCreateRequest,
} from '../../src-main/contract/engine-create.ts';
import { engineReportSchema, type NewEngineReport } from '../../src-main/contract/engine.ts';
import { readParameters } from '../../src-main/generation/portrait-file.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { generationDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { openPhoto } from '../../src-main/photos/import-photo.ts';
import { randomLora } from '../networks/tiny-checkpoint.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { root } from './engine-process.ts';

let folder: string;
let packFolder: string;
const files: Record<string, string> = {};
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-two-looks-'));
  packFolder = await writeTinyPack(join(folder, 'pack'));
  const { unetConfig, schedulerConfig } = await openCheckpoint(packFolder);
  for (const [index, name] of ['ada', 'bob', 'lcm'].entries()) {
    const modules = unetLoraModules(unetConfig, 'attention', { rank: 2 + index, loraAlpha: 2 });
    files[name] = join(folder, `${name}.safetensors`);
    const layers = layersFromFlat('unet', modules, randomLora(modules, 1 + index, 0.5));
    await exportKohyaLora(files[name], layers, 'float32', {
      unetConfig, schedulerConfig, resolutionPx: 64, trainingSteps: 1, trainingImageCount: 1,
    });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Drawn {
  readonly portraits: DrawnPortrait[];
  readonly pixels: Buffer[];
  readonly notes: string[];
}

async function drawn(change: (request: CreateRequest) => Partial<NewCreateRequest>): Promise<Drawn> {
  const outputFolder = join(folder, `out-${count++}`);
  await mkdir(outputFolder);
  const plain = createRequestSchema.parse({
    kind: 'create', checkpointPath: packFolder, provider: 'cpu', modelName: 'Tiny', version: '0.0.0',
    adapter: null, items: [{ key: 'a', prompt: 'photo', negativePrompt: '', seed: 3, adapterStrength: 0 }],
    settings: { ...generationDefaultsFor(64), samplingSteps: 2, guidanceScale: 1 }, start: null, references: [],
    outputFolder,
  });
  const reports: NewEngineReport[] = [];
  const request = createRequestSchema.parse({ ...plain, ...change(plain) });
  await create(request, reporterFor(1, (report) => reports.push(report)), {
    resourcesFolder: join(root, 'resources'), chooser: openProviderChooser(),
  });
  const parsed = reports.map((report) => engineReportSchema.parse(report));
  const portraits = parsed.flatMap((report) => (
    report.type === 'item' && report.item.kind === 'portrait' ? [report.item] : []));
  return {
    portraits, notes: parsed.flatMap((report) => (report.type === 'note' ? [report.sentence] : [])),
    pixels: await Promise.all(portraits.map(async ({ file }) => Buffer.from((await openPhoto(file)).data))),
  };
}

const lookOf = (name: string) => ({ method: 'lora' as const, file: files[name]!, word: '' });
const itemsOf = (...strengths: number[]) => ({ items: strengths.map((adapterStrength, i) => (
  { key: String(i), prompt: 'photo', negativePrompt: '', seed: 3, adapterStrength })) });
const secondOf = (name: string | null, values: number[], adapterStrength = 1): CreateRequest['second'] => ({
  adapter: name === null ? null : lookOf(name), adapterStrength, face: null, references: [], likenessRange: null,
  rangeFiles: [], mask: { columns: 2, rows: 1, values },
});
/** Two looks on one network are one of wider matrices, whose sums round otherwise. */
const isAlike = (a: Buffer, b: Buffer): boolean => a.every((value, i) => Math.abs(value - b[i]!) <= 1);

test('the look counts for its own person and where its strength is above 0', async () => {
  const [ada, bob] = [
    await drawn(() => ({ adapter: lookOf('ada'), ...itemsOf(0.8) })),
    await drawn(() => ({ adapter: lookOf('bob'), ...itemsOf(0.8) })),
  ];
  const two = (values: number[], strength = 0.8) => drawn(() => ({
    adapter: lookOf('ada'), ...itemsOf(strength), second: secondOf('bob', values, 0.8),
  }));
  expect(isAlike((await two([0, 0])).pixels[0]!, ada.pixels[0]!)).toBe(true);
  expect(isAlike((await two([1, 1])).pixels[0]!, bob.pixels[0]!)).toBe(true);
  expect(isAlike(ada.pixels[0]!, bob.pixels[0]!)).toBe(false);
  const half = await two([0, 1]);
  expect(isAlike(half.pixels[0]!, ada.pixels[0]!) || isAlike(half.pixels[0]!, bob.pixels[0]!)).toBe(false);
  const { prompt, settings } = (await readParameters(half.portraits[0]!.file))!;
  expect(prompt).toBe('photo <lora:look:0.8> <lora:second-look:0.8>');
  expect(settings.get('People')).toBe('2');
});

test('items without the look are the base model\'s, drawn in the same batch', async () => {
  const both = await drawn(() => ({ adapter: lookOf('ada'), ...itemsOf(0, 0.8) }));
  const base = await drawn(() => itemsOf(0));
  expect(both.portraits.map(({ key }) => key)).toEqual(['1', '0']);
  expect(both.pixels[1]!.equals(base.pixels[0]!)).toBe(true);
  expect(both.pixels[0]!.equals(base.pixels[0]!)).toBe(false);
});

test('fast mode draws with its LoRA beside the look, and says what it does otherwise than asked', async () => {
  const fast = (request: CreateRequest): Partial<NewCreateRequest> => ({
    settings: { ...request.settings, fast: true, guidanceScale: 7 }, fastAdapterFile: files['lcm']!,
  });
  const quick = await drawn((request) => ({ ...fast(request), adapter: lookOf('ada'), ...itemsOf(0.8) }));
  expect(quick.portraits[0]).toMatchObject({ sampler: 'lcm', guidanceScale: 2, samplingSteps: 2 });
  expect(quick.notes).toEqual([
    'Fast mode draws with the sampler that its LoRA was made for, LCM.',
    'Fast mode draws with guidance 2, the most that its LoRA was made for.',
  ]);
  const { prompt, settings } = (await readParameters(quick.portraits[0]!.file))!;
  expect([prompt, settings.get('Sampler')]).toEqual(['photo <lora:look:0.8> <lora:lcm-lora:1>', 'LCM']);
  const slow = await drawn((request) => ({
    settings: { ...request.settings, sampler: 'lcm', guidanceScale: 2 }, adapter: lookOf('ada'), ...itemsOf(0.8),
  }));
  expect(isAlike(quick.pixels[0]!, slow.pixels[0]!)).toBe(false);
});

test('a taught checkpoint and an add-on stand beside each other, each on networks of its own', async () => {
  // taught so little that it is the base model: who draws what can be told by the other's look
  const taught = { method: 'dreambooth' as const, file: await writeTinyPack(join(folder, 'taught')), word: '' };
  const base = await drawn(() => itemsOf(0));
  const bob = await drawn(() => ({ adapter: lookOf('bob'), ...itemsOf(1) }));
  const two = (values: number[]) => drawn(() => ({
    adapter: taught, ...itemsOf(1), second: secondOf('bob', values),
  }));
  expect((await two([0, 0])).pixels[0]!.equals(base.pixels[0]!)).toBe(true);
  expect((await two([1, 1])).pixels[0]!.equals(bob.pixels[0]!)).toBe(true);
  const half = await two([0, 1]);
  expect(half.pixels[0]!.equals(base.pixels[0]!) || half.pixels[0]!.equals(bob.pixels[0]!)).toBe(false);
  const both = await drawn(() => ({
    adapter: taught, ...itemsOf(1, 0), second: { ...secondOf(null, [0, 1])!, adapter: taught },
  }));
  expect(both.pixels.map((pixels) => isAlike(pixels, base.pixels[0]!))).toEqual([true, true]);
});
