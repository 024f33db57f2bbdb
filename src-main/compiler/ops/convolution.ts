// Two-dimensional convolution, its transpose, and nearest-neighbour resizing. NCHW; weights [O, I/group, kh, kw].
// pads are top, left, bottom, right. ConvTranspose weights are [I, O/group, kh, kw], so that the gradient of a
// convolution towards its input is ConvTranspose with the very same weight.

import { elementCount } from '../../tensor/tensor.ts';
import type { Attributes, Node, Value } from '../1-build/graph.ts';
import type { GraphBuilder } from '../1-build/graph-builder.ts';
import type { NumberArray, OpRule, OpTable, ValueType } from './op-rule.ts';
import { numberAttribute, numbersAttribute, shapeText } from './shapes.ts';

interface Window {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

function windowOf(attributes: Attributes): Window {
  return {
    strides: numbersAttribute(attributes, 'strides'),
    pads: numbersAttribute(attributes, 'pads'),
    dilations: numbersAttribute(attributes, 'dilations'),
    group: numberAttribute(attributes, 'group'),
  };
}

function convolvedSize(size: number, kernel: number, axis: 0 | 1, w: Window): number {
  const reach = w.dilations[axis]! * (kernel - 1) + 1;
  return Math.floor((size + w.pads[axis]! + w.pads[axis + 2]! - reach) / w.strides[axis]!) + 1;
}

function checkConvolution(x: ValueType, weight: ValueType, channelAxis: number, group: number): void {
  const expected = channelAxis === 1 ? weight.shape[1]! * group : weight.shape[0]!;
  if (x.shape.length !== 4 || weight.shape.length !== 4 || x.shape[1] !== expected) {
    throw new Error(`A convolution of ${shapeText(x.shape)} by ${shapeText(weight.shape)} does not fit.`);
  }
}

/** Visits every product of a convolution: flat offsets into x [B,I,H,W], weight [O,I/g,kh,kw] and y [B,O,h,w]. */
function forEachProduct(
  x: readonly number[], weight: readonly number[], y: readonly number[], w: Window,
  visit: (atX: number, atWeight: number, atY: number) => void,
): void {
  const [batch, inChannels, height, width] = x as [number, number, number, number];
  const [outChannels, groupChannels, kernelH, kernelW] = weight as [number, number, number, number];
  const [, , outH, outW] = y as [number, number, number, number];
  const outPerGroup = outChannels / w.group;
  for (let b = 0; b < batch; b++) for (let o = 0; o < outChannels; o++) for (let c = 0; c < groupChannels; c++) {
    const channel = Math.floor(o / outPerGroup) * groupChannels + c;
    for (let i = 0; i < kernelH; i++) for (let j = 0; j < kernelW; j++) {
      const atWeight = ((o * groupChannels + c) * kernelH + i) * kernelW + j;
      for (let row = 0; row < outH; row++) {
        const sourceRow = row * w.strides[0]! - w.pads[0]! + i * w.dilations[0]!;
        if (sourceRow < 0 || sourceRow >= height) continue;
        for (let column = 0; column < outW; column++) {
          const sourceColumn = column * w.strides[1]! - w.pads[1]! + j * w.dilations[1]!;
          if (sourceColumn < 0 || sourceColumn >= width) continue;
          visit(((b * inChannels + channel) * height + sourceRow) * width + sourceColumn, atWeight,
            ((b * outChannels + o) * outH + row) * outW + column);
        }
      }
    }
  }
}

function addBias(values: Float64Array, shape: readonly number[], bias: NumberArray | undefined): void {
  if (!bias) return;
  const plane = shape[2]! * shape[3]!;
  for (let i = 0; i < values.length; i++) values[i]! += bias.values[Math.floor(i / plane) % shape[1]!]!;
}

const conv: OpRule = {
  infer: ([x, weight], attributes) => {
    const w = windowOf(attributes);
    checkConvolution(x!, weight!, 1, w.group);
    const [kernelH, kernelW] = weight!.shape.slice(2) as [number, number];
    const shape = [x!.shape[0]!, weight!.shape[0]!,
      convolvedSize(x!.shape[2]!, kernelH, 0, w), convolvedSize(x!.shape[3]!, kernelW, 1, w)];
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ g, node, gradient, input, wants }) => [
    wants(0) ? convInputGradient(g, node, gradient, input(0), input(1)) : undefined,
    wants(1) ? convWeightGradient(g, windowOf(node.attributes), gradient, input(0), input(1)) : undefined,
    node.inputs[2] && wants(2) ? g.reduceSum(gradient, [0, 2, 3], false) : undefined,
    node.inputs[3] && wants(3) ? gradient : undefined,
  ],
  // a fourth input is added to the result
  evaluate: ([x, weight, bias, addend], node) => {
    const shape = node.outputs[0]!.shape;
    const values = addend ? Float64Array.from(addend.values) : new Float64Array(elementCount(shape));
    forEachProduct(x!.shape, weight!.shape, shape, windowOf(node.attributes), (atX, atWeight, atY) => {
      values[atY]! += x!.values[atX]! * weight!.values[atWeight]!;
    });
    addBias(values, shape, bias);
    return [{ shape, values }];
  },
};

