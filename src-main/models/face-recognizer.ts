// The recognition network: dlib's 29-layer face ResNet (King 2017, after He et al. 2016), 150 x 150 pixels in, 128
// numbers out that lie near each other for the same person. Layer order as in face-api's faceRecognitionNet;
// the per-channel scales that follow each convolution are in the weights.

import type { Value } from '../compiler/1-build/graph.ts';
import { averagePool2, centredColours, faceConvolution, maxPool3 } from './face-layers.ts';
import type { NetworkScope } from './network-scope.ts';

export const recognizerEdgePx = 150;
export const faceEmbeddingLength = 128;

/** The residual blocks in order: name and channels. Those named 'down' halve height and width. */
const blocks = [
  ['conv32_1', 32], ['conv32_2', 32], ['conv32_3', 32],
  ['conv64_down', 64], ['conv64_1', 64], ['conv64_2', 64], ['conv64_3', 64],
  ['conv128_down', 128], ['conv128_1', 128], ['conv128_2', 128],
  ['conv256_down', 256], ['conv256_1', 256], ['conv256_2', 256], ['conv256_down_out', 256],
] as const;

function padTo(scope: NetworkScope, x: Value, shape: readonly number[]): Value {
  return scope.g.pad(x, [0, 0, 0, 0], shape.map((size, axis) => size - x.shape[axis]!));
}

function residual(scope: NetworkScope, path: string, x: Value, channels: number): Value {
  const { g } = scope;
  const isDown = path.includes('down');
  const window = isDown ? { kernel: 3, stride: 2, padding: 'valid' } as const : { kernel: 3 } as const;
  const inner = g.relu(faceConvolution(scope, `${path}.conv1`, x, channels, window));
  const change = faceConvolution(scope, `${path}.conv2`, inner, channels, { kernel: 3 });
  if (!isDown) return g.relu(g.add(change, x));
  // dlib adds what differs in size as if it were zero: new channels, and a row and column that pooling keeps
  const shortcut = averagePool2(scope, x);
  const shape = shortcut.shape.map((size, axis) => Math.max(size, change.shape[axis]!));
  return g.relu(g.add(padTo(scope, change, shape), padTo(scope, shortcut, shape)));
}

/** `face` [1, 3, 150, 150], RGB of 0..255, to the face embedding [1, 128] (length about 1.4, not normalised). */
export function faceRecognizer(scope: NetworkScope, face: Value): Value {
  const { g } = scope;
  let x = centredColours(scope, face);
  x = g.relu(faceConvolution(scope, 'conv32_down', x, 32, { kernel: 7, stride: 2, padding: 'valid' }));
  x = maxPool3(scope, x);
  for (const [path, channels] of blocks) x = residual(scope, path, x, channels);
  const features = g.reshape(g.reduceMean(x, [2, 3]), [1, 256]);
  return g.linear(features, scope.parameter('embedding.weight', [faceEmbeddingLength, 256]), undefined);
}
