// After a portrait is drawn: the face pass changes the face's neighbourhood and nothing else, tiles leave no seams, and
// everybody's face is drawn again as their own.

import { describe, expect, test } from 'vitest';

import type { RegionMask } from '../../src-main/contract/faces.ts';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import { resizePicture } from '../../src-main/dataset/resize.ts';
import type { Face, FacePoints } from '../../src-main/faces/face.ts';
import { type FinishedPortrait, type Finishing, finishPortrait } from '../../src-main/generation/finish-portrait.ts';
import { requestForPart } from '../../src-main/generation/part-of-portrait.ts';
import type { PortraitRequest } from '../../src-main/generation/text-to-portrait.ts';
import { noiseOfPart, tilesOf, upscale } from '../../src-main/generation/upscale.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import { gradientPicture } from '../photos/fixtures.ts';
import { analyticPipeline, letterPrompts } from './analytic-pipeline.ts';

// networks of 16 pixels that draw 'e', a grey of 127.5 (1 + 0.5)
const drawnGrey = 191;
const request: PortraitRequest = {
  prompt: 'eager', negativePrompt: '', seeds: [7], widthPx: 64, heightPx: 48, samplingSteps: 10, sampler: 'euler',
  guidanceScale: 1,
};
const off: Finishing = { facePass: 'off', facePassStrength: 1, upscale: 1, upscaleStrength: 0.2 };
const portrait = gradientPicture(64, 48);

/** A face of this size around a place, all in pixels. */
function faceAt(x: number, y: number, edge: number): Face {
  const points = nominalFacePoints(2 * edge).map((point) => (
    { x: point.x + x - edge, y: point.y + y - edge })) as unknown as FacePoints;
  return {
    points, score: 1, pose: { yawDegrees: 0, rollDegrees: 0 },
    box: { left: x - edge / 2, top: y - edge / 2, width: edge, height: edge },
  };
}

interface Finished extends FinishedPortrait {
  readonly phases: (string | number)[][];
  readonly steps: number[];
  readonly pipeline: ReturnType<typeof analyticPipeline>;
}

async function finished(
  faces: readonly Face[], finishing: Partial<Finishing>, change: Partial<PortraitRequest> = {},
): Promise<Finished> {
  const pipeline = analyticPipeline();
  const [phases, steps] = [[] as (string | number)[][], [] as number[]];
  const result = await finishPortrait(
    { pipeline, prompts: letterPrompts, request: { ...request, ...change }, finishing: { ...off, ...finishing } },
    portrait, async () => faces,
    { onPhase: (phase, count) => phases.push([phase, count]), onStep: (step) => steps.push(step) });
  return { ...result, phases, steps, pipeline };
}

const pixel = ({ data, width }: RgbPicture, x: number, y: number): number[] => (
  [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]);