/** dx of y = conv(x, W): the transposed convolution of dy by W, padded at the far side to x's exact size. */
function convInputGradient(g: GraphBuilder, node: Node, gradient: Value, x: Value, weight: Value): Value {
  const w = windowOf(node.attributes);
  const missing = [0, 1].map((axis) => {
    const reach = w.dilations[axis]! * (weight.shape[axis + 2]! - 1) + 1;
    const reached = (gradient.shape[axis + 2]! - 1) * w.strides[axis]! + reach - w.pads[axis]! - w.pads[axis + 2]!;
    return x.shape[axis + 2]! - reached;
  });
  return g.convTranspose(gradient, weight, undefined, {
    strides: w.strides as [number, number], pads: w.pads as [number, number, number, number],
    dilations: w.dilations as [number, number], group: w.group, outputPadding: missing as [number, number],
  });
}

/** dW of y = conv(x, W): for each kernel tap, the product over all positions of dy with x shifted to that tap. */
function convWeightGradient(g: GraphBuilder, w: Window, gradient: Value, x: Value, weight: Value): Value {
  if (w.group !== 1) throw new Error('The weight gradient of a grouped convolution is not needed by any network here.');
  const isDense = [...w.strides, ...w.dilations].every((n) => n === 1) && weight.shape[2]! * weight.shape[3]! > 1;
  const byTap = isDense && gradient.shape[3]! >= 8
    ? flatTapProducts(g, w, gradient, x, weight)
    : slicedTapProducts(g, w, gradient, x, weight);
  return g.reshape(g.transpose(byTap, [0, 2, 1]), weight.shape);
}

/**
 * [O, taps, I]. x is padded and laid out as rows [I, B·PH·PW]; dy is put on the same grid, zeros elsewhere. A tap is
 * then a shift of the whole row, so that each is one product without gathering: measured 1.3 to 1.8 times as fast.
 */
