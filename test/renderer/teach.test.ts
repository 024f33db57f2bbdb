// What the Teach page asks for: settings by method, the slider, going on from a look, photos kept aside, obstacles.

import { expect, test } from 'vitest';
import { trainingSettingsSchema } from '../../src-main/contract/settings.ts';
import { Teach } from '../../src-renderer/state/teach.svelte.ts';
import { fieldNames, fieldsOf, isAllowed, kindOf, trainingFields } from '../../src-renderer/state/training-fields.ts';
import { adapterId, look, pack, photo, photoId, subjectId } from './nouns.ts';
import { testStudio } from './test-client.ts';

function opened(studio = testStudio()): Teach {
  const teach = new Teach(studio.client);
  teach.setPacks([pack()]);
  return teach;
}

test('every setting of the contract is offered once', () => {
  expect([...fieldNames].sort()).toEqual(Object.keys(trainingSettingsSchema.shape).sort());
});

test('what a method ignores is not shown for it', () => {
  const teach = opened();
  expect(teach.fieldsOf('network')).toEqual(['rank', 'loraAlpha', 'targets', 'clipSkip', 'recompute']);
  expect(teach.isShown('newTokenLearningRate')).toBe(false);
  teach.set('targets', 'transformer-and-convolution');
  expect(teach.fieldsOf('network')).toContain('convRank');

  teach.chooseMethod('dreambooth');
  expect(teach.fieldsOf('network')).toEqual(['clipSkip', 'recompute']);
  expect(teach.fieldsOf('prior')).toEqual(['prior', 'priorLossWeight']);
  teach.set('prior', 'images');
  expect(teach.fieldsOf('prior')).toContain('priorImageCount');

  teach.chooseMethod('textual-inversion');
  expect(teach.fieldsOf('prior')).toEqual([]);
  expect(teach.isShown('learningRate')).toBe(false);
  expect(teach.fieldsOf('word')).toEqual(['vectorCount', 'newWord', 'initializerWord']);
  for (const method of trainingFields.seed.methods) expect(fieldsOf('saving', method, {})).toHaveLength(2);
});

test('ranges are those of the contract', () => {
  expect(kindOf('rank')).toEqual({ kind: 'number', low: 1, high: 128, multiple: 1 });
  expect(kindOf('resolutionPx')).toMatchObject({ multiple: 8, low: 64 });
  expect(kindOf('learningRate')).toMatchObject({ multiple: null, high: 1 });
  expect(kindOf('prior')).toEqual({ kind: 'choice', options: ['none', 'images', 'prediction'] });
  expect([kindOf('useBuckets'), kindOf('newWord')]).toEqual([{ kind: 'switch' }, { kind: 'word', longest: 40 }]);
  expect(isAllowed('resolutionPx', 130, 'lora')).toBe(false);
  expect(isAllowed('vectorCount', 0, 'lora')).toBe(true);
  expect(isAllowed('vectorCount', 0, 'textual-inversion')).toBe(false);
  expect(isAllowed('newWord', 'two words', 'lora')).toBe(false);
});

test('the slider scales the steps of the model, and steps set by hand stand above it until it moves', () => {
  const teach = opened();
  expect(teach.settings()).toEqual({ trainingSteps: 300 });
  teach.set('trainingSteps', 500);
  expect(teach.settings()).toEqual({ trainingSteps: 500 });
  teach.setCloseness(0);
  expect(teach.settings()).toEqual({ trainingSteps: 75 });
  teach.set('rank', 16);
  expect(teach.settings()).toEqual({ trainingSteps: 75, rank: 16, loraAlpha: 16 });
  expect([teach.isChanged, teach.changesIn('network')]).toEqual([true, 1]);
  teach.reset();
  expect([teach.isChanged, teach.settings()]).toEqual([false, { trainingSteps: 300 }]);
});

