// The engine's request for instant portraits, on a real library: whose pictures, which pose, measured by whom.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRequestSchema } from '../../src-main/contract/engine-create.ts';
import type { FaceNetworks, InstantIdPlaces } from '../../src-main/contract/engine-faces.ts';
import type { FaceEngineId, FacePointsInPicture, Pose } from '../../src-main/contract/faces.ts';
import type { AdapterId, JobId, PackId, PhotoId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { CreateParameters } from '../../src-main/jobs/job-parameters.ts';
import { type Library, newId, openLibrary } from '../../src-main/library/library.ts';
import { fastDefaults } from '../../src-main/generation/fast-mode.ts';
import { generationDefaultsFor, instantDefaultsFor } from '../../src-main/packs/default-settings.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { groupsOf, type WantedPortrait } from '../../src-main/studio/create-groups.ts';
import { createRequest, settingsOf } from '../../src-main/studio/create-request.ts';

const antelope = {
  kind: 'antelopev2', detector: { file: '/d.onnx', sha256: '0'.repeat(64) },
  recognizer: { file: '/r.onnx', sha256: '1'.repeat(64) },
} as const;
const pack = {
  id: 'sdxl' as PackId, name: 'SDXL', checkpointPath: '/sdxl.safetensors',
  generationDefaults: generationDefaultsFor(1024), instantDefaults: instantDefaultsFor('sdxl'),
  lookDefaults: {}, fastDefaults, describingPhrases: [],
} as unknown as ShelvedPack;
const face = [0.4, 0.6, 0.5, 0.42, 0.58].map((x, i) => ({ x, y: 0.4 + i / 50 })) as FacePointsInPicture;

let folder: string;
let library: Library;
let [ada, bo] = ['', ''] as SubjectId[] as [SubjectId, SubjectId];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-request-'));
  library = await openLibrary(folder);
  [ada, bo] = ['Ada', 'Bo'].map((name) => {
    const id = newId<SubjectId>();
    library.subjects.insert({ id, name, triggerWord: 'ohwx', classWord: 'woman', hasConsent: true, createdAtMs: 1 });
    return id;
  }) as [SubjectId, SubjectId];
});
afterEach(async () => {
  library.close();
  await rm(folder, { recursive: true, force: true });
});

async function photo(subjectId: SubjectId, name: string, embedding: number[], analyzedBy: FaceEngineId) {
  const id = newId<PhotoId>();
  const keep = (part: string) => library.keepFile(Buffer.from(`${name} ${part}`), 'image/png');
  const [originalSha256, previewSha256, thumbnailSha256, cropSha256] = [
    await keep('original'), await keep('preview'), await keep('thumbnail'), await keep('crop')];
  library.photos.insert({
    id, subjectId, originalSha256, previewSha256, thumbnailSha256, fileName: name, widthPx: 4, heightPx: 3,
    addedAtMs: Number(name.at(-1)),
  });
  library.photos.setAnalysis(id, {
    cropSha256, faceBox: null, faceCount: 1, faces: [], faceIndex: null, isFaceChosen: false, facePoints: face,
    measures: null, pictureHash: '', details: [], analyzedBy, faceEmbedding: Float32Array.from(embedding),
    verdict: { grade: 'good', reasonCodes: [], reason: '', hint: '', actions: [] },
  });
  return { id, original: library.pathOf(originalSha256), crop: library.pathOf(cropSha256) };
}

function context(encoder: InstantIdPlaces['encoder'], chosen: FaceNetworks): StudioContext {
  const places: InstantIdPlaces = { imageAdapter: '/ip-adapter.bin', identityNet: '/ControlNetModel', encoder };
  const companions: Partial<StudioContext['companions']> = {
    instantIdFor: () => ({ places, missing: [], isResearchOnly: true, fastAdapterFile: '/lcm.safetensors' }),
    faceNetworks: () => chosen,
  };
  return { library, companions, version: '1.0.0' } as unknown as StudioContext;
}

function request(studio: StudioContext, parameters: Partial<CreateParameters>, isAlone = false) {
  const all: CreateParameters = {
    packId: pack.id, adapterId: null, settings: {}, start: null, addOns: [], instantly: null,
    second: null,
    referencePhotoIds: null, ...parameters,
  };
  const item: WantedPortrait = {
    itemIndex: 3, seed: 7, prompt: 'a', negativePrompt: '', styleId: null, usesFace: !isAlone,
    usesAdapter: all.adapterId !== null,
    settings: {}, variation: null, origin: null,
  };
  const [group] = groupsOf(all, [item]);
  const made = createRequest(studio, {
    subjectId: ada, parameters: all, pack, group: group!, outputFolder: '/out',
  });
  // as the engine parses it
  return createRequestSchema.parse(JSON.parse(JSON.stringify(made)));
}

