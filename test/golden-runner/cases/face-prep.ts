// What insightface does around its networks: alignment to ArcFace's template, the detector's letterbox and numbers,
// anchors, boxes and key points out of the detector's outputs, non-maximum suppression and the choice of faces.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { readSafetensors } from '../../../src-main/checkpoint/safetensors.ts';
import { alignFace, arcFaceTemplateFor, similarityTransform } from '../../../src-main/faces/arcface-alignment.ts';
import type { FacePoints } from '../../../src-main/faces/face.ts';
import { inverseOf } from '../../../src-main/faces/fixed-point-pixels.ts';
import {
  detectorLevels, letterboxed, letterboxOf, levelTensor, recognizerLevels,
} from '../../../src-main/faces/letterbox.ts';
import { decodeScrfd, type DetectedFace, preferredFaces, scrfdAnchors } from '../../../src-main/faces/scrfd.ts';
import { decodePhoto } from '../../../src-main/photos/decode.ts';
import { type RgbPicture, rgbPicture } from '../../../src-main/photos/pixels.ts';
import { toFloat32 } from '../../../src-main/tensor/half.ts';
import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { exactRow, type GoldenCase, type GoldenRow, notCoveredRow, row } from '../case.ts';

type Pair = readonly [number, number];
type Golden = ReadonlyMap<string, Tensor>;

interface AlignmentSet {
  readonly name: string;
  readonly size: number;
  readonly matrix: readonly (readonly number[])[];
  readonly inverse: readonly (readonly number[])[];
}

interface DetectorCase {
  readonly name: string;
  readonly input_w_h: Pair;
  readonly image_h_w: Pair;
  readonly det_thresh: number;
  readonly nms_thresh: number;
  /** By name: 'all', or 'max2_max' for the two best by area ('max2_default': nearness to the middle counts too). */
  readonly results: Readonly<Record<string, number>>;
}

interface Config {
  readonly photo: string;
  readonly alignment: { readonly sets: readonly AlignmentSet[] };
  readonly detector: { readonly cases: readonly DetectorCase[] };
  readonly letterbox: {
    readonly cases: readonly {
      readonly image_h_w: Pair; readonly input_w_h: Pair; readonly resized_w_h: Pair; readonly det_scale: number;
    }[];
    readonly photo: { readonly crop_y_x: readonly [Pair, Pair]; readonly input: Pair };
  };
  readonly tolerance: {
    readonly matrix_abs: number; readonly warped_levels: { readonly max: number; readonly mean: number };
    readonly boxes_px: number; readonly blob_abs: number;
  };
}

/** config.json says it in words: "pixels within 1 level". */
const letterboxLevels = 1;
const strides = [8, 16, 32] as const;

export const cases: readonly GoldenCase[] = [{
  folder: 'face-prep',
  async run({ folder }) {
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8')) as Config;
    const golden = await readSafetensors(path.join(folder, 'io.safetensors'));
    // the file's path ends where its description in words begins
    const photoFile = path.join(folder, config.photo.split(' ')[0]!);
    const photo = existsSync(photoFile)
      ? await decodePhoto(await readFile(photoFile), path.basename(photoFile)) : undefined;
    return [
      ...config.alignment.sets.flatMap((set) => checkAlignment(set, golden, photo, config)),
      ...config.detector.cases.flatMap((scene) => checkDetector(scene, golden, config)),
      ...checkLetterbox(golden, photo, config),
    ];
  },
}];

function checkAlignment(
  { name, size, matrix, inverse }: AlignmentSet, golden: Golden, photo: RgbPicture | undefined, { tolerance }: Config,
): GoldenRow[] {
  const points = pointsOf(golden.get(`align.${name}.landmarks`)!);
  const actual = similarityTransform(points, arcFaceTemplateFor(size));
  // an error in the matrix grows in its inverse by the inverse's own scale
  const grown = Math.hypot(inverse[0]![0]!, inverse[1]![0]!);
  const rows = [
    row(`align/${name}/matrix`, largest(actual.flat(), matrix.flat()), tolerance.matrix_abs),
    row(`align/${name}/inverse`, largest(inverseOf(actual).flat(), inverse.flat()), tolerance.matrix_abs * grown ** 2),
  ];
  if (!photo) return [...rows, notCoveredRow(`align/${name}/pixels`, 'the photo is not there')];
  const aligned = alignFace(photo, points, size);
  const expected = golden.get(`align.${name}.warped_rgb`)!;
  const isSameSize = aligned.height === expected.shape[0] && aligned.width === expected.shape[1];
  const levels = Array.from(aligned.data, (value, i) => Math.abs(value - Number(expected.data[i])));
  const mean = levels.reduce((sum, value) => sum + value, 0) / levels.length;
  const most = levels.reduce((worst, value) => Math.max(worst, value), 0);
  const blob = golden.get(`align.${name}.rec_blob_corner`);
  return [
    ...rows,
    row(`align/${name}/pixels, most levels`, isSameSize ? most : Infinity, tolerance.warped_levels.max),
    row(`align/${name}/pixels, mean levels`, isSameSize ? mean : Infinity, tolerance.warped_levels.mean),
    ...(blob ? [blobRow(`align/${name}/blob`, rgbOf(expected), recognizerLevels, blob, tolerance.blob_abs)] : []),
  ];
}

