// Who does what in instant portraits, as plain functions: which photos give the face and which measure, whose networks
// measure, which photo gives the pose, how prompts name people, which settings stand where none was given.

import { expect, test } from 'vitest';
import type { InstantIdPlaces } from '../../src-main/contract/engine-faces.ts';
import type { PhotoId } from '../../src-main/contract/ids.ts';
import { drawingSettings, generationDefaultsFor, instantDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { withPeople } from '../../src-main/packs/styles.ts';
import { likenessNetworks, nearestToMean } from '../../src-main/studio/create-request.ts';
import { splitFacePhotos } from '../../src-main/studio/portrait-people.ts';

const ids = (...names: string[]): PhotoId[] => names as PhotoId[];
const many = (count: number): PhotoId[] => ids(...Array.from({ length: count }, (_, i) => `p${i}`));

test('of four photos or more one in five only measures, and none does both', () => {
  for (const [count, heldOut] of [[4, 1], [7, 1], [8, 2], [10, 2], [25, 5]] as const) {
    const { facePhotoIds, referencePhotoIds } = splitFacePhotos(many(count));
    expect(referencePhotoIds, String(count)).toHaveLength(heldOut);
    expect([...facePhotoIds, ...referencePhotoIds].sort()).toEqual([...many(count)].sort());
  }
  // spread over the set, not its beginning
  expect(splitFacePhotos(many(10)).referencePhotoIds).toEqual(ids('p2', 'p7'));
});

test('of fewer all do both', () => {
  const both = { facePhotoIds: many(3), referencePhotoIds: many(3) };
  expect(splitFacePhotos(many(3))).toEqual(both);
});

test('what is named stands, and the others do the rest', () => {
  const used = ids('a', 'b', 'c', 'd', 'e');
  expect(splitFacePhotos(used, ids('b'))).toEqual(
    { facePhotoIds: ids('b'), referencePhotoIds: ids('a', 'c', 'd', 'e') });
  expect(splitFacePhotos(used, undefined, ids('a'))).toEqual(
    { facePhotoIds: ids('b', 'c', 'd', 'e'), referencePhotoIds: ids('a') });
  expect(splitFacePhotos(used, ids('b'), ids('b', 'c'))).toEqual(
    { facePhotoIds: ids('b'), referencePhotoIds: ids('b', 'c') });
  expect(splitFacePhotos(ids('a'), ids('a'))).toEqual({ facePhotoIds: ids('a'), referencePhotoIds: ids('a') });
  expect(splitFacePhotos(ids('a'), undefined, ids('a'))).toEqual(
    { facePhotoIds: ids('a'), referencePhotoIds: ids('a') });
});

const antelope = {
  kind: 'antelopev2', detector: { file: 'd', sha256: '0'.repeat(64) },
  recognizer: { file: 'r', sha256: '0'.repeat(64) },
} as const;

test('likeness is never measured by the networks that the portrait was conditioned on', () => {
  const files = { imageAdapter: 'a', identityNet: 'i' };
  const places = (encoder: InstantIdPlaces['encoder']): InstantIdPlaces => ({ ...files, encoder });
  expect(likenessNetworks(places(antelope), antelope)).toEqual({ kind: 'built-in' });
  expect(likenessNetworks(places({ kind: 'pack', folder: 'f' }), antelope)).toEqual(antelope);
  expect(likenessNetworks(null, antelope)).toEqual(antelope);
  expect(likenessNetworks(null, { kind: 'built-in' })).toEqual({ kind: 'built-in' });
});

test('the pose is that of the photo nearest to the mean, among faces of the same networks', () => {
  const photo = (name: string, numbers: number[] | null, engine: 'built-in' | 'antelopev2' = 'built-in') => (
    { name, faceEmbedding: numbers && Float32Array.from(numbers), embeddingEngine: numbers && engine });
  const set = [
    photo('unknown', null), photo('side', [100, 0]), photo('middle', [1, 1.2]), photo('other', [0, 3]),
    photo('elsewhere', [1, 1], 'antelopev2'),
  ];
  expect(nearestToMean(set).name).toBe('middle');
  expect(nearestToMean([photo('first', null), photo('second', null)]).name).toBe('first');
});

const look = { triggerWord: 'ohwx', classWord: 'woman' };
const given = { triggerWord: null, classWord: 'man' };

test('one person in a prompt', () => {
  expect(withPeople('sketch of {subject}', look)).toBe('sketch of ohwx woman');
  expect(withPeople('a hat', look)).toBe('photo of ohwx woman, a hat');
  expect(withPeople('OHWX in a hat', look)).toBe('OHWX in a hat');
  expect(withPeople('sketch of {subject}', given)).toBe('sketch of a man');
  expect(withPeople('The {subject} and a {subject}', given)).toBe('The man and a man');
  expect(withPeople('a hat', given)).toBe('photo of a man, a hat');
  expect(withPeople('a man in a hat', given)).toBe('a man in a hat');
  expect(() => withPeople('{subject} and {subject2}', look)).toThrow(expect.objectContaining(
    { code: 'portraits.no-second' }));
});

test('two people in a prompt', () => {
  expect(withPeople('{subject} beside {subject2}', look, given)).toBe('ohwx woman beside a man');
  expect(withPeople('photo of {subject}, red background', given, look))
    .toBe('photo of a man and ohwx woman, red background');
  expect(withPeople('a beach', look, given)).toBe('photo of ohwx woman and a man, a beach');
  expect(withPeople('{subject2} waves', look, given)).toBe('photo of ohwx woman, a man waves');
  expect(withPeople('ohwx and a man at sea', look, given)).toBe('ohwx and a man at sea');
});

test('settings: given, else of the look, else of fast, of instant portraits and of the method, else usual', () => {
  const pack = {
    generationDefaults: generationDefaultsFor(1024), instantDefaults: instantDefaultsFor('sdxl'),
    fastDefaults: { samplingSteps: 8, sampler: 'lcm', guidanceScale: 1.5 },
    lookDefaults: { 'textual-inversion': { guidanceScale: 2, samplingSteps: 40 } },
  } as const;
  expect(drawingSettings(pack, {}, { isInstant: false })).toEqual(pack.generationDefaults);
  expect(drawingSettings(pack, {}, { isInstant: true })).toMatchObject(
    { samplingSteps: 30, sampler: 'euler', guidanceScale: 5, imageStrength: 0.8, identityNetStrength: 0.8 });
  expect(drawingSettings(pack, { fast: true }, { isInstant: true })).toMatchObject(
    { samplingSteps: 8, sampler: 'lcm', guidanceScale: 1.5, imageStrength: 0.8, fast: true });
  expect(drawingSettings(pack, { samplingSteps: 3, sampler: undefined }, { isInstant: true, ofLook: { clipSkip: 1 } }))
    .toMatchObject({ samplingSteps: 3, sampler: 'euler', clipSkip: 1 });
  expect(drawingSettings(pack, { clipSkip: 0 }, { isInstant: false, ofLook: { clipSkip: 1 } }).clipSkip).toBe(0);
  const ofWord = { isInstant: false, method: 'textual-inversion' } as const;
  expect(drawingSettings(pack, {}, ofWord)).toMatchObject({ guidanceScale: 2, samplingSteps: 40 });
  expect(drawingSettings(pack, { guidanceScale: 4 }, ofWord)).toMatchObject({ guidanceScale: 4, samplingSteps: 40 });
  expect(drawingSettings(pack, { fast: true }, ofWord)).toMatchObject({ guidanceScale: 1.5, samplingSteps: 8 });
  expect(drawingSettings(pack, {}, { ...ofWord, isInstant: true })).toMatchObject({ guidanceScale: 5 });
  expect(drawingSettings(pack, {}, { isInstant: false, method: 'lora' })).toEqual(pack.generationDefaults);
  expect(instantDefaultsFor('sd15')).toEqual({});
});