function flatTapProducts(g: GraphBuilder, w: Window, gradient: Value, x: Value, weight: Value): Value {
  const [kernelH, kernelW] = weight.shape.slice(2) as [number, number];
  const [batch, outChannels, outH, outW] = gradient.shape as [number, number, number, number];
  const inChannels = x.shape[1]!;
  const gridH = x.shape[2]! + w.pads[0]! + w.pads[2]!;
  const gridW = x.shape[3]! + w.pads[1]! + w.pads[3]!;
  const length = batch * gridH * gridW;
  const channelsFirst = [1, 0, 2, 3];
  const onGrid = g.pad(g.transpose(gradient, channelsFirst), [0, 0, 0, 0], [0, 0, gridH - outH, gridW - outW]);
  const rows = g.reshape(onGrid, [outChannels, length]);
  const padded = g.pad(g.transpose(x, channelsFirst), [0, 0, w.pads[0]!, w.pads[1]!], [0, 0, w.pads[2]!, w.pads[3]!]);
  const reach = (kernelH - 1) * gridW + kernelW - 1;
  const columns = g.pad(g.reshape(padded, [inChannels, length]), [0, 0], [0, reach]);
  const taps: Value[] = [];
  for (let i = 0; i < kernelH; i++) for (let j = 0; j < kernelW; j++) {
    const shift = i * gridW + j;
    const product = g.matmul(rows, g.slice(columns, 1, shift, shift + length), { transposeB: true });
    taps.push(g.reshape(product, [outChannels, 1, inChannels]));
  }
  return g.concat(taps, 1);
}

/** [O, taps, I] for any stride and dilation: x is sliced to each tap's positions, dW[:, tap] = dY · X_tapᵀ. */
function slicedTapProducts(g: GraphBuilder, w: Window, gradient: Value, x: Value, weight: Value): Value {
  const [kernelH, kernelW] = weight.shape.slice(2) as [number, number];
  const [batch, outChannels, outH, outW] = gradient.shape as [number, number, number, number];
  const inChannels = x.shape[1]!;
  const positions = batch * outH * outW;
  const channelsFirst = [1, 0, 2, 3];
  const rows = g.reshape(g.transpose(gradient, channelsFirst), [outChannels, positions]);
  const padded = g.pad(g.transpose(x, channelsFirst), [0, 0, w.pads[0]!, w.pads[1]!], [0, 0, w.pads[2]!, w.pads[3]!]);
  const taps: Value[] = [];
  for (let i = 0; i < kernelH; i++) for (let j = 0; j < kernelW; j++) {
    const top = i * w.dilations[0]!;
    const left = j * w.dilations[1]!;
    const shifted = g.slice(
      g.slice(padded, 2, top, top + (outH - 1) * w.strides[0]! + 1, w.strides[0]!),
      3, left, left + (outW - 1) * w.strides[1]! + 1, w.strides[1]!,
    );
    taps.push(g.reshape(shifted, [inChannels, positions]));
  }
  const product = g.matmul(rows, g.concat(taps, 0), { transposeB: true });
  return g.reshape(product, [outChannels, taps.length, inChannels]);
}

const convTranspose: OpRule = {
  infer: ([x, weight], attributes) => {
    const w = windowOf(attributes);
    const outputPadding = numbersAttribute(attributes, 'outputPadding');
    checkConvolution(x!, weight!, 0, w.group);
    const sizes = [0, 1].map((axis) => (x!.shape[axis + 2]! - 1) * w.strides[axis]!
      + w.dilations[axis]! * (weight!.shape[axis + 2]! - 1) + 1
      - w.pads[axis]! - w.pads[axis + 2]! + outputPadding[axis]!);
    return [{ dtype: x!.dtype, shape: [x!.shape[0]!, weight!.shape[1]! * w.group, ...sizes] }];
  },
  // x and y of a convolution with the same weight and window change places.
  gradient: ({ g, node, gradient, input, wants }) => {
    const w = windowOf(node.attributes);
    const window = {
      strides: w.strides as [number, number], pads: w.pads as [number, number, number, number],
      dilations: w.dilations as [number, number], group: w.group,
    };
    return [
      wants(0) ? cutTo(g, g.conv(gradient, input(1), undefined, window), input(0).shape) : undefined,
      wants(1) ? convWeightGradient(g, w, input(0), gradient, input(1)) : undefined,
      node.inputs[2] && wants(2) ? g.reduceSum(gradient, [0, 2, 3], false) : undefined,
    ];
  },
  evaluate: ([x, weight, bias], node) => {
    const shape = node.outputs[0]!.shape;
    const values = new Float64Array(shape.reduce((product, size) => product * size, 1));
    forEachProduct(shape, weight!.shape, x!.shape, windowOf(node.attributes), (atY, atWeight, atX) => {
      values[atY]! += x!.values[atX]! * weight!.values[atWeight]!;
    });
    addBias(values, shape, bias);
    return [{ shape, values }];
  },
};