function checkDetector(scene: DetectorCase, golden: Golden, { tolerance }: Config): GoldenRow[] {
  const { name, input_w_h: [width, height], image_h_w: [imageHeight, imageWidth] } = scene;
  const input = { width, height };
  const picture = { width: imageWidth, height: imageHeight };
  const numbers = (i: number): Float32Array => toFloat32(golden.get(`det.${name}.out${i}`)!).data as Float32Array;
  const levels = strides.map((stride, i) => (
    { stride, scores: numbers(i), distances: numbers(i + 3), offsets: numbers(i + 6) }));
  const faces = decodeScrfd(levels, {
    input, scale: letterboxOf(picture, input).scale, minimumScore: scene.det_thresh, overlapLimit: scene.nms_thresh,
  });
  const anchors = strides.map((stride) => {
    const expected = golden.get(`det.${name}.anchors${stride}`)!;
    const actual = scrfdAnchors(input, stride).slice(0, expected.shape[0]).flatMap(({ x, y }) => [x, y]);
    return exactRow(`${name}/anchors${stride}`, largest(actual, expected.data as Float32Array) === 0);
  });
  return [...anchors, ...Object.keys(scene.results).flatMap((result) => {
    const [, count, metric] = /^max(\d+)_(default|max)$/.exec(result) ?? [];
    if (count === undefined && result !== 'all') return [notCoveredRow(`${name}.${result}`, 'no such choice of faces')];
    const preference = metric === 'max' ? 'area' : 'area-and-middle';
    const chosen = count === undefined ? faces : preferredFaces(faces, Number(count), picture, preference);
    return compareFaces(`${name}.${result}`, chosen, golden, tolerance.boxes_px);
  })];
}

function compareFaces(name: string, faces: readonly DetectedFace[], golden: Golden, tolerance: number): GoldenRow[] {
  const boxes = faces.flatMap(({ box: { left, top, width, height }, score }) => (
    [left, top, left + width, top + height, score]));
  const points = faces.flatMap((face) => face.points.flatMap(({ x, y }) => [x, y]));
  return [['boxes', boxes] as const, ['kps', points] as const].flatMap(([kind, actual]) => {
    const expected = golden.get(`det.${name}.${kind}`);
    return expected ? [row(`${name}/${kind}`, largest(actual, expected.data as Float32Array), tolerance)] : [];
  });
}

function checkLetterbox(golden: Golden, photo: RgbPicture | undefined, { letterbox, tolerance }: Config): GoldenRow[] {
  const wrong = letterbox.cases.filter((each) => {
    const [[height, width], [inputWidth, inputHeight]] = [each.image_h_w, each.input_w_h];
    const { resized, scale } = letterboxOf({ width, height }, { width: inputWidth, height: inputHeight });
    return [resized.width, resized.height].join() !== each.resized_w_h.join() || scale !== each.det_scale;
  });
  const note = wrong.length > 0 ? `wrong: ${JSON.stringify(wrong.slice(0, 3))}` : `${letterbox.cases.length} sizes`;
  const sizes = exactRow('letterbox/sizes', wrong.length === 0, note);
  if (!photo) return [sizes, notCoveredRow('letterbox/pixels', 'the photo is not there')];
  const { crop_y_x: [[top, bottom], [left, right]], input: [inputHeight, inputWidth] } = letterbox.photo;
  const part = partOf(photo, left, top, right - left, bottom - top);
  const { picture } = letterboxed(part, { width: inputWidth, height: inputHeight });
  const expected = golden.get('letterbox.det_image_rgb')!;
  return [
    sizes, row('letterbox/pixels', largest(picture.data, expected.data as Uint8Array), letterboxLevels),
    blobRow('letterbox/blob', rgbOf(expected), detectorLevels, golden.get('letterbox.det_blob_corner')!,
      tolerance.blob_abs),
  ];
}

/** The golden corner of a blob, from the golden pixels. */
function blobRow(
  name: string, picture: RgbPicture, levels: typeof detectorLevels | typeof recognizerLevels, golden: Tensor,
  tolerance: number,
): GoldenRow {
  const [, , height, width] = golden.shape as [number, number, number, number];
  const corner = partOf(picture, 0, 0, width, height);
  return row(name, largest(levelTensor(corner, levels).data as Float32Array, golden.data as Float32Array), tolerance);
}

function rgbOf({ shape, data }: Tensor): RgbPicture {
  return rgbPicture(shape[1]!, shape[0]!, data as Uint8Array);
}

function partOf(picture: RgbPicture, left: number, top: number, width: number, height: number): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(start, start + width * 3), y * width * 3);
  }
  return rgbPicture(width, height, data);
}

function pointsOf({ data }: Tensor): FacePoints {
  const points = Array.from({ length: 5 }, (_, i) => ({ x: Number(data[2 * i]), y: Number(data[2 * i + 1]) }));
  return points as unknown as FacePoints;
}

/** The largest difference; Infinity where the counts differ. */
function largest(actual: ArrayLike<number>, golden: ArrayLike<number>): number {
  if (actual.length !== golden.length) return Infinity;
  let most = 0;
  for (let i = 0; i < golden.length; i++) {
    const difference = Math.abs(actual[i]! - golden[i]!);
    most = difference <= most ? most : Number.isNaN(difference) ? Infinity : difference;
  }
  return most;
}