test('each method keeps its own settings and has its own defaults', () => {
  const teach = opened();
  teach.set('batchSize', 4);
  teach.chooseMethod('dreambooth');
  expect(teach.settings()).toEqual({ trainingSteps: 400 });
  expect(teach.inForce.prior).toBe('prediction');
  teach.set('prior', 'none');
  expect(teach.settings()).toEqual({ trainingSteps: 400, prior: 'none' });
  teach.chooseMethod('lora');
  expect(teach.settings()).toEqual({ trainingSteps: 300, batchSize: 4 });
  expect(teach.stepsOf('textual-inversion')).toBe(500);
});

test('a setting without effect beside the others is not sent, nor called wrong', () => {
  const teach = opened();
  teach.set('newWord', 'two words');
  expect([teach.wrongFields, teach.settings()]).toEqual([[], { trainingSteps: 300 }]);
  teach.learnWord(true);
  expect(teach.wrongFields).toEqual(['newWord']);
  teach.set('newWord', 'sks-ada');
  expect(teach.settings()).toEqual({ trainingSteps: 300, vectorCount: 4, newWord: 'sks-ada' });
  teach.learnWord(false);
  expect(teach.settings()).toEqual({ trainingSteps: 300 });
});

test('a number outside the contract’s range is named', () => {
  const teach = opened();
  teach.set('rank', 0);
  teach.set('learningRate', 0.0001);
  expect(teach.wrongFields).toEqual(['rank']);
  expect(teach.obstacle([photo()], true)).toBe('wrong-settings');
  teach.set('rank', null);
  expect(teach.obstacle([photo()], true)).toBeNull();
});

test('a run that goes on from a look has its shape, and asks for it', async () => {
  const studio = testStudio();
  const teach = opened(studio);
  teach.set('rank', 64);
  teach.set('batchSize', 3);
  teach.continueFrom(look(5, { settings: { rank: 4, loraAlpha: 2, targets: 'attention', batchSize: 9 } }));
  expect([teach.isLocked('rank'), teach.isLocked('batchSize'), teach.chosen('rank')]).toEqual([true, false, null]);
  const settings = { trainingSteps: 300, rank: 4, loraAlpha: 2, targets: 'attention', batchSize: 3 };
  expect(teach.settings()).toEqual(settings);
  await teach.start(subjectId(), [photo()]);
  expect(studio.calls.at(-1)?.request).toMatchObject({ method: 'lora', warmStartAdapterId: adapterId(5), settings });

  teach.chooseMethod('dreambooth');
  expect(teach.warmStart).toBeNull();
  teach.continueFrom(look(6, { method: 'textual-inversion', settings: { vectorCount: 8 } }));
  expect([teach.method, teach.inForce.vectorCount]).toEqual(['textual-inversion', 8]);
});

test('photos kept aside are not learned and go along by their ids', async () => {
  const studio = testStudio();
  const teach = opened(studio);
  const photos = [photo(1, { repeats: 3 }), photo(2), photo(3, { isUsed: false })];
  expect(teach.timesSeen(photos)).toBe((300 * 2) / 4);
  teach.toggleHeldOut(photoId(2));
  // a photo that was left out since is not kept aside either
  teach.toggleHeldOut(photoId(3));
  expect(teach.timesSeen(photos)).toBe((300 * 2) / 3);
  await teach.start(subjectId(), photos);
  expect(studio.calls.at(-1)?.request).toMatchObject({ heldOutPhotoIds: [photoId(2)], warmStartAdapterId: null });

  teach.toggleHeldOut(photoId(1));
  expect(teach.obstacle(photos, true)).toBe('all-held-out');
  teach.changeSubject();
  expect(teach.obstacle(photos, true)).toBeNull();
});

test('what stands in the way of a start is named, the first thing first', () => {
  const teach = new Teach(testStudio().client);
  expect(teach.obstacle([photo()], true)).toBe('no-model');
  teach.setPacks([pack()]);
  expect(teach.obstacle([photo(1, { isUsed: false })], true)).toBe('no-photos');
  expect(teach.obstacle([photo()], false)).toBe('no-consent');
});
