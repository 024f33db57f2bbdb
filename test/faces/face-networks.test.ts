// The three face networks, through our compiler and ONNX Runtime, against face-api itself on the same pixels.
// Both run the same 8-bit weights in float32; the order of sums differs, so errors stay near 1e-5.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { layOutSafetensors } from '../../src-main/checkpoint/safetensors-writer.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { evaluate } from '../../src-main/compiler/evaluate.ts';
import { decodeBoxes } from '../../src-main/faces/box-decoding.ts';
import { faceDetectorGraph, faceLandmarkGraph, faceRecognizerGraph } from '../../src-main/faces/face-graphs.ts';
import { type FaceNetworkName, faceWeightsFolder, readFaceWeights } from '../../src-main/faces/face-weights.ts';
import { squareInput } from '../../src-main/faces/network-input.ts';
import { averagePool2, maxPool3, samePadding } from '../../src-main/models/face-layers.ts';
import { frozenScope } from '../../src-main/models/frozen-scope.ts';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import type { RgbPicture } from '../../src-main/photos/pixels.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import { type Tensor, float32Tensor, tensorBytes } from '../../src-main/tensor/tensor.ts';
import { faceWeightFiles, faceWeightMetadata } from './make/convert-networks.ts';

interface Square { left: number; top: number; edge: number }
const golden = JSON.parse(readFileSync(new URL('face-api-golden.json', import.meta.url), 'utf8')) as {
  squares: { landmarks: Square; embedding: Square };
  detections: { index: number; score: number; box: number[] }[];
  scoreSum: number;
  landmarks: number[][];
  embedding: number[];
};
const photo = new URL('../photos/astronaut.png', import.meta.url);
const astronaut = async (): Promise<RgbPicture> => await decodePhoto(readFileSync(photo), 'astronaut.png', 'stored');

async function run(
  name: FaceNetworkName, build: (weights: Map<string, Tensor>) => Graph, { left, top, edge }: Square,
): Promise<{ outputs: Record<string, Tensor>; weights: Map<string, Tensor> }> {
  const weights = await readFaceWeights(faceWeightsFolder, name);
  const session = await openSession(build(weights), { provider: 'cpu', threads: 1 });
  onTestFinished(() => session.release());
  const region = { left, top, width: edge, height: edge };
  return { outputs: await session.run({ picture: squareInput(await astronaut(), region, edge) }), weights };
}

const numbers = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array;

function largestDifference(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  return Math.max(...Array.from(found, (value, i) => Math.abs(value - wanted[i]!)));
}

test('the detector gives the scores and boxes of face-api', async () => {
  const { outputs, weights } = await run('face-detector', faceDetectorGraph, { left: 0, top: 0, edge: 512 });
  const scores = numbers(outputs['scores']);
  expect(golden.detections.length).toBeGreaterThan(3); // otherwise the loop proves little
  for (const { index, score } of golden.detections) expect(scores[index]).toBeCloseTo(score, 4);
  expect(scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(golden.scoreSum, 2);
  const boxes = decodeBoxes(numbers(weights.get('prior_boxes')), numbers(outputs['boxEncodings']), scores, 0.05);
  const wanted = [...golden.detections].sort((a, b) => b.score - a.score);
  expect(boxes).toHaveLength(wanted.length);
  boxes.forEach(({ box: { left, top, width, height } }, i) => {
    // 0.05 of 512 pixels
    expect(largestDifference([top, left, top + height, left + width], wanted[i]!.box)).toBeLessThan(1e-4);
  });
});

test('the landmarks are those of face-api', async () => {
  const { outputs } = await run('face-landmarks', faceLandmarkGraph, golden.squares.landmarks);
  expect(largestDifference(numbers(outputs['landmarks']), golden.landmarks.flat())).toBeLessThan(2e-5);
});

test('the face embedding is that of face-api', async () => {
  const { outputs } = await run('face-recognizer', faceRecognizerGraph, golden.squares.embedding);
  expect(largestDifference(numbers(outputs['faceEmbedding']), golden.embedding)).toBeLessThan(2e-5);
});

test.each(Object.entries(faceWeightFiles))('%s is what its script makes from the npm package', (name, weights) => {
  const { head, order } = layOutSafetensors(weights(), faceWeightMetadata);
  const made = Buffer.concat([head, ...order.map(([, tensor]) => tensorBytes(tensor as Tensor))]);
  expect(made.equals(readFileSync(path.join(faceWeightsFolder, name)))).toBe(true);
});

test('padding is split as TensorFlow splits it', () => {
  expect(samePadding(512, 3, 2)).toEqual([0, 1]);
  expect(samePadding(7, 3, 2)).toEqual([1, 1]);
  expect(samePadding(32, 3, 1)).toEqual([1, 1]);
  expect(samePadding(32, 1, 1)).toEqual([0, 0]);
});

test('poolings take the largest and the mean of their windows, and drop what no window covers', () => {
  const g = new GraphBuilder('pools');
  const scope = frozenScope(g, new Map());
  const x = g.input('x', 'float32', [1, 1, 5, 6]);
  g.output('largest', maxPool3(scope, x));
  g.output('mean', averagePool2(scope, x));
  const values = Float32Array.from({ length: 30 }, (_, i) => (i * 7) % 30);
  const { largest, mean } = evaluate(g.graph(), { x: float32Tensor([1, 1, 5, 6], values) });
  const at = (row: number, column: number): number => values[row * 6 + column]!;
  const window = (row: number, column: number, edge: number): number[] =>
    Array.from({ length: edge * edge }, (_, i) => at(row + Math.floor(i / edge), column + (i % edge)));
  expect(largest!.shape).toEqual([1, 1, 2, 2]);
  expect([...largest!.values].map(Number)).toEqual(
    [[0, 0], [0, 2], [2, 0], [2, 2]].map(([row, column]) => Math.max(...window(row!, column!, 3))));
  expect(mean!.shape).toEqual([1, 1, 2, 3]);
  const average = (list: number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  expect([...mean!.values].map(Number)).toEqual(
    [[0, 0], [0, 2], [0, 4], [2, 0], [2, 2], [2, 4]].map(([row, column]) => average(window(row!, column!, 2))));
});