test('the face comes from the originals, the pose from the one nearest to the mean, with points where they are known',
  async () => {
    const first = await photo(ada, 'p1', [1, 0.1], 'built-in');
    const second = await photo(ada, 'p2', [1, 1], 'built-in');
    const third = await photo(ada, 'p3', [0.1, 1], 'built-in');
    const fourth = await photo(ada, 'p4', [1, 0.9], 'built-in');
    const pose: Pose = { kind: 'reference' };
    const made = request(context(antelope, { kind: 'built-in' }), {
      instantly: { pose, facePhotoIds: [first.id, second.id, third.id] }, referencePhotoIds: [fourth.id],
    });
    expect(made.face).toEqual({
      pictures: [first, second, third].map(({ original }) => ({ file: original, facePoints: face })),
      pose: { kind: 'picture', picture: { file: second.original, facePoints: face }, asFraming: true },
    });
    expect(made.instantId).toMatchObject({ imageAdapter: '/ip-adapter.bin', encoder: antelope });
    expect(made.references).toEqual([{ file: fourth.crop, faceEmbedding: [1, Math.fround(0.9)] }]);
    // of all used photos, not of those that measure
    expect(made.likenessRange!.low).toBeLessThan(made.likenessRange!.high);
    expect(made.settings).toMatchObject({ sampler: 'euler', samplingSteps: 30, guidanceScale: 5, imageStrength: 0.8 });
    expect(made.items).toEqual([
      { key: '3', prompt: 'a', negativePrompt: '', variation: null, enlarged: null, seed: 7, adapterStrength: 0 }]);
    expect(made.fastAdapterFile).toBeNull();
  });

test('antelopev2 never measures what it conditioned; its embeddings are left out where others measure', async () => {
  const [one, two] = [await photo(ada, 'p1', [1, 0], 'antelopev2'), await photo(ada, 'p2', [0, 1], 'antelopev2')];
  const instantly = { pose: { kind: 'none' as const }, facePhotoIds: [one.id] };
  const conditioned = request(context(antelope, antelope), { instantly, referencePhotoIds: [two.id] });
  expect(conditioned.likenessNetworks).toEqual({ kind: 'built-in' });
  expect(conditioned.references).toEqual([{ file: two.crop, faceEmbedding: null }]);
  expect(conditioned).toMatchObject({ likenessRange: null, rangeFiles: [one.crop] });
  expect(conditioned.face?.pose).toEqual({ kind: 'none' });
  const ofPack = context({ kind: 'pack', folder: '/f' }, antelope);
  const byPack = request(ofPack, { instantly, referencePhotoIds: [two.id] });
  expect(byPack.likenessNetworks).toEqual(antelope);
  expect(byPack.references).toEqual([{ file: two.crop, faceEmbedding: [0, 1] }]);
  expect(byPack.likenessRange).toEqual({ low: 0, median: 0, high: 0, isOneMoment: false });
});

test('two people, each with photos, pose and measure of their own; fast with its LoRA', async () => {
  const [own, other] = [await photo(ada, 'p1', [1, 0], 'built-in'), await photo(bo, 'q1', [0, 1], 'built-in')];
  const mask = { columns: 2, rows: 1, values: [0, 1] };
  const made = request(context(antelope, { kind: 'built-in' }), {
    settings: { fast: true, widthPx: 512 },
    instantly: { pose: { kind: 'photo', photoId: other.id }, facePhotoIds: [own.id] }, referencePhotoIds: [own.id],
    second: {
      subjectId: bo, adapterId: null, mask, pose: { kind: 'points', points: face }, facePhotoIds: [other.id],
      referencePhotoIds: [other.id],
    },
  });
  expect(made.face?.pose).toEqual(
    { kind: 'picture', picture: { file: other.original, facePoints: face }, asFraming: false });
  expect(made.second).toEqual({
    adapter: null, adapterStrength: 0, mask, references: [{ file: other.crop, faceEmbedding: [0, 1] }],
    likenessRange: null, rangeFiles: [],
    face: { pictures: [{ file: other.original, facePoints: face }], pose: { kind: 'points', points: face } },
  });
  expect(made).toMatchObject({
    fastAdapterFile: '/lcm.safetensors', settings: { sampler: 'lcm', samplingSteps: 8, widthPx: 512 },
  });
});

