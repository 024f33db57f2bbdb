// A teach request: the networks that are chosen measure its previews, against embeddings of theirs alone, and what a
// new word starts from.

import { expect, test } from 'vitest';
import type { FaceNetworks } from '../../src-main/contract/engine-faces.ts';
import type { FaceEngineId } from '../../src-main/contract/faces.ts';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { Subject } from '../../src-main/contract/nouns.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import type { TeachParameters } from '../../src-main/jobs/job-parameters.ts';
import type { PhotoRecord } from '../../src-main/library/photos.ts';
import { generationDefaultsFor, trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import type { ShelvedPack } from '../../src-main/packs/pack-shelf.ts';
import type { StudioContext } from '../../src-main/studio/context.ts';
import { fullSettings, teachRequest } from '../../src-main/studio/teach-request.ts';

const antelope: FaceNetworks = {
  kind: 'antelopev2', detector: { file: '/d.onnx', sha256: '0'.repeat(64) },
  recognizer: { file: '/r.onnx', sha256: '1'.repeat(64) },
};
const subject = { name: 'Ada', triggerWord: 'ohwx', classWord: 'woman' } as Subject;
const pack = {
  id: 'sd15' as PackId, checkpointPath: '/sd15', trainingDefaults: trainingDefaultsFor('sd15', 512),
  generationDefaults: generationDefaultsFor(512), lookDefaults: {}, describingPhrases: [],
} as unknown as ShelvedPack;
const parameters = { method: 'lora', packId: pack.id, settings: {} } as unknown as TeachParameters;

function photo(name: string, embeddingEngine: FaceEngineId, value: number): PhotoRecord {
  return {
    fileName: name, cropSha256: name, originalSha256: name, caption: '', details: [], repeats: 1, faceBox: null,
    embeddingEngine, faceEmbedding: Float32Array.of(value),
  } as unknown as PhotoRecord;
}

function requestOf(
  own: ShelvedPack, asked: TeachParameters, photos: PhotoRecord[], heldOut: PhotoRecord[],
  networks: FaceNetworks = { kind: 'built-in' },
) {
  const context = {
    library: { pathOf: (sha256: string) => `/files/${sha256}`, settings: { get: () => defaultStudioSettings } },
    companions: { faceNetworks: () => networks },
  } as unknown as StudioContext;
  const sources = {
    subject, pack: own, parameters: asked, photos, heldOut, classImageFiles: [], warmStartFile: null,
  };
  return teachRequest(context, sources, fullSettings(own, subject, asked));
}

function request(networks: FaceNetworks, photos: PhotoRecord[], heldOut: PhotoRecord[]) {
  const made = requestOf(pack, parameters, photos, heldOut, networks);
  const embeddings = (images: typeof made.images) => images.map(({ faceEmbedding }) => faceEmbedding);
  return { networks: made.likenessNetworks, images: embeddings(made.images), heldOut: embeddings(made.heldOut) };
}

test('embeddings of the networks that measure go along, those of others do not', () => {
  const photos = [photo('a', 'built-in', 1), photo('b', 'antelopev2', 2)];
  expect(request(antelope, photos, [])).toEqual({ networks: antelope, images: [null, [2]], heldOut: [] });
  expect(request({ kind: 'built-in' }, photos, [])).toEqual({
    networks: { kind: 'built-in' }, images: [[1], null], heldOut: [],
  });
});

test('the model\'s phrases are looked through for the new word\'s start, unless a word is given', () => {
  const describingPhrases = [['short', 'long'], ['hair']];
  const phrases = (settings: TeachParameters['settings'], own: Partial<ShelvedPack> = { describingPhrases }) => {
    const asked = { ...parameters, method: 'textual-inversion', settings } as TeachParameters;
    const made = requestOf({ ...pack, ...own }, asked, [photo('a', 'built-in', 1)], []);
    return [made.describingPhrases, made.settings.initializerWord];
  };
  expect(phrases({})).toEqual([describingPhrases, 'woman']);
  expect(phrases({ initializerWord: 'queen' })).toEqual([[], 'queen']);
  expect(phrases({}, {})).toEqual([[], 'woman']);
});

test('held-out photos measure alone, where one of them can', () => {
  const photos = [photo('a', 'antelopev2', 1)];
  expect(request(antelope, photos, [photo('c', 'antelopev2', 3)])).toMatchObject({ images: [null], heldOut: [[3]] });
  expect(request(antelope, photos, [photo('c', 'built-in', 3)])).toMatchObject({ images: [[1]], heldOut: [null] });
});
