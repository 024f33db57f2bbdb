// Pieces of pictures as the face networks take them: [1, 3, edge, edge], RGB of 0..255, black beyond the picture.

import { type EdgeMode, type Region, type RgbPicture, resampleRegion, rgbPicture } from '../photos/pixels.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';
import type { PixelBox } from './face.ts';
import type { TurnedSquare } from './face-points.ts';

/** Interleaved RGB numbers of a square to planes. */
function planes(values: Float32Array, edgePx: number): Tensor {
  const area = edgePx * edgePx;
  const data = new Float32Array(values.length);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) data[c * area + i] = values[i * 3 + c]!;
  }
  return float32Tensor([1, 3, edgePx, edgePx], data);
}

export function squareInput(picture: RgbPicture, region: Region, edgePx: number): Tensor {
  return planes(resampleRegion(picture, region, edgePx, edgePx), edgePx);
}

/** The pixels of a box with whole-numbered edges inside the picture. */
function cutOut(picture: RgbPicture, { left, top, width, height }: PixelBox): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(start, start + width * 3), y * width * 3);
  }
  return rgbPicture(width, height, data);
}

export interface BoxInput {
  readonly input: Tensor;
  /** The square that `input` shows, in pixels of the picture. */
  readonly region: Region;
}

/** A box in the middle of a square, black beside it, as the landmark network was taught. */
export function boxInput(picture: RgbPicture, box: PixelBox, edgePx: number): BoxInput {
  const left = Math.floor(box.left);
  const top = Math.floor(box.top);
  const width = Math.max(1, Math.min(Math.ceil(box.width), picture.width - left));
  const height = Math.max(1, Math.min(Math.ceil(box.height), picture.height - top));
  const edge = Math.max(width, height);
  const [right, down] = [(width - edge) / 2, (height - edge) / 2];
  const part = cutOut(picture, { left, top, width, height });
  const input = squareInput(part, { left: right, top: down, width: edge, height: edge }, edgePx);
  return { input, region: { left: left + right, top: top + down, width: edge, height: edge } };
}

/** Below this turn, in radians, a straight cut differs by less than half a pixel. */
const negligibleAngle = 0.003;

/** A square that may be turned, upright in the result: edgePx x edgePx x 3 numbers of 0..255. */
export function turnedSquare(
  picture: RgbPicture, { centre, edge, angle }: TurnedSquare, edgePx: number, beyond: EdgeMode = 'black',
): Float32Array {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const isStraight = Math.abs(angle) < negligibleAngle;
  const span = isStraight ? edge : edge * (Math.abs(cos) + Math.abs(sin));
  const around = { left: centre.x - span / 2, top: centre.y - span / 2, width: span, height: span };
  if (isStraight) return resampleRegion(picture, around, edgePx, edgePx, beyond);
  // first to the final scale, which takes care of aliasing, then turned with bilinear weights
  const basePx = Math.ceil((edgePx * span) / edge) + 2;
  const base = resampleRegion(picture, around, basePx, basePx, beyond);
  const step = (edge / edgePx) * (basePx / span);
  const out = new Float32Array(edgePx * edgePx * 3);
  for (let y = 0; y < edgePx; y++) {
    for (let x = 0; x < edgePx; x++) {
      const [u, v] = [(x + 0.5 - edgePx / 2) * step, (y + 0.5 - edgePx / 2) * step];
      const at = (y * edgePx + x) * 3;
      blend(base, basePx, basePx / 2 + cos * u - sin * v - 0.5, basePx / 2 + sin * u + cos * v - 0.5, out, at);
    }
  }
  return out;
}

function blend(base: Float32Array, edgePx: number, x: number, y: number, out: Float32Array, at: number): void {
  const last = edgePx - 2;
  const left = Math.min(last, Math.max(0, Math.floor(x)));
  const top = Math.min(last, Math.max(0, Math.floor(y)));
  const [fx, fy] = [x - left, y - top];
  const first = (top * edgePx + left) * 3;
  for (let c = 0; c < 3; c++) {
    const i = first + c;
    const upper = base[i]! * (1 - fx) + base[i + 3]! * fx;
    const lower = base[i + edgePx * 3]! * (1 - fx) + base[i + edgePx * 3 + 3]! * fx;
    out[at + c] = upper * (1 - fy) + lower * fy;
  }
}

export function turnedSquareInput(picture: RgbPicture, square: TurnedSquare, edgePx: number): Tensor {
  return planes(turnedSquare(picture, square, edgePx), edgePx);
}
