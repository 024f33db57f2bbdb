// node test/faces/make/record-golden.ts: writes test/faces/face-api-golden.json, what face-api itself (its own code on
// TensorFlow.js, CPU backend, both bundled in its package) says of three squares of test/photos/astronaut.png.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as nodeUtil from 'node:util';
import { decodePhoto } from '../../../src-main/photos/decode.ts';
import { packageFolder } from './face-api-weights.ts';

interface FaceApiFace {
  detection: { score: number; box: Record<string, number> };
  landmarks: { positions: { x: number; y: number }[] };
}

/** Squares whose size is the network's own, so that nothing is resampled. */
const squares = { landmarks: { left: 166, top: 68, edge: 112 }, embedding: { left: 148, top: 48, edge: 150 } };

// The package's browser bundle carries TensorFlow.js; only its wish for a global `util` has to be met in Node.
const bundle = readFileSync(path.join(packageFolder, 'dist', 'face-api.esm.js'), 'utf8');
const adapted = bundle.replace(/this\.util=[A-Za-z]+\(\)/, 'this.util=globalThis.nodeUtil');
if (adapted === bundle) throw new Error('The bundle of face-api is not the one that this script was written for.');
Object.assign(globalThis, { nodeUtil });
const file = path.join(os.tmpdir(), `face-api-${process.pid}.mjs`);
writeFileSync(file, adapted);
const faceApi = await import(pathToFileURL(file).href);
rmSync(file);
const { tf, nets } = faceApi;
await tf.setBackend('cpu');
await tf.ready();

for (const [net, name] of [
  ['ssdMobilenetv1', 'ssd_mobilenetv1'], ['faceLandmark68Net', 'face_landmark_68'],
  ['faceRecognitionNet', 'face_recognition'],
]) {
  const model = path.join(packageFolder, 'model', `${name}_model`);
  const manifest = JSON.parse(readFileSync(`${model}-weights_manifest.json`, 'utf8'));
  const bytes = Uint8Array.from(readFileSync(`${model}.bin`));
  const specs = manifest.flatMap((group: { weights: unknown[] }) => group.weights);
  nets[net!].loadFromWeightMap(tf.io.decodeWeights(bytes.buffer, specs));
}

const photo = fileURLToPath(new URL('../../photos/astronaut.png', import.meta.url));
const { width, height, data } = await decodePhoto(readFileSync(photo), 'astronaut.png', 'stored');
const picture = tf.tensor3d(Int32Array.from(data), [height, width, 3], 'int32');
const cut = ({ left, top, edge }: { left: number; top: number; edge: number }): unknown =>
  tf.slice3d(picture, [top, left, 0], [edge, edge, 3]);

const detector = nets.ssdMobilenetv1.forwardInput(await faceApi.toNetInput(picture));
const scores = Array.from(detector.scores[0].dataSync() as Float32Array);
const boxes = detector.boxes[0].arraySync() as number[][];
const sure = scores.map((score, index) => ({ index, score, box: boxes[index]! })).filter(({ score }) => score > 0.05);
const landmarks = await nets.faceLandmark68Net.detectLandmarks(cut(squares.landmarks));
const embedding = await nets.faceRecognitionNet.computeFaceDescriptor(cut(squares.embedding));
const whole = await faceApi.detectAllFaces(picture).withFaceLandmarks();

const golden = {
  producer: `@vladmandic/face-api ${faceApi.version} on TensorFlow.js ${tf.version_core}, CPU backend; `
    + 'program: test/faces/make/record-golden.ts',
  photo: 'test/photos/astronaut.png, pixels as stored',
  squares,
  /** Every prior box with a score above 0.05: top, left, bottom, right as fractions. */
  detections: sure,
  scoreSum: scores.reduce((sum, score) => sum + score, 0),
  /** x and y as fractions of the square. */
  landmarks: landmarks.relativePositions.map(({ x, y }: { x: number; y: number }) => [x, y]),
  embedding: Array.from(embedding as Float32Array),
  /** The whole of face-api's own pipeline on the photo, positions in pixels. */
  faces: whole.map((face: FaceApiFace) => ({
    score: face.detection.score,
    box: ['x', 'y', 'width', 'height'].map((side) => face.detection.box[side]),
    landmarks: face.landmarks.positions.map(({ x, y }) => [x, y]),
  })),
};
const target = fileURLToPath(new URL('../face-api-golden.json', import.meta.url));
writeFileSync(target, `${JSON.stringify(golden)}\n`);
console.log(target);