/** Output padding can make the convolution one row or column larger than what it undoes. */
function cutTo(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  return g.slice(g.slice(x, 2, 0, shape[2]!), 3, 0, shape[3]!);
}

// Nearest neighbour as torch has it: source = floor(target * in / out). attributes: height, width.
const resizeNearest: OpRule = {
  infer: ([x], attributes) => [{
    dtype: x!.dtype,
    shape: [x!.shape[0]!, x!.shape[1]!, numberAttribute(attributes, 'height'), numberAttribute(attributes, 'width')],
  }],
  gradient: ({ g, gradient, input }) => {
    const [batch, channels, height, width] = input(0).shape as [number, number, number, number];
    const [, , outH, outW] = gradient.shape as [number, number, number, number];
    if (outH % height === 0 && outW % width === 0) {
      const split = g.reshape(gradient, [batch * channels, height, outH / height, width, outW / width]);
      return [g.reshape(g.reduceSum(split, [2, 4], false), input(0).shape)];
    }
    const byRow = g.matmul(g.constant(selection(height, outH)), gradient);
    return [g.matmul(byRow, g.constant(selection(width, outW)), { transposeB: true })];
  },
  evaluate: ([x], node) => {
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const [, , outH, outW] = node.outputs[0]!.shape as [number, number, number, number];
    const values = new Float64Array(batch * channels * outH * outW);
    let at = 0;
    for (let plane = 0; plane < batch * channels; plane++) for (let row = 0; row < outH; row++) {
      const sourceRow = Math.floor((row * height) / outH);
      for (let column = 0; column < outW; column++) {
        const sourceColumn = Math.floor((column * width) / outW);
        values[at++] = x!.values[(plane * height + sourceRow) * width + sourceColumn]!;
      }
    }
    return [{ shape: node.outputs[0]!.shape, values }];
  },
};

/** [sources, targets]: 1 where a target row takes a source row. */
function selection(sources: number, targets: number): { dtype: 'float32'; shape: number[]; data: Float32Array } {
  const data = new Float32Array(sources * targets);
  for (let target = 0; target < targets; target++) {
    data[Math.floor((target * sources) / targets) * targets + target] = 1;
  }
  return { dtype: 'float32', shape: [sources, targets], data };
}

// [O, I, kh, kw] → [I, O, kh, kw], each kernel turned by half a turn: see 3-simplify/turn-weights.ts.
const turnKernels: OpRule = {
  infer: ([weight]) => {
    const [outChannels, inChannels, ...kernel] = weight!.shape as [number, number, number, number];
    return [{ dtype: weight!.dtype, shape: [inChannels, outChannels, ...kernel] }];
  },
  gradient: 'none',
  evaluate: ([weight], node) => {
    const { shape } = node.outputs[0]!;
    const [inChannels, outChannels, height, width] = shape as [number, number, number, number];
    const taps = height * width;
    const values = new Float64Array(weight!.values.length);
    for (let i = 0; i < inChannels; i++) for (let o = 0; o < outChannels; o++) for (let tap = 0; tap < taps; tap++) {
      values[(i * outChannels + o) * taps + tap] = weight!.values[(o * inChannels + i + 1) * taps - 1 - tap]!;
    }
    return [{ shape, values }];
  },
};

export const convolutionOps: OpTable = {
  Conv: conv, ConvTranspose: convTranspose, ResizeNearest: resizeNearest, TurnKernels: turnKernels,
};