describe('the face pass', () => {
  test('a small face is drawn again at the networks\' resolution; what is farther than 0.9 boxes stays', async () => {
    const { picture, isFaceRedrawn, isUpscaled, phases, steps, pipeline } = await finished(
      [faceAt(30, 20, 5)], { facePass: 'auto' });
    expect([isFaceRedrawn, isUpscaled]).toEqual([true, false]);
    expect(phases).toEqual([['redrawing-faces', 10]]);
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(pipeline.calls.map(({ latents }) => latents.shape.join())).toContain('1,4,8,8');
    expect(Math.abs(pixel(picture, 30, 20)[0]! - drawnGrey)).toBeLessThan(2);
    let changed = 0;
    for (let y = 0; y < 48; y++) {
      for (let x = 0; x < 64; x++) {
        const isFar = Math.hypot(x + 0.5 - 30, y + 0.5 - 20) >= 0.9 * 5;
        if (isFar) expect(pixel(picture, x, y)).toEqual(pixel(portrait, x, y));
        else if (pixel(picture, x, y).join() !== pixel(portrait, x, y).join()) changed++;
      }
    }
    expect(changed).toBeGreaterThan(30);
  });

  test('a large face stays unless it is always drawn again; off is off; no strength is no pass', async () => {
    const large = [faceAt(30, 20, 6)];
    for (const finishing of [
      { facePass: 'auto' }, { facePass: 'off' }, { facePass: 'always', facePassStrength: 0.05 },
    ] as const) {
      const { picture, isFaceRedrawn, phases, pipeline } = await finished(large, finishing);
      expect(picture).toBe(portrait);
      expect([isFaceRedrawn, phases, pipeline.calls.length]).toEqual([false, [], 0]);
    }
    const { picture, isFaceRedrawn } = await finished(large, { facePass: 'always' });
    expect(isFaceRedrawn).toBe(true);
    expect(picture.data).not.toEqual(portrait.data);
    expect((await finished([], { facePass: 'always' })).isFaceRedrawn).toBe(false);
  });

  test('a face in the corner and one larger than the networks\' resolution stay inside the picture', async () => {
    for (const face of [faceAt(2, 2, 4), faceAt(62, 46, 4), faceAt(32, 24, 60)]) {
      const { picture, isFaceRedrawn } = await finished([face], { facePass: 'always' });
      expect([picture.width, picture.height, isFaceRedrawn]).toEqual([64, 48, true]);
    }
  });

  test('of two people each has their own look, wherever the faces are in the list', async () => {
    const mask: RegionMask = { columns: 2, rows: 1, values: [0, 1] };
    const pipeline = analyticPipeline();
    const look = (value: number) => ({ unet: Float32Array.of(value), strength: 1 });
    const result = await finishPortrait({
      pipeline, prompts: letterPrompts, finishing: { ...off, facePass: 'auto' },
      request: {
        ...request, adapter: look(-0.4), second: { pipeline, prompts: letterPrompts, adapter: look(0.4), mask },
      },
    }, portrait, async () => [faceAt(50, 20, 5), faceAt(14, 20, 4), faceAt(40, 40, 3)]);
    // 127.5 (1 + 0.5 - 0.4), and + 0.4
    expect(Math.abs(pixel(result.picture, 14, 20)[0]! - 140)).toBeLessThan(2);
    expect(Math.abs(pixel(result.picture, 50, 20)[0]! - 242)).toBeLessThan(2);
    expect(pixel(result.picture, 40, 40)).toEqual(pixel(portrait, 40, 40));
    expect([result.faces.first!.box.left, result.faces.second!.box.left]).toEqual([12, 47.5]);
    expect(pipeline.calls).toHaveLength(20);
  });
});

describe('upscale', () => {
  const size = { resolutionPx: 16, multiplePx: 16 };

  test('tiles cover the picture, overlap by a quarter, and are as large as the networks draw', () => {
    expect(tilesOf({ width: 16, height: 16 }, size)).toEqual([{ left: 0, top: 0, width: 16, height: 16 }]);
    const tiles = tilesOf({ width: 45, height: 16 }, size);
    expect(tiles.map(({ left }) => left)).toEqual([0, 10, 19, 29]);
    const larger = tilesOf({ width: 200, height: 100 }, { resolutionPx: 100, multiplePx: 64 });
    expect(new Set(larger.map(({ width, height }) => `${width}x${height}`))).toEqual(new Set(['64x64']));
  });

  test('tiles that come back as they went leave Lanczos\' enlargement, to the last pixel', async () => {
    const picture = await upscale(portrait, 1.5, size, async (tile) => tile);
    expect([picture.width, picture.height]).toEqual([96, 72]);
    expect(picture.data).toEqual(resizePicture(portrait, 96, 72).data);
  });

  test('tiles of different brightness fade into each other', async () => {
    let grey = 120;
    const picture = await upscale(portrait, 1, size, async ({ width, height, data }) => {
      grey = 120 - grey;
      return rgbPicture(width, height, data.map(() => grey));
    });
    const row = Array.from({ length: 64 }, (_, x) => pixel(picture, x, 8)[0]!);
    const largest = Math.max(...row.slice(1).map((value, x) => Math.abs(value - row[x]!)));
    // a seam of 120 over a quarter of a tile, four pixels
    expect(largest).toBeLessThanOrEqual(40);
    expect(new Set(picture.data).size).toBeGreaterThan(4);
  });

  test('overlapping tiles draw from the same noise', () => {
    const whole = { width: 12, height: 10 };
    const [a, b] = [{ left: 0, top: 0, width: 8, height: 8 }, { left: 4, top: 2, width: 8, height: 8 }].map((part) => (
      noiseOfPart(part, 2, whole)(5, 3)));
    for (let c = 0; c < 2; c++) {
      for (let y = 2; y < 8; y++) {
        for (let x = 4; x < 8; x++) expect(a![c * 64 + y * 8 + x]).toBe(b![c * 64 + (y - 2) * 8 + x - 4]);
      }
    }
    expect(a).not.toEqual(b);
    expect(a).not.toEqual(noiseOfPart({ left: 0, top: 0, width: 8, height: 8 }, 2, whole)(5, 4));
  });

  test('each tile is drawn from the enlarged picture, after the face pass; progress counts all steps', async () => {
    const { picture, phases, steps, isFaceRedrawn, isUpscaled, pipeline } = await finished(
      [faceAt(30, 20, 5)], { facePass: 'auto', facePassStrength: 0.5, upscale: 1.5 });
    expect([picture.width, picture.height, isFaceRedrawn, isUpscaled]).toEqual([96, 72, true, true]);
    const tiles = tilesOf({ width: 96, height: 72 }, size).length;
    expect(phases).toEqual([['redrawing-faces', 5], ['upscaling', tiles * 2]]);
    expect(steps).toEqual([1, 2, 3, 4, 5, ...Array.from({ length: tiles * 2 }, (_, i) => i + 1)]);
    expect(pipeline.calls.every(({ latents }) => latents.shape.join() === '1,4,8,8')).toBe(true);
  });

  test('without a step the enlargement alone remains', async () => {
    const { picture, phases, pipeline } = await finished([], { upscale: 2, upscaleStrength: 0.05 });
    expect(picture.data).toEqual(resizePicture(portrait, 128, 96).data);
    expect([phases, pipeline.calls.length]).toEqual([[], 0]);
  });
});

