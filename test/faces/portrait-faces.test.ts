// Faces in soft portraits: found where a detector of photos passes over them, and none where there is none.

import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FaceAnalyzer, openFaceAnalyzer } from '../../src-main/faces/face-analyzer.ts';
import { findInPortrait } from '../../src-main/faces/portrait-faces.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';

const edge = 128;
const file = path.join(import.meta.dirname, '..', 'photos', 'astronaut.png');
let analyzer: FaceAnalyzer;

beforeAll(async () => { analyzer = await openFaceAnalyzer({ threads: 1 }); });
afterAll(async () => { await analyzer.release(); });

/** The photo as small models draw: `sigma` pixels of blur, none for 0. */
async function portrait(sigma: number): Promise<RgbPicture> {
  const small = sharp(file).removeAlpha().resize(edge, edge);
  const bytes = await (sigma > 0 ? small.blur(sigma) : small).raw().toBuffer();
  return rgbPicture(edge, edge, new Uint8Array(bytes));
}

const middleOf = ({ left, top, width, height }: { left: number; top: number; width: number; height: number }) => (
  { x: left + width / 2, y: top + height / 2 });

test('a face that is too soft for the detector is found, in its place', async () => {
  const soft = await portrait(1.8);
  expect(await analyzer.analyze(soft)).toEqual([]);
  const found = await findInPortrait(analyzer, soft);
  const [clear] = await analyzer.analyze(await portrait(0));
  expect(found).toHaveLength(1);
  const [own, real] = [middleOf(found[0]!.box), middleOf(clear!.box)];
  expect(Math.hypot(own.x - real.x, own.y - real.y)).toBeLessThan(edge / 10);
});

test('a face that is found at once is as it was found', async () => {
  const clear = await portrait(0);
  expect(await findInPortrait(analyzer, clear)).toEqual(await analyzer.analyze(clear));
});

test('where there is no face none is found', async () => {
  const gradient = rgbPicture(edge, edge, Uint8Array.from({ length: edge * edge * 3 }, (_, i) => (i / 3 / edge) * 2));
  expect(await findInPortrait(analyzer, gradient)).toEqual([]);
});
