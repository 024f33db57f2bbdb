// The starter pack's InstantID as it ships: its face encoder tells two people apart, and its files fit the pack.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { faceLikeness } from '../../src-main/faces/likeness.ts';
import { openPackFaceEncoder } from '../../src-main/faces/pack-face-encoder.ts';
import { openInstantIdAt } from '../../src-main/networks/instant-id.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { portraitPoints } from '../../src-main/starter/portrait-points.ts';
import { renderSubjectPhotos } from '../../src-main/starter/subject.ts';

const folder = path.resolve('resources/starter/instant_id');
const reason = 'resources/starter/instant_id is not there; npm run starter:train makes it';

test('the shipped encoder tells two people apart in other light, pose and clothes', async (context) => {
  if (!existsSync(folder)) return context.skip(reason);
  const encoder = await openPackFaceEncoder(path.join(folder, 'face_encoder'), { threads: 1 });
  const [first, second] = await Promise.all([11, 12].map(async (seed) => {
    const photos = await renderSubjectPhotos(seed, 3);
    return Promise.all(photos.map(({ rgb, attributes }) => (
      encoder.embedPoints(rgbPicture(128, 128, rgb), portraitPoints(attributes, 128)))));
  }));
  await encoder.release();
  const cosine = (a: Float32Array, b: Float32Array) => faceLikeness(a, b).cosine;
  for (const own of [first!, second!]) {
    const same = Math.min(cosine(own[0]!, own[1]!), cosine(own[1]!, own[2]!), cosine(own[0]!, own[2]!));
    const other = Math.max(...first!.flatMap((a) => second!.map((b) => cosine(a, b))));
    expect(same).toBeGreaterThan(other);
  }
});

test('the shipped InstantID fits the shipped pack', async (context) => {
  if (!existsSync(folder)) return context.skip(reason);
  const opened = await openInstantIdAt({
    imageAdapter: path.join(folder, 'ip-adapter.safetensors'), identityNet: path.join(folder, 'ControlNetModel'),
    encoder: { kind: 'pack', folder: path.join(folder, 'face_encoder') },
  }, await openCheckpoint('resources/starter'));
  expect(opened.resampler.config.embeddingDim).toBe(128);
});
