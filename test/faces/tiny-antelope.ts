// Small networks with antelopev2's inputs, outputs and shapes, as .onnx files. The detector sees spots that stand
// alone: a red one of 8 pixels at stride 8, a green one of 16 at stride 16, a blue one of 32 at stride 32, each on its
// grid.
// The recogniser's embedding is 512 levels of the aligned face, at places that are known.

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { simplify } from '../../src-main/compiler/3-simplify/simplify.ts';
import { emitOnnx } from '../../src-main/compiler/4-emit/emit.ts';
import { encodeModel, type OnnxNode } from '../../src-main/compiler/4-emit/onnx-model.ts';
import type { AntelopeNetworks, CheckedFile } from '../../src-main/contract/engine-faces.ts';
import type { Point } from '../../src-main/faces/face.ts';
import { type RgbPicture, rgbPicture } from '../../src-main/photos/pixels.ts';
import { type Tensor, float32Tensor } from '../../src-main/tensor/tensor.ts';

const strides = [8, 16, 32] as const;
export type SpotColour = 'red' | 'green' | 'blue';
export const strideOf: Readonly<Record<SpotColour, number>> = { red: 8, green: 16, blue: 32 };

/** What the detector says of every spot, in strides from its top left corner. */
export const spotDistances = [0.75, 1, 1.75, 2] as const;
export const spotPoints: readonly Point[] = [
  { x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0.5, y: 0.5 }, { x: 0.125, y: 1 }, { x: 0.875, y: 1 },
];

/** The names of the published file's outputs: scores, distances and offsets of stride 8, 16 and 32. */
const outputNames = [['448', '451', '454'], ['471', '474', '477'], ['494', '497', '500']] as const;

interface Parts {
  readonly nodes: OnnxNode[];
  readonly tensors: { name: string; source: Tensor }[];
}

/** `edges` leaves height and width open where it is 'open'. */
export function detectorModel(edges: 'open' | number): Uint8Array {
  const parts: Parts = { nodes: [], tensors: [] };
  strides.forEach((stride, i) => addStride(parts, stride, i));
  // the published file's order: all scores, all distances, all offsets; -1 is a size that is left open
  const order = [0, 1, 2].flatMap((k) => outputNames.map((names) => ({ name: names[k]!, width: [1, 4, 10][k]! })));
  const edge = edges === 'open' ? -1 : edges;
  return encodeModel({
    name: 'tiny-scrfd', opset: 17, ...parts, locate: (file) => file,
    inputs: [{ name: 'input.1', dtype: 'float32', shape: [1, 3, edge, edge] }],
    outputs: order.map(({ name, width }) => ({ name, dtype: 'float32' as const, shape: [-1, width] })),
  });
}

/** The three outputs of one stride. */
function addStride(parts: Parts, stride: number, i: number): void {
  const [scores, distances, offsets] = outputNames[i]!;
  const kernel = 3 * stride;
  addConvolution(parts, `spot${stride}`, { stride, kernel, pad: stride }, {
    weights: [...spotKernel(stride, i), ...blank(3 * kernel * kernel)], biases: [(-50 * 1.9 * 255) / 256, -30],
  });
  parts.nodes.push({ op: 'Sigmoid', name: `sure${stride}`, inputs: [`spot${stride}`], outputs: [`sure${stride}`] });
  addRows(parts, scores, `sure${stride}`, 1);
  const constant = (name: string, values: readonly number[]): string => {
    const biases = [...values, ...values];
    addConvolution(parts, name, { stride, kernel: 1, pad: 0 }, { weights: blank(3 * biases.length), biases });
    return name;
  };
  addRows(parts, distances, constant(`box${stride}`, spotDistances), 4);
  addRows(parts, offsets, constant(`points${stride}`, spotPoints.flatMap(({ x, y }) => [x, y])), 10);
}

