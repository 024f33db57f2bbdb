// Networks beside the base models: recognised by content, used where they lie, never believed by name alone; what is
// missing, gone, changed or not agreed to is said in words.

import {
  appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, truncate, utimes, writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompanionKind } from '../../src-main/contract/companions.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { type Library, openLibrary } from '../../src-main/library/library.ts';
import { type CompanionCatalogue, readCatalogue } from '../../src-main/packs/companion-catalogue.ts';
import {
  type Companion, type CompanionMemory, type Companions, openCompanions,
} from '../../src-main/packs/companions.ts';
import { type ShelvedPack, openPackShelf } from '../../src-main/packs/pack-shelf.ts';
import { ordered, type Picklable, torchZip } from '../checkpoint/torch-writer.ts';
import { recognizerModel } from '../faces/tiny-antelope.ts';
import { openTinyCheckpoint } from '../networks/tiny-checkpoint.ts';
import { writeMiniature } from '../networks/tiny-miniature.ts';
import { tinyCatalogue, writeAntelopeFolder, writeInstantIdFolder, writeLora } from './companion-files.ts';

const resources = fileURLToPath(new URL('../../resources', import.meta.url));
const licenses = ['insightface-models', 'instantid-weights'];
let folder: string;
let library: Library;
let catalogue: CompanionCatalogue;
let companions: Companions;
let accepted: string[];
/** Files whose hash was written down, one entry a time. */
let hashed: string[];

/** As the next start would open them. */
async function reopen(): Promise<void> {
  const memory: CompanionMemory = {
    ...library.companions,
    setHash(file, known) {
      hashed.push(path.basename(file));
      library.companions.setHash(file, known);
    },
  };
  companions = await openCompanions({ catalogue, memory, acceptedLicenses: () => accepted });
}

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-companions-'));
  library = await openLibrary(path.join(folder, 'library'));
  catalogue = await tinyCatalogue();
  [accepted, hashed] = [[], []];
  await reopen();
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

const one = (kind: CompanionKind): Companion => companions.list().find((each) => each.kind === kind)!;
const kinds = (list: readonly Companion[]): string[] => list.map(({ kind }) => kind).sort();

