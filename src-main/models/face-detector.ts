// The face detector's network: SSD (Liu et al. 2016) on MobileNet v1 (Howard et al. 2017), 512 x 512 pixels in,
// 5118 prior boxes out. Layer order and strides as in face-api's ssdMobilenetv1; batch norms are in the weights.

import type { Value } from '../compiler/1-build/graph.ts';
import { faceConvolution } from './face-layers.ts';
import type { NetworkScope } from './network-scope.ts';

export const detectorEdgePx = 512;
export const priorBoxCount = 5118;

/** Outputs of the thirteen depthwise-pointwise pairs. */
const pairChannels = [64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024] as const;
const halvingPairs = new Set([2, 4, 6, 12]);
/** The pair whose output, at 32 x 32, the finest predictor reads. */
const finestPair = 11;

/** Channels, kernel and stride of the layers that follow the backbone; a predictor reads each second one. */
const extraLayers = [
  [256, 1, 1], [512, 3, 2], [128, 1, 1], [256, 3, 2], [128, 1, 1], [256, 3, 2], [64, 1, 1], [128, 3, 2],
] as const;

/** Three prior boxes a cell at the finest level, six at the others; four numbers and three classes a box. */
const boxesPerCell = [3, 6, 6, 6, 6, 6] as const;
const classCount = 3;

export interface FaceDetectorOutputs {
  /** [1, 5118, 4]: shifts and log sizes against the prior boxes (y, x, height, width). */
  readonly boxEncodings: Value;
  /** [1, 5118]: how sure it is that there is a face, 0..1. */
  readonly scores: Value;
}

function backbone(scope: NetworkScope, picture: Value): Value[] {
  const { g } = scope;
  let x = g.sub(g.mul(picture, g.scalar(1 / 127.5)), g.scalar(1));
  x = g.clip(faceConvolution(scope, 'conv_0', x, 32, { kernel: 3, stride: 2 }), 0, 6);
  let finest = x;
  pairChannels.forEach((channels, i) => {
    const pair = i + 1;
    const stride = halvingPairs.has(pair) ? 2 : 1;
    const inChannels = x.shape[1]!;
    const depthwise = { kernel: 3, stride, group: inChannels } as const;
    x = g.clip(faceConvolution(scope, `conv_${pair}.depthwise`, x, inChannels, depthwise), 0, 6);
    x = g.clip(faceConvolution(scope, `conv_${pair}.pointwise`, x, channels, { kernel: 1 }), 0, 6);
    if (pair === finestPair) finest = x;
  });
  return [finest, x];
}

/** [1, boxes * size, H, W] to [1, H * W * boxes, size]. */
function perBox(scope: NetworkScope, x: Value, size: number): Value {
  return scope.g.reshape(scope.g.transpose(x, [0, 2, 3, 1]), [1, -1, size]);
}

/** `picture` is [1, 3, 512, 512], RGB of 0..255. */
export function faceDetector(scope: NetworkScope, picture: Value): FaceDetectorOutputs {
  const { g } = scope;
  const levels = backbone(scope, picture);
  let x = levels[1]!;
  extraLayers.forEach(([channels, kernel, stride], i) => {
    x = g.clip(faceConvolution(scope, `extra_${i}`, x, channels, { kernel, stride }), 0, 6);
    if (i % 2 === 1) levels.push(x);
  });
  const predict = (kind: 'box' | 'class', size: number): Value[] => levels.map((level, i) =>
    perBox(scope, faceConvolution(scope, `${kind}_${i}`, level, boxesPerCell[i]! * size, { kernel: 1 }), size));
  const boxes = predict('box', 4);
  const classes = predict('class', classCount);
  // class 0 is "nothing", class 1 is "face", class 2 is never trained
  const face = g.slice(g.concat(classes, 1), 2, 1, 2);
  return { boxEncodings: g.concat(boxes, 1), scores: g.reshape(g.sigmoid(face), [1, priorBoxCount]) };
}
