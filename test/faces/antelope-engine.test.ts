// antelopev2's engine over small networks of the same inputs, outputs and shapes: where faces lie, in which sizes they
// are looked for, what the recogniser is shown, and which files are never run.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AntelopeNetworks } from '../../src-main/contract/engine-faces.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import { detectorEdgesPx, scrfdLevels } from '../../src-main/faces/antelope-engine.ts';
import { arcFaceTemplate } from '../../src-main/faces/arcface-alignment.ts';
import type { FacePoints, Point } from '../../src-main/faces/face.ts';
import { type FaceEngine, openFaceEngine } from '../../src-main/faces/face-engine.ts';
import { facePose } from '../../src-main/faces/face-points.ts';
import { faceWeightsFolder } from '../../src-main/faces/face-weights.ts';
import { rgbPicture } from '../../src-main/photos/pixels.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';
import {
  type SpotColour, detectorModel, embeddedPlace, recognizerModel, spotDistances, spotPoints, spottedPicture, strideOf,
  writeAntelope, writeModel,
} from './tiny-antelope.ts';

const options = { weightsFolder: faceWeightsFolder, threads: 1 };
let folder: string;
let networks: AntelopeNetworks;
let engine: FaceEngine;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'likeness-antelope-'));
  networks = await writeAntelope(folder);
  engine = await openFaceEngine(networks, options);
});
afterAll(async () => {
  await engine.release();
  await rm(folder, { recursive: true, force: true });
});

type Four = [number, number, number, number];

/** Box and points of a spot in pixels of the picture; `scale` is the letterbox's. */
function expected(colour: SpotColour, x: number, y: number, scale = 1): { box: number[]; points: Point[] } {
  const unit = strideOf[colour] / scale;
  const [left, top, right, bottom] = spotDistances.map((distance) => distance * unit) as Four;
  return {
    box: [x - left + 0.5, y - top + 0.5, left + right, top + bottom],
    points: spotPoints.map((point) => ({ x: x + point.x * unit + 0.5, y: y + point.y * unit + 0.5 })),
  };
}

test('the engine says whose it is, and the built-in one fits the same interface', async () => {
  expect(engine.id).toBe('antelopev2');
  const builtIn = await openFaceEngine({ kind: 'built-in' }, options);
  expect(builtIn.id).toBe('built-in');
  await builtIn.release();
});

test('boxes and points lie at .5 centres, half a pixel from insightface\'s', async () => {
  const faces = await engine.analyze(spottedPicture(640, 640, [
    { colour: 'red', x: 80, y: 160 }, { colour: 'green', x: 320, y: 320 }, { colour: 'blue', x: 480, y: 64 },
  ]));
  const wanted = [expected('blue', 480, 64), expected('green', 320, 320), expected('red', 80, 160)];
  expect(faces.map(({ box }) => [box.left, box.top, box.width, box.height])).toEqual(wanted.map(({ box }) => box));
  expect(faces.map(({ points }) => points)).toEqual(wanted.map(({ points }) => points));
  for (const { score, landmarks, pose } of faces) {
    expect(score).toBeGreaterThan(0.9);
    expect(landmarks).toBeUndefined();
    expect(pose).toMatchObject({ rollDegrees: 0, yawDegrees: 0 });
  }
});

test('a picture larger than the network is reduced, and what is found is told in its own pixels', async () => {
  const spot = { colour: 'red', x: 320, y: 640, edge: 16 } as const;
  const [face, ...others] = await engine.analyze(spottedPicture(1280, 960, [spot]));
  const { box, points } = expected('red', 320, 640, 0.5);
  expect([face!.box.left, face!.box.top, face!.box.width, face!.box.height]).toEqual(box);
  expect(face!.points).toEqual(points);
  expect(others).toEqual([]);
});

test('a box that reaches out of the picture ends at its edge; points may lie outside', async () => {
  const [face] = await engine.analyze(spottedPicture(640, 640, [{ colour: 'blue', x: 0, y: 608 }]));
  expect(face!.box).toEqual({ left: 0, top: 608 - 32 + 0.5, width: 1.75 * 32 + 0.5, height: 63.5 });
  expect(face!.points[3].y).toBe(608 + 32 + 0.5);
});

test('where the full size shows no face, smaller ones are tried until one does', async () => {
  expect(detectorEdgesPx).toEqual([640, 576, 512, 448, 384, 320, 256, 192]);
  // twice too large for stride 8: at 320 pixels it is a spot
  const faces = await engine.analyze(spottedPicture(640, 640, [{ colour: 'red', x: 320, y: 320, edge: 16 }]));
  const { box, points } = expected('red', 320, 320, 0.5);
  expect(faces.map((face) => [face.box.left, face.box.top, face.box.width, face.box.height])).toEqual([box]);
  expect(faces[0]!.points).toEqual(points);
});

test('a detector of one fixed size looks once', async () => {
  const own = await mkdtemp(path.join(folder, 'fixed-'));
  const fixed = await openFaceEngine(await writeAntelope(own, 640), options);
  const spot = { colour: 'red', x: 320, y: 320 } as const;
  expect(await fixed.analyze(spottedPicture(640, 640, [spot]))).toHaveLength(1);
  expect(await fixed.analyze(spottedPicture(640, 640, [{ ...spot, edge: 16 }]))).toEqual([]);
  await fixed.release();
});

