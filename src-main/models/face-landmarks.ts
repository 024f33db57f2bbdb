// The landmark network: four blocks of depthwise separable convolutions with dense sums, 112 x 112 pixels in,
// 68 points out. Layer order as in face-api's faceLandmark68Net (points numbered as in the iBUG 300-W set).

import type { Value } from '../compiler/1-build/graph.ts';
import { centredColours, faceConvolution } from './face-layers.ts';
import type { NetworkScope } from './network-scope.ts';

export const landmarkEdgePx = 112;
export const landmarkCount = 68;

const blockChannels = [32, 64, 128, 256] as const;

function separable(scope: NetworkScope, path: string, x: Value, channels: number, stride: 1 | 2): Value {
  const inChannels = x.shape[1]!;
  const options = { kernel: 3, stride, group: inChannels, bias: false } as const;
  const depthwise = faceConvolution(scope, `${path}.depthwise`, x, inChannels, options);
  return faceConvolution(scope, `${path}.pointwise`, depthwise, channels, { kernel: 1 });
}

/** Each layer sees the sum of all layers before it in its block. */
function denseBlock(scope: NetworkScope, path: string, x: Value, channels: number, isFirst: boolean): Value {
  const { g } = scope;
  const first = isFirst
    ? faceConvolution(scope, `${path}.conv_0`, x, channels, { kernel: 3, stride: 2 })
    : separable(scope, `${path}.conv_0`, x, channels, 2);
  let sum = g.relu(first);
  let seen = sum;
  for (const layer of [1, 2, 3]) {
    sum = g.add(sum, separable(scope, `${path}.conv_${layer}`, seen, channels, 1));
    seen = g.relu(sum);
  }
  return seen;
}

/** `face` [1, 3, 112, 112], RGB of 0..255, to [1, 68, 2]: x and y as fractions of the square. */
export function faceLandmarkNetwork(scope: NetworkScope, face: Value): Value {
  const { g } = scope;
  let x = centredColours(scope, face);
  blockChannels.forEach((channels, i) => {
    x = denseBlock(scope, `dense_${i}`, x, channels, i === 0);
  });
  const features = g.reshape(g.reduceMean(x, [2, 3]), [1, blockChannels[3]]);
  const weight = scope.parameter('points.weight', [landmarkCount * 2, blockChannels[3]]);
  const points = g.linear(features, weight, scope.parameter('points.bias', [landmarkCount * 2]));
  return g.reshape(points, [1, landmarkCount, 2]);
}