/** Of the picture, one output channel a bias. */
function addConvolution(
  { nodes, tensors }: Parts, name: string, { stride, kernel, pad }: Record<'stride' | 'kernel' | 'pad', number>,
  { weights, biases }: { readonly weights: readonly number[]; readonly biases: readonly number[] },
): void {
  const [weight, bias] = [`${name}.weight`, `${name}.bias`];
  const shape = [biases.length, 3, kernel, kernel];
  tensors.push({ name: weight, source: float32Tensor(shape, Float32Array.from(weights)) });
  tensors.push({ name: bias, source: float32Tensor([biases.length], Float32Array.from(biases)) });
  const attributes = {
    kernel_shape: { ints: [kernel, kernel] }, strides: { ints: [stride, stride] }, pads: { ints: [pad, pad, pad, pad] },
  };
  nodes.push({ op: 'Conv', name, inputs: ['input.1', weight, bias], outputs: [name], attributes });
}

/** [1, 2 width, H, W] to rows of `width` numbers, two a cell. */
function addRows({ nodes, tensors }: Parts, name: string, value: string, width: number): void {
  const [last, shape] = [`${name}-last`, `${name}-shape`];
  const attributes = { perm: { ints: [0, 2, 3, 1] } };
  nodes.push({ op: 'Transpose', name: last, inputs: [value], outputs: [last], attributes });
  tensors.push({ name: shape, source: { dtype: 'int64', shape: [2], data: BigInt64Array.of(-1n, BigInt(width)) } });
  nodes.push({ op: 'Reshape', name, inputs: [last, shape], outputs: [name] });
}

const blank = (length: number): number[] => new Array<number>(length).fill(0);

/** Fifty times the spot's colour over the other two, in the cell less around it. */
function spotKernel(stride: number, channel: number): number[] {
  const kernel = 3 * stride;
  return Array.from({ length: 3 * kernel * kernel }, (_, i) => {
    const [c, y, x] = [Math.floor(i / kernel ** 2), Math.floor(i / kernel) % kernel, i % kernel];
    const isInside = [x, y].every((at) => at >= stride && at < 2 * stride);
    return (50 * (c === channel ? 1 : -0.5)) / (isInside ? stride ** 2 : -8 * stride ** 2);
  });
}

/** [1, 3, 112, 112] → [1, 512]: of each square of 14 pixels 8 levels, see embeddedPlace. */
export function recognizerModel(): Uint8Array {
  const g = new GraphBuilder('tiny-arcface');
  const picture = g.input('input.1', 'float32', [1, 3, 112, 112]);
  const weights = new Float32Array(8 * 3 * 14 * 14);
  for (let k = 0; k < 8; k++) {
    const { channel, x, y } = embeddedPlace(k * 64);
    weights[((k * 3 + channel) * 14 + y) * 14 + x] = 1;
  }
  const pick = g.weight('pick', float32Tensor([8, 3, 14, 14], weights));
  const kept = g.conv(picture, pick, undefined, { strides: [14, 14] });
  g.output('683', g.reshape(kept, [1, 512]));
  return emitOnnx(simplify(g.graph()), { hasFusedMatMul: false, needsCommonEpsilon: false, root: '/' });
}

/** Which pixel and channel of the aligned face number `i` of the embedding is. */
export function embeddedPlace(i: number): { channel: number; x: number; y: number } {
  const [k, row, column] = [Math.floor(i / 64), Math.floor((i % 64) / 8), i % 8];
  return { channel: k % 3, x: column * 14 + k, y: row * 14 + 2 * (k % 4) + 3 };
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export async function writeModel(folder: string, name: string, bytes: Uint8Array): Promise<CheckedFile> {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return { file, sha256: sha256Of(bytes) };
}

/** Both networks under their published names. */
export async function writeAntelope(folder: string, edges: 'open' | number = 'open'): Promise<AntelopeNetworks> {
  return {
    kind: 'antelopev2', detector: await writeModel(folder, 'scrfd_10g_bnkps.onnx', detectorModel(edges)),
    recognizer: await writeModel(folder, 'glintr100.onnx', recognizerModel()),
  };
}

/** A black picture with spots whose top left corners are given. */
export function spottedPicture(
  width: number, height: number, spots: readonly { colour: SpotColour; x: number; y: number; edge?: number }[],
): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (const { colour, x, y, edge = strideOf[colour] } of spots) {
    const channel = ['red', 'green', 'blue'].indexOf(colour);
    for (let v = y; v < y + edge; v++) for (let u = x; u < x + edge; u++) data[(v * width + u) * 3 + channel] = 255;
  }
  return rgbPicture(width, height, data);
}