describe('a part of the portrait', () => {
  const strength = { strength: 1, start: 0, end: 1 };
  const face = { embedding: Float32Array.of(1), image: strength, identityNet: strength };
  const part = { left: 0.5, top: 0.25, width: 0.25, height: 0.5 };
  const size = { widthPx: 32, heightPx: 48 };

  test('points lie where they are in the part, twice as far apart', () => {
    const { points } = faceAt(40, 24, 6);
    const own = requestForPart({ ...request, face: { ...face, points } }, {}, part, size);
    expect([own.widthPx, own.heightPx]).toEqual([32, 48]);
    own.face!.points!.forEach(({ x, y }, i) => {
      expect(x).toBeCloseTo((points[i]!.x - 32) * 2, 6);
      expect(y).toBeCloseTo((points[i]!.y - 12) * 2, 6);
    });
  });

  test('a face elsewhere is not told; where the drawn face is elsewhere than asked, its own points count', () => {
    const asked = faceAt(40, 24, 6).points;
    expect(requestForPart({ ...request, face: { ...face, points: asked } }, {}, { ...part, left: 0 }, size).face)
      .toBeUndefined();
    const drawn = faceAt(12, 24, 6);
    const moved = requestForPart({ ...request, face: { ...face, points: asked } }, { first: drawn }, part, size);
    expect(moved.face).toBeUndefined();
    const free = requestForPart({ ...request, face }, { first: faceAt(40, 24, 6) }, part, size);
    expect(free.face).toEqual(face);
    expect(requestForPart({ ...request, face }, {}, part, size).face).toBeUndefined();
  });

  test('where one graph must do, a face elsewhere is there without strength', () => {
    const { points } = faceAt(40, 24, 6);
    const elsewhere = { ...part, left: 0 };
    const own = requestForPart({ ...request, face: { ...face, points, inOneGraph: true } }, {}, elsewhere, size);
    expect(own.face).toMatchObject({ image: { strength: 0 }, identityNet: { strength: 0 } });
    expect(own.face!.points![0].x).toBeCloseTo(points[0].x * 2, 6);
  });

  test('the second person\'s mask is cut as the part is', () => {
    const second = {
      pipeline: analyticPipeline(), prompts: letterPrompts, mask: { columns: 2, rows: 1, values: [0, 1] }, face,
    };
    expect(requestForPart({ ...request, second }, {}, part, size).second).toMatchObject({ part, mask: second.mask });
  });
});

test('where no face is found, the place that one was asked for is drawn again; it is no found face', async () => {
  const strength = { strength: 1, start: 0, end: 1 };
  const { points } = faceAt(20, 30, 5);
  const { picture, isFaceRedrawn, faces, pipeline } = await finished([], { facePass: 'auto' }, {
    face: { embedding: Float32Array.of(1), points, image: strength, identityNet: strength },
  });
  expect([isFaceRedrawn, faces]).toEqual([true, {}]);
  expect(Math.abs(pixel(picture, 20, 30)[0]! - drawnGrey)).toBeLessThan(2);
  expect(pixel(picture, 60, 5)).toEqual(pixel(portrait, 60, 5));
  expect(pipeline.calls.every(({ face }) => face?.identityNet?.keyPoints.shape.join() === '1,3,16,16')).toBe(true);
});
