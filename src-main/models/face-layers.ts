// The layers of the three face networks: convolutions padded as TensorFlow pads them, and poolings built of plain ops.
// Parameters are named `path`.weight [out, in / group, kernel, kernel] and `path`.bias [out].

import type { Value } from '../compiler/1-build/graph.ts';
import type { NetworkScope } from './network-scope.ts';

export interface FaceConvolutionOptions {
  readonly kernel: number;
  readonly stride?: 1 | 2;
  /** 'same' gives ceil(size / stride) rows and columns, the odd one of padding at the bottom and right. */
  readonly padding?: 'same' | 'valid';
  readonly group?: number;
  readonly bias?: boolean;
}

/** TensorFlow's SAME: as many zeros as the last window needs, half before and the rest after. */
export function samePadding(size: number, kernel: number, stride: number): readonly [number, number] {
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const before = Math.floor(total / 2);
  return [before, total - before];
}

/** Convolution of x [B,C,H,W]; 'same' padding and a bias unless told. */
export function faceConvolution(
  scope: NetworkScope, path: string, x: Value, outChannels: number, options: FaceConvolutionOptions,
): Value {
  const { kernel, stride = 1, padding = 'same', group = 1 } = options;
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const weight = scope.parameter(`${path}.weight`, [outChannels, channels / group, kernel, kernel]);
  const bias = options.bias === false ? undefined : scope.parameter(`${path}.bias`, [outChannels]);
  const [top, bottom] = padding === 'same' ? samePadding(height, kernel, stride) : [0, 0];
  const [left, right] = padding === 'same' ? samePadding(width, kernel, stride) : [0, 0];
  return scope.g.conv(x, weight, bias, { strides: [stride, stride], pads: [top, left, bottom, right], group });
}

/** Largest of each 3x3 window at stride 2, without padding: x [B,C,H,W] to [B,C,(H-3)/2+1,(W-3)/2+1]. */
export function maxPool3(scope: NetworkScope, x: Value): Value {
  const largest = (value: Value, axis: number): Value => {
    const { g } = scope;
    const size = value.shape[axis]!;
    const count = Math.floor((size - 3) / 2) + 1;
    const shifted = [0, 1, 2].map((start) => g.slice(value, axis, start, start + 2 * (count - 1) + 1, 2));
    return g.max(g.max(shifted[0]!, shifted[1]!), shifted[2]!);
  };
  return largest(largest(x, 2), 3);
}

/** Mean of each 2x2 window at stride 2, without padding: x [B,C,H,W] to [B,C,⌊H/2⌋,⌊W/2⌋]. */
export function averagePool2(scope: NetworkScope, x: Value): Value {
  const { g } = scope;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(height / 2), Math.floor(width / 2)];
  const even = g.slice(g.slice(x, 2, 0, rows * 2), 3, 0, columns * 2);
  const windows = g.reshape(even, [batch, channels, rows, 2, columns, 2]);
  return g.reshape(g.reduceMean(windows, [3, 5]), [batch, channels, rows, columns]);
}

// Mean colour of the pictures that the landmark and recognition networks learned from (dlib's input_rgb_image).
const meanRgb = [122.782, 117.001, 104.298];

/** (x - mean colour) / 255 for x [B,3,H,W] of 0..255, RGB. */
export function centredColours(scope: NetworkScope, x: Value): Value {
  const { g } = scope;
  const mean = g.constant({ dtype: 'float32', shape: [1, 3, 1, 1], data: Float32Array.from(meanRgb) });
  return g.mul(g.sub(x, mean), g.scalar(1 / 255));
}