test('the pose of a portrait comes with the points that were found in it', async () => {
  const own = await photo(ada, 'p1', [1, 0], 'built-in');
  const jobId = newId<JobId>();
  library.jobs.insert({ id: jobId, kind: 'create', subjectId: ada, title: '', parameters: '{}', createdAtMs: 1 }, [
    { itemIndex: 0, seed: 1, parameters: '{}' }]);
  const portraitId = newId<PortraitId>();
  const fileSha256 = await library.keepFile(Buffer.from('portrait'), 'image/png');
  library.portraits.insert({
    id: portraitId, subjectId: ada, jobId, itemIndex: 0, adapterId: null, packId: pack.id, styleId: null, prompt: 'a',
    negativePrompt: '', seed: 1, widthPx: 8, heightPx: 8, samplingSteps: 2, sampler: 'euler', guidanceScale: 3,
    adapterStrength: 0, likeness: { cosine: null, distance: null, latentDistance: null }, instantly: null, second: null,
    facePoints: face, isFaceRedrawn: false, beforeSha256: null, settings: {}, createdAtMs: 1, fileSha256,
  });
  const made = request(context(antelope, { kind: 'built-in' }), {
    instantly: { pose: { kind: 'portrait', portraitId }, facePhotoIds: [own.id] }, referencePhotoIds: [own.id],
  });
  expect(made.face?.pose).toEqual({
    kind: 'picture', picture: { file: library.pathOf(fileSha256), facePoints: face }, asFraming: false,
  });
});

test('a twin is drawn with nobody in it, by the same settings and measure', async () => {
  const own = await photo(ada, 'p1', [1, 0], 'built-in');
  const parameters = {
    instantly: { pose: { kind: 'reference' as const }, facePhotoIds: [own.id] }, referencePhotoIds: [own.id],
  };
  const studio = context(antelope, { kind: 'built-in' });
  const [whole, twin] = [request(studio, parameters), request(studio, parameters, true)];
  expect(twin).toEqual({ ...whole, face: null, instantId: null });
});

test('what went away meanwhile is said', async () => {
  const studio = context(antelope, { kind: 'built-in' });
  const gone = { pose: { kind: 'reference' as const }, facePhotoIds: [newId<PhotoId>()] };
  expect(() => request(studio, { instantly: gone })).toThrow(expect.objectContaining({ code: 'photos.unknown' }));
  expect(() => request(studio, { adapterId: newId<AdapterId>() })).toThrow(
    expect.objectContaining({ code: 'looks.unknown' }));
  const without = context(antelope, { kind: 'built-in' });
  without.companions.instantIdFor = () => (
    { places: null, missing: ['InstantID: 4.2 GB.'], isResearchOnly: true, fastAdapterFile: null });
  const own = await photo(ada, 'p1', [1, 0], 'built-in');
  const instantly = { pose: { kind: 'none' as const }, facePhotoIds: [own.id] };
  expect(() => request(without, { instantly })).toThrow(
    '"SDXL" cannot draw a face without teaching yet. InstantID: 4.2');
  expect(() => request(without, { settings: { fast: true } })).toThrow(
    expect.objectContaining({ code: 'generation.no-fast-adapter' }));
});

test('a portrait is drawn as the model likes looks of that method to be drawn, unless told', () => {
  const own = { ...pack, lookDefaults: { 'textual-inversion': { guidanceScale: 1.5 } } } as ShelvedPack;
  const asked = { settings: {}, instantly: null } as CreateParameters;
  const look = (method: string) => ({ method, settings: { clipSkip: 1 } }) as never;
  expect(settingsOf(own, asked, look('textual-inversion'))).toMatchObject({ guidanceScale: 1.5, clipSkip: 1 });
  expect(settingsOf(own, asked, look('lora')).guidanceScale).toBe(pack.generationDefaults.guidanceScale);
  expect(settingsOf(own, asked, null).guidanceScale).toBe(pack.generationDefaults.guidanceScale);
  const told = { ...asked, settings: { guidanceScale: 4 } };
  expect(settingsOf(own, told, look('textual-inversion')).guidanceScale).toBe(4);
});