async function refusal(location: string): Promise<UserError> {
  const error = await companions.add(location)
    .then(() => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toContain(folder);
  return error;
}

async function packOf(architecture: 'sd15' | 'sdxl'): Promise<ShelvedPack> {
  const shelf = await openPackShelf(resources, library.checkpoints);
  return { ...shelf.list()[0]!, isBuiltIn: false, architecture };
}

test('the real catalogue names every kind once, with hashes, sizes and licences', async () => {
  const real = await readCatalogue(resources);
  expect(real.companions.map(({ kind }) => kind)).toEqual(
    ['face-detector', 'face-recognizer', 'image-adapter', 'identity-net', 'fast-adapter']);
  const bytes = real.companions.map(({ files }) => files[0]!.bytes);
  expect(bytes).toEqual([16_923_827, 260_665_334, 1_691_134_141, 2_502_139_136, 393_855_224]);
  expect(new Set(real.companions.flatMap(({ files }) => files.map(({ sha256 }) => sha256))).size).toBe(6);
});

test('before anything was added, what is missing is said with size and licence', async () => {
  expect(companions.list().every(({ state, path: place }) => state === 'missing' && place === null)).toBe(true);
  expect(companions.instantIdFor(await packOf('sdxl'))).toEqual({
    places: null, isResearchOnly: true, fastAdapterFile: null,
    missing: [
      'InstantID: 4.2 GB, for research only.', 'antelopev2 face networks: 278 MB, for non-commercial research only.',
    ],
  });
  const [builtIn, antelope] = companions.engines();
  expect(builtIn).toMatchObject({ id: 'built-in', isInstalled: true, reason: '', isCommercialUseAllowed: true });
  expect(antelope).toMatchObject({
    id: 'antelopev2', isInstalled: false, licenseId: 'insightface-models', isCommercialUseAllowed: false,
    reason: expect.stringContaining('has not been added'),
  });
  expect(companions.faceNetworks('antelopev2')).toEqual({ kind: 'built-in' });
});

test('antelopev2 is found in the folder that its zip unpacks to, and used once its licence is accepted', async () => {
  const { detector, recognizer } = await writeAntelopeFolder(folder);
  expect(kinds(await companions.add(folder))).toEqual(['face-detector', 'face-recognizer']);
  expect(one('face-detector')).toMatchObject({ state: 'ready', isPublished: true, path: detector, note: '' });
  expect(one('face-recognizer').sizeBytes).toBe((await stat(recognizer)).size);
  expect(companions.faceNetworks('antelopev2')).toEqual({ kind: 'built-in' });
  expect(companions.engines()[1]).toMatchObject({
    isInstalled: true, reason: expect.stringContaining('licence has not been accepted'),
  });
  accepted = ['insightface-models'];
  expect(companions.engines()[1]).toMatchObject({ isInstalled: true, reason: '' });
  expect(companions.faceNetworks('antelopev2')).toEqual({
    kind: 'antelopev2',
    detector: { file: detector, sha256: catalogue.companions[0]!.files[0]!.sha256 },
    recognizer: { file: recognizer, sha256: catalogue.companions[1]!.files[0]!.sha256 },
  });
  expect(companions.faceNetworks('built-in')).toEqual({ kind: 'built-in' });
});

test('each of the two may lie on its own, the detector under the name that buffalo_l has for it', async () => {
  const { detector, recognizer } = await writeAntelopeFolder(folder);
  const other = path.join(folder, 'det_10g.onnx');
  await rename(detector, other);
  expect(kinds(await companions.add(other))).toEqual(['face-detector']);
  expect(companions.engines()[1]!.reason).toContain('face recogniser');
  expect(kinds(await companions.add(recognizer))).toEqual(['face-recognizer']);
  accepted = licenses;
  expect(companions.faceNetworks('antelopev2')).toMatchObject({ kind: 'antelopev2', detector: { file: other } });
});

test('an .onnx file of another hash is refused by name and not remembered', async () => {
  const { recognizer } = await writeAntelopeFolder(folder);
  const bytes = recognizerModel();
  bytes[bytes.length - 30]! ^= 1;
  await writeFile(recognizer, bytes);
  expect(await refusal(recognizer)).toMatchObject({
    code: 'models.wrong-hash', parameters: { file: 'glintr100.onnx' },
  });
  expect((await refusal(folder)).code).toBe('models.wrong-hash');
  await writeFile(recognizer, recognizerModel().subarray(0, 500));
  expect((await refusal(recognizer)).code).toBe('models.wrong-hash');
  expect(one('face-recognizer').state).toBe('missing');
  expect(library.companions.list()).toEqual([]);
});

test('paths and hashes are remembered: the next start reads no file that is as it was', async () => {
  const { recognizer } = await writeAntelopeFolder(folder);
  await companions.add(folder);
  expect(hashed.sort()).toEqual(['glintr100.onnx', 'scrfd_10g_bnkps.onnx']);
  hashed = [];
  await reopen();
  expect(hashed).toEqual([]);
  expect(one('face-recognizer').state).toBe('ready');
  const later = new Date(Date.now() + 60_000);
  await utimes(recognizer, later, later);
  expect(one('face-recognizer').state).toBe('changed');
  await reopen();
  // only the file that was touched, whose bytes turn out to be the same
  expect(hashed).toEqual(['glintr100.onnx']);
  expect(one('face-recognizer')).toMatchObject({ state: 'ready', isPublished: true });
});

test('a file that changes is not used, neither at once nor after the next start', async () => {
  accepted = licenses;
  const { recognizer } = await writeAntelopeFolder(folder);
  await companions.add(folder);
  await appendFile(recognizer, 'more');
  expect(one('face-recognizer')).toMatchObject({ state: 'changed', note: expect.stringContaining('changed') });
  expect(companions.faceNetworks('antelopev2')).toEqual({ kind: 'built-in' });
  await reopen();
  expect(one('face-recognizer')).toMatchObject({
    state: 'changed', isPublished: false, note: 'It is not the published file any more, and is not used: get it again.',
  });
  expect(companions.faceNetworks('antelopev2')).toEqual({ kind: 'built-in' });
  expect(companions.engines()[1]).toMatchObject({ isInstalled: false, reason: expect.stringContaining('not used') });
});

test('a file that was moved is said to be gone, and found again when it is back or named anew', async () => {
  accepted = licenses;
  const { imageAdapter, identityNet } = await writeInstantIdFolder(folder);
  await writeAntelopeFolder(folder);
  await companions.add(folder);
  const pack = await packOf('sdxl');
  expect(companions.instantIdFor(pack)).toMatchObject({
    places: { imageAdapter, identityNet, encoder: { kind: 'antelopev2' } }, missing: [], isResearchOnly: true,
  });
  await rename(imageAdapter, `${imageAdapter}.elsewhere`);
  expect(one('image-adapter').state).toBe('gone');
  await reopen();
  expect(one('image-adapter')).toMatchObject({ state: 'gone', fileName: 'ip-adapter.bin', path: imageAdapter });
  expect(companions.instantIdFor(pack)).toMatchObject({
    places: null, missing: ['InstantID adapter: It is not where it was: put it back or name its new place.'],
  });
  await companions.add(`${imageAdapter}.elsewhere`);
  expect(companions.instantIdFor(pack).places!.imageAdapter).toBe(`${imageAdapter}.elsewhere`);
});

test('InstantID is recognised whole, by its parts, and through links as download caches have them', async () => {
  const { imageAdapter, identityNet } = await writeInstantIdFolder(folder);
  expect(kinds(await companions.add(folder))).toEqual(['identity-net', 'image-adapter']);
  for (const part of [imageAdapter, identityNet]) expect(await companions.add(part)).toHaveLength(1);
  expect(one('identity-net')).toMatchObject({ path: identityNet, fileName: 'ControlNetModel', state: 'ready' });
  // a converted edition, which is used and said to be one
  expect(one('identity-net')).toMatchObject({ isPublished: false, note: expect.stringContaining('another edition') });
  const link = path.join(folder, 'linked');
  await symlink(identityNet, link, 'dir');
  expect(kinds(await companions.add(link))).toEqual(['identity-net']);
  expect((await readdir(path.join(folder, 'library', 'files'))).length).toBe(0);
});

test('the published weights are known by their hashes, whatever they are called', async () => {
  const { imageAdapter, identityNet } = await writeInstantIdFolder(folder);
  await companions.add(folder);
  const hashOf = (file: string): string => library.companions.hashOf(file)!.sha256;
  const names = ['diffusion_pytorch_model.safetensors', 'config.json'];
  const hashes = [hashOf(imageAdapter), ...names.map((name) => hashOf(path.join(identityNet, name)))];
  const files = catalogue.companions.slice(2, 4).flatMap((published) => published.files);
  files.forEach((file, i) => { file.sha256 = hashes[i]!; });
  await reopen();
  for (const kind of ['image-adapter', 'identity-net'] as const) {
    expect(one(kind)).toMatchObject({ isPublished: true, note: '' });
  }
  await writeFile(path.join(identityNet, 'config.json'), '{"_class_name": "ControlNetModel"}');
  await reopen();
  expect(one('identity-net')).toMatchObject({ isPublished: false, state: 'ready' });
});

test('InstantID asks for its own licence, too', async () => {
  await writeInstantIdFolder(folder);
  await writeAntelopeFolder(folder);
  await companions.add(folder);
  const pack = await packOf('sdxl');
  expect(companions.instantIdFor(pack).missing).toEqual([
    'InstantID: its licence has not been accepted (for research only).',
    'antelopev2 face networks: its licence has not been accepted (for non-commercial research only).',
  ]);
  accepted = ['insightface-models'];
  expect(companions.instantIdFor(pack).missing).toHaveLength(1);
  accepted = licenses;
  expect(companions.instantIdFor(pack).places).not.toBeNull();
  expect(companions.instantIdFor(await packOf('sd15'))).toMatchObject({
    places: null, missing: [expect.stringContaining('SDXL')], fastAdapterFile: null,
  });
});

test('a built-in pack that carries its own needs nothing else', async () => {
  const pack = { ...await packOf('sd15'), isBuiltIn: true, checkpointPath: folder };
  expect(companions.instantIdFor(pack).places).toBeNull();
  const places = await writeMiniature(path.join(folder, 'instant_id'), await openTinyCheckpoint());
  expect(companions.instantIdFor(pack)).toEqual({ places, missing: [], isResearchOnly: false, fastAdapterFile: null });
  await rm(path.join(folder, 'instant_id', 'face_encoder'), { recursive: true });
  expect(companions.instantIdFor(pack).places).toBeNull();
});

test('an LCM-LoRA is told from a LoRA of a face by the layers that it teaches', async () => {
  const attention = 'down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q';
  const face = await writeLora(path.join(folder, 'face.safetensors'), [attention]);
  expect((await refusal(face)).code).toBe('companions.other-lora');
  const fast = await writeLora(
    path.join(folder, 'pytorch_lora_weights.safetensors'), [attention, 'down_blocks_0_resnets_0_time_emb_proj']);
  expect(kinds(await companions.add(fast))).toEqual(['fast-adapter']);
  expect(one('fast-adapter')).toMatchObject({ licenseId: '', isLicenseAccepted: true, isCommercialUseAllowed: true });
  expect(companions.instantIdFor(await packOf('sdxl')).fastAdapterFile).toBe(fast);
});

test('what is malicious, cut off, of another network or nothing of all this is refused by its reader', async () => {
  const bad = path.join(folder, 'bad');
  await mkdir(bad);
  const { imageAdapter } = await writeInstantIdFolder(bad);
  await truncate(imageAdapter, (await stat(imageAdapter)).size - 700);
  expect(await refusal(bad)).toMatchObject({
    code: expect.stringMatching(/^checkpoint\./), parameters: { file: 'ip-adapter.bin' },
  });
  const harm: Picklable = { call: { global: ['posix', 'system'] }, values: [`touch ${path.join(bad, 'PWNED')}`] };
  await writeFile(imageAdapter, torchZip(new Map<Picklable, Picklable>([
    ['image_proj', { call: ordered, values: [] }], ['ip_adapter', { call: ordered, values: [] }], ['more', harm],
  ]), new Map()));
  expect((await refusal(imageAdapter)).text.what).toContain('system');
  expect(await readdir(bad)).not.toContain('PWNED');
  expect((await refusal(path.join(bad, 'nothing.bin'))).code).toBe('checkpoint.file-missing');
  const empty = path.join(folder, 'empty');
  await mkdir(empty);
  expect((await refusal(empty)).code).toBe('companions.unknown');
  expect(await refusal(path.join(resources, 'starter', 'unet', 'diffusion_pytorch_model.safetensors')))
    .toMatchObject({ code: 'companions.unknown' });
  await writeFile(path.join(folder, 'page.bin'), '<!doctype html>');
  expect((await refusal(path.join(folder, 'page.bin'))).code).toBe('checkpoint.web-page');
  expect(library.companions.list()).toEqual([]);
});
