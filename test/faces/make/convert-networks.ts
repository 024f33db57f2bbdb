// The names of the package's weights and ours, network by network.

import type { Tensor } from '../../../src-main/tensor/tensor.ts';
import { Converter } from './face-api-weights.ts';

// TensorFlow's batch norm epsilon in this network
const epsilon = 0.0010000000474974513;

/** bias of y = scale (x - mean) + offset, scale = gamma / sqrt(variance + epsilon): into kernel and bias. */
function depthwiseWithNorm(from: Converter, name: string, prefix: string): void {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) =>
    from.numbers(`${prefix}/BatchNorm/${part}`)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const scale = gamma.map((value, i) => value / Math.sqrt(variance[i]! + epsilon));
  from.kernel(`${name}.weight`, `${prefix}/depthwise_weights`, scale);
  from.plain(`${name}.bias`, [scale.length], beta.map((value, i) => value - mean[i]! * scale[i]!));
}

function withBias(from: Converter, name: string, kernel: string, bias: string): void {
  from.kernel(`${name}.weight`, kernel);
  const values = from.numbers(bias);
  from.plain(`${name}.bias`, [values.length], values);
}

export function faceDetectorWeights(): Map<string, Tensor> {
  const from = new Converter('ssd_mobilenetv1');
  const pointwise = (name: string, prefix: string): void =>
    withBias(from, name, `${prefix}/weights`, `${prefix}/convolution_bn_offset`);
  pointwise('conv_0', 'MobilenetV1/Conv2d_0_pointwise');
  for (let i = 1; i <= 13; i++) {
    depthwiseWithNorm(from, `conv_${i}.depthwise`, `MobilenetV1/Conv2d_${i}_depthwise`);
    pointwise(`conv_${i}.pointwise`, `MobilenetV1/Conv2d_${i}_pointwise`);
  }
  for (let i = 0; i < 8; i++) pointwise(`extra_${i}`, `Prediction/Conv2d_${i}_pointwise`);
  for (let i = 0; i < 6; i++) {
    const prefix = `Prediction/BoxPredictor_${i}`;
    withBias(from, `box_${i}`, `${prefix}/BoxEncodingPredictor/weights`, `${prefix}/BoxEncodingPredictor/biases`);
    withBias(from, `class_${i}`, `${prefix}/ClassPredictor/weights`, `${prefix}/ClassPredictor/biases`);
  }
  from.plain('prior_boxes', [5118, 4], from.numbers('Output/extra_dim'));
  return from.tensors;
}

export function faceLandmarkWeights(): Map<string, Tensor> {
  const from = new Converter('face_landmark_68');
  withBias(from, 'dense_0.conv_0', 'dense0/conv0/filters', 'dense0/conv0/bias');
  for (let block = 0; block < 4; block++) {
    for (let layer = block === 0 ? 1 : 0; layer < 4; layer++) {
      const [name, prefix] = [`dense_${block}.conv_${layer}`, `dense${block}/conv${layer}`];
      from.kernel(`${name}.depthwise.weight`, `${prefix}/depthwise_filter`);
      withBias(from, `${name}.pointwise`, `${prefix}/pointwise_filter`, `${prefix}/bias`);
    }
  }
  from.matrix('points.weight', 'fc/weights');
  from.plain('points.bias', [136], from.numbers('fc/bias'));
  return from.tensors;
}

const residualBlocks = [
  'conv32_1', 'conv32_2', 'conv32_3', 'conv64_down', 'conv64_1', 'conv64_2', 'conv64_3', 'conv128_down', 'conv128_1',
  'conv128_2', 'conv256_down', 'conv256_1', 'conv256_2', 'conv256_down_out',
];

/** scale (conv(x) + bias) + offset: into kernel and bias. */
function convolutionWithScale(from: Converter, name: string, prefix: string): void {
  const scale = from.numbers(`${prefix}/scale/weights`);
  const offset = from.numbers(`${prefix}/scale/biases`);
  const bias = from.numbers(`${prefix}/conv/bias`);
  from.kernel(`${name}.weight`, `${prefix}/conv/filters`, scale);
  from.plain(`${name}.bias`, [scale.length], offset.map((value, i) => value + bias[i]! * scale[i]!));
}

export function faceRecognizerWeights(): Map<string, Tensor> {
  const from = new Converter('face_recognition');
  convolutionWithScale(from, 'conv32_down', 'conv32_down');
  for (const block of residualBlocks) {
    for (const part of ['conv1', 'conv2']) convolutionWithScale(from, `${block}.${part}`, `${block}/${part}`);
  }
  from.matrix('embedding.weight', 'fc');
  return from.tensors;
}

/** File names under resources/faces and what each holds. */
export const faceWeightFiles = {
  'face-detector.safetensors': faceDetectorWeights,
  'face-landmarks.safetensors': faceLandmarkWeights,
  'face-recognizer.safetensors': faceRecognizerWeights,
} as const;

export const faceWeightMetadata = new Map([
  ['source', '@vladmandic/face-api 1.7.15 (npm), folder model'],
  ['license', 'MIT; see LICENSES.md'],
]);
