// Folders of the user's own models: every layout, what is recognised and what is refused, links and loops, files and
// drives that come and go. Real files and a real library; nothing is ever written to them.

import { createHash } from 'node:crypto';
import {
  chmod, mkdir, mkdtemp, readFile, readdir, rename, rm, stat, symlink, utimes, writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { writeSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { foundIdOf, packIdOf } from '../../src-main/packs/model-facts.ts';
import { type ModelFolders, openModelFolders } from '../../src-main/packs/model-folders.ts';
import { type PackShelf, openPackShelf } from '../../src-main/packs/pack-shelf.ts';
import { float32Tensor, type Shape, type Tensor } from '../../src-main/tensor/tensor.ts';
import { singleFileOf, tinyModel, writeModelFolder } from '../checkpoint/tiny-models.ts';

let resources: string;
let folder: string;
let library: Library;
let shelf: PackShelf;
let folders: ModelFolders;

const files = { sd15: singleFileOf(tinyModel('sd15')), sdxl: singleFileOf(tinyModel('sdxl')) };
const vaePrefix = 'first_stage_model.';
const zeros = (shape: Shape): Tensor => float32Tensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
const withoutVae = (all: ReadonlyMap<string, Tensor>) => (
  new Map([...all].filter(([name]) => !name.startsWith(vaePrefix))));
const vaeOf = (all: ReadonlyMap<string, Tensor>) => new Map([...all].filter(([name]) => name.startsWith(vaePrefix))
  .map(([name, tensor]) => [name.slice(vaePrefix.length), tensor]));
const attention = 'lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k';
const loraFor = (width: number) => new Map([
  [`${attention}.lora_down.weight`, zeros([1, width])], [`${attention}.lora_up.weight`, zeros([320, 1])]]);

async function put(
  name: string, tensors: ReadonlyMap<string, Tensor>, metadata?: Map<string, string>,
): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeSafetensors(file, tensors, metadata);
  return file;
}

async function reopen(): Promise<void> {
  shelf = await openPackShelf(resources, library.checkpoints);
  folders = await openModelFolders({ memory: library.modelFolders, shelf, onChange: () => undefined });
}

const kinds = (): Record<string, string> => Object.fromEntries(folders.found().map((one) => (
  [one.name, [one.kind, one.architecture ?? '-', one.state].join(' ')])));
const ownPacks = (): string[] => shelf.list().filter(({ isBuiltIn }) => !isBuiltIn).map(({ name }) => name).sort();

beforeAll(async () => {
  resources = await mkdtemp(path.join(tmpdir(), 'likeness-no-packs-'));
  await mkdir(path.join(resources, 'packs'));
});
afterAll(() => rm(resources, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-models-'));
  library = await openLibrary(path.join(folder, '.library'));
  await reopen();
});
afterEach(async () => {
  await folders.close();
  library.close();
  await rm(folder, { recursive: true, force: true });
});

test('ComfyUI: each kind by its header; what cannot be used is named with the reason and what to do', async () => {
  await put('ui/models/checkpoints/person.safetensors', files.sd15);
  await put('ui/models/checkpoints/xl.safetensors', withoutVae(files.sdxl));
  await put('ui/models/vae/sdxl_vae.safetensors', vaeOf(files.sdxl));
  await put('ui/models/loras/film.safetensors', loraFor(768), new Map([['modelspec.trigger_phrase', 'film grain']]));
  await put('ui/models/loras/flux.safetensors', new Map([
    ['lora_unet_double_blocks_0_img.lora_down.weight', zeros([200])]]));
  await put('ui/models/loras/hada.safetensors', new Map([['lora_unet_mid.hada_w1_a', zeros([200])]]));
  await put('ui/models/embeddings/neon.safetensors', new Map([['emb_params', zeros([2, 1024])]]));
  await put('ui/models/diffusion_models/part.safetensors', new Map([
    ['input_blocks.0.0.weight', zeros([4, 4, 9, 9])]]));
  await put('ui/models/upscale_models/big.safetensors', new Map([['body.weight', zeros([200])]]));
  await put('ui/venv/lib/other.safetensors', files.sd15);
  await writeFile(path.join(folder, 'ui/models/checkpoints/page.ckpt'), `<!doctype html>${' '.repeat(600)}`);
  expect(await folders.add(path.join(folder, 'ui'))).toMatchObject({
    kind: 'comfyui', state: 'ready', note: '', counts: { checkpoints: 2, loras: 1, embeddings: 1, others: 5 },
  });
  expect(kinds()).toEqual({
    person: 'checkpoint sd15 ready', xl: 'checkpoint sdxl ready', sdxl_vae: 'vae sdxl ready', film: 'lora sd15 ready',
    flux: 'lora - refused', hada: 'lora - refused', neon: 'embedding sd2 ready', part: 'other - refused',
    page: 'other - refused',
  });
  const note = (wanted: string): string => folders.found().find(({ name }) => name === wanted)!.note;
  expect(note('page')).toMatch(/is a web page.*download the file again/);
  expect(note('flux')).toMatch(/a LoRA for Flux.*Use LoRAs for/);
  expect(note('part')).toMatch(/a UNet without.*Choose the complete checkpoint/);
  expect(folders.found().find(({ name }) => name === 'film')).toMatchObject({
    words: ['film grain'], within: path.join('models', 'loras'), fileName: 'film.safetensors', packId: null,
  });
  expect(ownPacks()).toEqual(['person', 'xl']);
});

test('a checkpoint without VAE takes one of its family, or the one that the user says', async () => {
  const place = await put('m/xl.safetensors', withoutVae(files.sdxl));
  await folders.add(path.join(folder, 'm'));
  expect(ownPacks()).toEqual([]);
  expect(folders.found()[0]!.missing[0]).toContain('It has no VAE, and none for SDXL was found');
  await expect(openCheckpoint(place)).rejects.toMatchObject({ code: 'checkpoint.no-vae' });
  const vae = await put('m/xl-vae.safetensors', vaeOf(files.sdxl));
  const unnamed = await put('m/plain.safetensors', vaeOf(files.sdxl));
  const older = await put('m/vae-ft-mse-840000.safetensors', vaeOf(files.sd15));
  await folders.rescan(null);
  const pack = shelf.get(packIdOf(place));
  expect(pack.vaeFile).toBe(vae);
  const opened = await openCheckpoint(place, { vaeFile: pack.vaeFile! });
  expect([opened.vae.size > 40, opened.vaeConfig.scalingFactor]).toEqual([true, 0.13025]);
  expect(folders.setVae(pack.id, foundIdOf(unnamed))).toMatchObject({ vaeId: foundIdOf(unnamed) });
  await reopen();
  expect(shelf.get(pack.id).vaeFile).toBe(unnamed);
  const refused = expect.objectContaining({ code: 'models.not-a-vae' });
  expect(() => folders.setVae(pack.id, foundIdOf(older))).toThrow(refused);
  folders.setVae(pack.id, null);
  expect(shelf.get(pack.id).vaeFile).toBe(vae);
  await expect(openCheckpoint(place, { vaeFile: place })).rejects.toMatchObject({ code: 'checkpoint.not-a-vae' });
});

test('Hugging Face\'s cache: links into blobs, the revision in use, diffusers folders whole', async () => {
  const cache = path.join(folder, 'hub', 'models--acme--face--v1');
  const [used, old] = ['b', 'a'].map((name) => path.join(cache, 'snapshots', name.repeat(40)));
  await mkdir(path.join(cache, 'refs'), { recursive: true });
  await writeFile(path.join(cache, 'refs', 'main'), `${'b'.repeat(40)}\n`);
  for (const snapshot of [used!, old!]) {
    await mkdir(snapshot, { recursive: true });
    await writeModelFolder(snapshot, tinyModel('sd15'));
    await writeFile(path.join(snapshot, 'model_index.json'), '{}');
  }
  const blob = await put('hub/models--acme--lora/blobs/1234', loraFor(2048));
  const linked = path.join(folder, 'hub/models--acme--lora/snapshots/c');
  await mkdir(linked, { recursive: true });
  await symlink(blob, path.join(linked, 'pytorch_lora_weights.safetensors'));
  await symlink(path.join(folder, 'nowhere'), path.join(linked, 'broken.safetensors'));
  expect(await folders.add(folder)).toMatchObject({ kind: 'hugging-face', counts: { checkpoints: 1, loras: 1 } });
  expect(kinds()).toEqual({ 'acme/face/v1': 'checkpoint sd15 ready', pytorch_lora_weights: 'lora sdxl ready' });
  expect(shelf.get(packIdOf(used!)).checkpointPath).toBe(used);
});

test('nothing is written, loops end, and a second look reads only what has changed', async () => {
  const place = await put('m/a/one.safetensors', files.sd15);
  await utimes(place, 1_700_000_000, 1_700_000_000);
  await put('m/b/two.safetensors', loraFor(768));
  await symlink(path.join(folder, 'm'), path.join(folder, 'm', 'b', 'loop'));
  await symlink(place, path.join(folder, 'm', 'b', 'same.safetensors'));
  const state = async (): Promise<unknown[]> => Promise.all((await readdir(path.join(folder, 'm'), {
    recursive: true, withFileTypes: true,
  })).filter((entry) => entry.isFile()).map(async ({ parentPath, name }) => {
    const file = path.join(parentPath, name);
    return [file, (await stat(file)).mtimeMs, createHash('sha256').update(await readFile(file)).digest('hex')];
  }));
  const before = await state();
  for (const each of ['m/a', 'm/b', 'm']) await chmod(path.join(folder, each), 0o555);
  expect((await folders.add(path.join(folder, 'm'))).counts).toMatchObject({ checkpoints: 1, loras: 1 });
  expect(await state()).toEqual(before);
  for (const each of ['m/a', 'm/b', 'm']) await chmod(path.join(folder, each), 0o755);
  // same size and time: what it was is still believed; another time: it is read again
  const { size, mtime } = await stat(place);
  await writeFile(place, `<html>${' '.repeat(size - 6)}`);
  await utimes(place, mtime, mtime);
  await folders.rescan(null);
  expect(kinds()['one']).toBe('checkpoint sd15 ready');
  await utimes(place, mtime, new Date(mtime.getTime() + 5000));
  await folders.refresh();
  expect(kinds()['one']).toBe('checkpoint sd15 changed');
  expect(() => shelf.usable(packIdOf(place))).toThrow(expect.objectContaining({ code: 'packs.changed' }));
  await folders.rescan(null);
  expect([kinds()['one'], ownPacks()]).toEqual(['other - refused', []]);
});

test('a drive that goes takes its packs out of use and gives them back; a folder is forgotten', async () => {
  const place = await put('drive/one.safetensors', files.sd15);
  const folderOf = await folders.add(path.join(folder, 'drive'));
  await rename(path.join(folder, 'drive'), path.join(folder, 'away'));
  await reopen();
  expect(folders.list()[0]).toMatchObject({ state: 'gone', note: expect.stringContaining('Plug its drive in') });
  expect(shelf.get(packIdOf(place)).note).toContain('Plug its drive in');
  expect(() => shelf.usable(packIdOf(place))).toThrow(expect.objectContaining({ code: 'packs.gone' }));
  await folders.rescan(folderOf.id);
  expect(kinds()).toEqual({ one: 'checkpoint sd15 gone' });
  await rename(path.join(folder, 'away'), path.join(folder, 'drive'));
  await folders.refresh();
  expect([folders.list()[0]!.state, shelf.usable(packIdOf(place)).state]).toEqual(['ready', 'ready']);
  folders.forget(folderOf.id);
  expect([folders.list(), folders.found(), ownPacks()]).toEqual([[], [], []]);
  expect((await stat(place)).isFile()).toBe(true);
});

test('a file that vanished is not offered any more; one is named alone, or refused with what it is', async () => {
  const one = await put('m/one.safetensors', files.sd15);
  await put('m/two.safetensors', loraFor(768));
  await folders.add(path.join(folder, 'm'));
  await rm(one);
  expect(() => shelf.usable(packIdOf(one))).toThrow(expect.objectContaining({ code: 'packs.gone' }));
  await folders.rescan(null);
  expect([Object.keys(kinds()), ownPacks()]).toEqual([['two'], []]);
  const alone = await put('alone.safetensors', files.sdxl);
  expect(await folders.add(alone)).toMatchObject({ kind: 'file', counts: { checkpoints: 1 } });
  const page = path.join(folder, 'page.safetensors');
  await writeFile(page, `<!doctype html>${' '.repeat(600)}`);
  await expect(folders.add(page)).rejects.toMatchObject({ code: 'models.not-usable' });
  await expect(folders.add(path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'models.place-missing' });
  // a folder around what is known takes it up, and one inside is read as a part of it
  await folders.add(folder);
  expect(folders.list().map(({ kind }) => kind)).toEqual(['folder']);
  await folders.add(path.join(folder, 'm'));
  expect(folders.list()).toHaveLength(1);
});

test('A1111: its folders, a .yaml that says v, a trigger in a .json, and ComfyUI\'s extra paths', async () => {
  await put('web/models/Stable-diffusion/v.safetensors', files.sd15);
  await writeFile(
    path.join(folder, 'web/models/Stable-diffusion/v.yaml'), 'model:\n  params:\n    parameterization: "v"\n');
  await put('web/models/Lora/style.safetensors', loraFor(768));
  await writeFile(path.join(folder, 'web/models/Lora/style.json'), JSON.stringify({ 'activation text': 'zq style' }));
  await put('web/embeddings/bad.safetensors', new Map([['emb_params', zeros([1, 768])]]));
  expect(await folders.add(path.join(folder, 'web'))).toMatchObject({ kind: 'a1111', counts: { embeddings: 1 } });
  const found = Object.fromEntries(folders.found().map((one) => [one.name, one]));
  expect(found['v']!.predictionType).toBe('v_prediction');
  expect(found['style']!.words).toEqual(['zq style']);
  const checkpoint = await openCheckpoint(path.join(folder, 'web/models/Stable-diffusion/v.safetensors'));
  expect(checkpoint.schedulerConfig.predictionType).toBe('v_prediction');
  await mkdir(path.join(folder, 'comfy/models/checkpoints'), { recursive: true });
  await put('shared/sd/mine.safetensors', files.sdxl);
  const yaml = 'a111:\n  base_path: ../shared\n  checkpoints: sd\n';
  await writeFile(path.join(folder, 'comfy/extra_model_paths.yaml'), yaml);
  await folders.add(path.join(folder, 'comfy'));
  expect(kinds()['mine']).toBe('checkpoint sdxl ready');
});