test('no face is none', async () => {
  expect(await engine.analyze(spottedPicture(500, 300, []))).toEqual([]);
  expect(await engine.analyze(spottedPicture(1, 1, []))).toEqual([]);
});

test('forty faces are forty, the largest first', async () => {
  const colours = ['red', 'green', 'blue'] as const;
  const spots = Array.from({ length: 40 }, (_, i) => (
    { colour: colours[i % 3]!, x: 96 * (i % 7) + 32, y: 96 * Math.floor(i / 7) + 32 }));
  const faces = await engine.analyze(spottedPicture(640, 640, spots));
  const placeOf = ({ x, y }: Point): string => `${x - 0.5},${y - 0.5}`;
  expect(faces.map(({ points }) => placeOf(points[0])).sort()).toEqual(spots.map(({ x, y }) => `${x},${y}`).sort());
  const areas = faces.map(({ box }) => box.width * box.height);
  expect(areas).toEqual(areas.toSorted((a, b) => b - a));
});

test('a face below the score that is asked for is passed over', async () => {
  const picture = spottedPicture(640, 640, [{ colour: 'red', x: 320, y: 320 }]);
  expect(await engine.analyze(picture, { minimumScore: 0.999999 })).toEqual([]);
});

test('the recogniser is shown the upright face in RGB, levels in -1..1, at whole-numbered centres', async () => {
  const data = Uint8Array.from({ length: 112 * 112 * 3 }, (_, i) => (i * 37 + Math.floor(i / 336) * 11) % 256);
  const picture = rgbPicture(112, 112, data);
  // points of a Face that are the template's own, so that the aligned face is the picture
  const points = arcFaceTemplate.map(({ x, y }) => ({ x: x + 0.5, y: y + 0.5 })) as unknown as FacePoints;
  const embedding = await engine.embedRegion(picture, points);
  expect(embedding).toHaveLength(512);
  embedding.forEach((value, i) => {
    const { channel, x, y } = embeddedPlace(i);
    expect(value).toBeCloseTo((data[(y * 112 + x) * 3 + channel]! - 127.5) / 127.5, 5);
  });
  const box = { left: 0, top: 0, width: 112, height: 112 };
  expect(await engine.embed(picture, { box, score: 1, points, pose: facePose(points) })).toEqual(embedding);
});

test('points beside the picture give an embedding of black', async () => {
  const points = arcFaceTemplate.map(({ x, y }) => ({ x: x + 5000, y: y - 900 })) as unknown as FacePoints;
  expect([...await engine.embedRegion(spottedPicture(64, 64, []), points)]).toEqual(new Array(512).fill(-1));
});

test('the outputs are told apart by their shapes, whatever they are called and however they come', () => {
  const input = { width: 64, height: 32 };
  const outputs = [8, 16, 32].flatMap((stride): Tensor[] => {
    const rows = (2 * 64 * 32) / stride ** 2;
    const filled = (width: number): Tensor => (
      float32Tensor([1, rows, width], new Float32Array(rows * width).fill(stride)));
    return [filled(10), filled(1), filled(4)];
  });
  const levels = scrfdLevels(outputs.reverse(), input);
  expect(levels.map(({ stride, scores, distances, offsets }) => (
    [stride, scores[0], scores.length, distances.length, offsets.length]))).toEqual([
    [8, 8, 64, 256, 640], [16, 16, 16, 64, 160], [32, 32, 4, 16, 40],
  ]);
  expect(() => scrfdLevels(outputs.slice(1), input)).toThrow(/outputs of/);
});

async function refusal(changed: Partial<AntelopeNetworks>): Promise<UserError> {
  const opening = openFaceEngine({ ...networks, ...changed }, options);
  const error = await opening.then(() => { throw new Error('nothing was refused'); }, (thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw error;
  expect(error.message).not.toContain(folder);
  return error;
}

test('files that are gone, changed, cut off or of another network are refused by name and never run', async () => {
  const { detector, recognizer } = networks;
  const gone = { file: path.join(folder, 'gone.onnx'), sha256: detector.sha256 };
  expect(await refusal({ detector: gone })).toMatchObject({
    code: 'models.file-missing', parameters: { file: 'gone.onnx' },
  });
  expect((await refusal({ detector: { file: folder, sha256: detector.sha256 } })).code).toBe('models.file-missing');
  const changed = await writeModel(folder, 'changed.onnx', detectorModel('open').fill(7, -3));
  expect((await refusal({ detector: { ...changed, sha256: detector.sha256 } })).code).toBe('models.wrong-hash');
  const cut = await writeModel(folder, 'cut.onnx', recognizerModel().subarray(0, 900));
  expect((await refusal({ recognizer: cut })).code).toBe('models.unreadable');
  expect((await refusal({ recognizer: detector })).code).toBe('models.other-network');
  expect((await refusal({ detector: recognizer })).code).toBe('models.other-network');
  const empty = await writeModel(folder, 'empty.onnx', new Uint8Array(0));
  expect((await refusal({ recognizer: empty })).code).toBe('models.unreadable');
});
