// How each op of ours is said in ONNX.

import { elementCount } from '../../tensor/tensor.ts';
import type { DType } from '../../tensor/tensor.ts';
import type { Value } from '../1-build/graph.ts';
import { flagAttribute, numberAttribute, numbersAttribute } from '../ops/shapes.ts';
import type { EmitContext } from './emit.ts';
import { type OnnxAttribute, elementTypes } from './onnx-model.ts';

type Emitter = (context: EmitContext) => void;

function inputNames({ node, nameOf }: EmitContext): string[] {
  const names = node.inputs.map((value) => (value ? nameOf(value) : ''));
  while (names.at(-1) === '') names.pop();
  return names;
}

/** The same op under the same or another name, without attributes. */
function plain(op: string): Emitter {
  return (context) => void context.emit(op, inputNames(context));
}

function microsoft(
  op: string, attributes: (context: EmitContext) => Record<string, { float: number }> = () => ({}),
): Emitter {
  return (context) => void context.emit(op, inputNames(context), attributes(context), undefined, 'com.microsoft');
}

const matmul: Emitter = (context) => {
  const { node, nameOf, emit, options } = context;
  const [a, b] = node.inputs as [Value, Value];
  const transposeA = flagAttribute(node.attributes, 'transposeA');
  const transposeB = flagAttribute(node.attributes, 'transposeB');
  const alpha = numberAttribute(node.attributes, 'alpha');
  const names = [nameOf(a), nameOf(b)];
  if (!transposeA && !transposeB && alpha === 1) return void emit('MatMul', names);
  if (a.shape.length === 2 && b.shape.length === 2) {
    return void emit('Gemm', names, gemmAttributes(transposeA, transposeB, alpha));
  }
  if (options.hasFusedMatMul) {
    return void emit('FusedMatMul', names, gemmAttributes(transposeA, transposeB, alpha), undefined, 'com.microsoft');
  }
  if (b.shape.length === 2 && !transposeA) return flatGemm(context, transposeB, alpha);
  const plainA = transposeA ? swapLastTwo(context, a) : names[0]!;
  const plainB = transposeB ? swapLastTwo(context, b) : names[1]!;
  if (alpha === 1) return void emit('MatMul', [plainA, plainB]);
  emit('Mul', [emit('MatMul', [plainA, plainB], {}, ''), context.floats(alpha, a.dtype)]);
};

function gemmAttributes(transposeA: boolean, transposeB: boolean, alpha: number): Record<string, OnnxAttribute> {
  return { transA: { int: transposeA ? 1 : 0 }, transB: { int: transposeB ? 1 : 0 }, alpha: { float: alpha } };
}

function productAttributes({ node: { attributes } }: EmitContext): Record<string, OnnxAttribute> {
  return gemmAttributes(
    flagAttribute(attributes, 'transposeA'), flagAttribute(attributes, 'transposeB'),
    numberAttribute(attributes, 'alpha'));
}

/** Rows of a batch under one another, one Gemm, and back. */
function flatGemm({ node, nameOf, emit, int64s }: EmitContext, transposeB: boolean, alpha: number): void {
  const [a, b] = node.inputs as [Value, Value];
  const rows = elementCount(a.shape.slice(0, -1));
  const flat = emit('Reshape', [nameOf(a), int64s([rows, a.shape.at(-1)!])], {}, '');
  const product = emit('Gemm', [flat, nameOf(b)], gemmAttributes(false, transposeB, alpha), '');
  emit('Reshape', [product, int64s(node.outputs[0]!.shape)]);
}

function swapLastTwo({ emit, nameOf }: EmitContext, value: Value): string {
  const rank = value.shape.length;
  const permutation = value.shape.map((_, axis) => axis);
  [permutation[rank - 2], permutation[rank - 1]] = [rank - 1, rank - 2];
  return emit('Transpose', [nameOf(value)], { perm: { ints: permutation } }, '');
}

function convolution(op: 'Conv' | 'ConvTranspose'): Emitter {
  return (context) => {
    const { attributes, inputs } = context.node;
    const ints = (name: string): { ints: readonly number[] } => ({ ints: numbersAttribute(attributes, name) });
    const window = {
      kernel_shape: { ints: inputs[1]!.shape.slice(2) }, strides: ints('strides'), pads: ints('pads'),
      dilations: ints('dilations'), group: { int: numberAttribute(attributes, 'group') },
      ...(op === 'ConvTranspose' ? { output_padding: ints('outputPadding') } : {}),
    };
    const addsPicture = op === 'Conv' && inputs[3] !== undefined;
    context.emit(
      addsPicture ? 'FusedConv' : op, inputNames(context), window, undefined,
      addsPicture ? 'com.microsoft' : undefined);
  };
}

/** The epsilon of most GroupNorms, torch's default. */
const commonEpsilon = 1e-5;

// ONNX Runtime 1.30's WebGPU provider bakes epsilon into InstanceNormalization's shader but not into the key it caches
// the shader under, so one epsilon serves all (measured).
// With k² = common / epsilon:  k x / sqrt(k² var + common) = x / sqrt(var + epsilon)
function withCommonEpsilon(
  { options, emit, floats }: EmitContext, rows: string, epsilon: number,
): { rows: string; epsilon: number } {
  if (!options.needsCommonEpsilon || epsilon === commonEpsilon) return { rows, epsilon };
  return { rows: emit('Mul', [rows, floats(Math.sqrt(commonEpsilon / epsilon))], {}, ''), epsilon: commonEpsilon };
}

// [B, C, …] as B instances of `groups` channels, whitened by InstanceNormalization, then scaled channel by channel.
const groupNorm: Emitter = (context) => {
  const { node, nameOf, emit, int64s, floats } = context;
  const [x, scale, bias] = node.inputs as [Value, Value, Value];
  const groups = numberAttribute(node.attributes, 'groups');
  const grouped = [x.shape[0]!, groups, elementCount(x.shape) / x.shape[0]! / groups];
  const ones = floats(new Array<number>(groups).fill(1));
  const zeros = floats(new Array<number>(groups).fill(0));
  const flat = emit('Reshape', [nameOf(x), int64s(grouped)], {}, '');
  const { rows, epsilon } = withCommonEpsilon(context, flat, numberAttribute(node.attributes, 'epsilon'));
  const white = emit('InstanceNormalization', [rows, ones, zeros], { epsilon: { float: epsilon } }, '');
  const back = emit('Reshape', [white, int64s(x.shape)], {}, '');
  const channel = [x.shape[1]!, ...new Array<number>(x.shape.length - 2).fill(1)];
  const scaled = emit('Mul', [back, context.shaped(scale, channel)], {}, '');
  emit('Add', [scaled, context.shaped(bias, channel)]);
};

/** Reshape or Expand: the op takes the output's shape as its second input. */
function toShape(op: 'Reshape' | 'Expand'): Emitter {
  return ({ node, nameOf, emit, int64s }) => void emit(op, [nameOf(node.inputs[0]!), int64s(node.outputs[0]!.shape)]);
}

const slice: Emitter = ({ node, nameOf, emit, int64s }) => {
  const bounds = ['start', 'end', 'axis', 'step'].map((name) => int64s([numberAttribute(node.attributes, name)]));
  emit('Slice', [nameOf(node.inputs[0]!), ...bounds]);
};

const pad: Emitter = ({ node, nameOf, emit, int64s, floats }) => {
  const x = node.inputs[0]!;
  const pads = [...numbersAttribute(node.attributes, 'before'), ...numbersAttribute(node.attributes, 'after')];
  emit('Pad', [nameOf(x), int64s(pads), floats(numberAttribute(node.attributes, 'value'), x.dtype)]);
};

// Until opset 18 the axes of a mean or maximum are an attribute, those of a sum an input.
function reduction(op: 'ReduceMean' | 'ReduceMax'): Emitter {
  return ({ node, nameOf, emit }) => void emit(op, [nameOf(node.inputs[0]!)], {
    axes: { ints: numbersAttribute(node.attributes, 'axes') },
    keepdims: { int: flagAttribute(node.attributes, 'keepDims') ? 1 : 0 },
  });
}

const reduceSum: Emitter = ({ node, nameOf, emit, int64s }) => void emit(
  'ReduceSum', [nameOf(node.inputs[0]!), int64s(numbersAttribute(node.attributes, 'axes'))],
  { keepdims: { int: flagAttribute(node.attributes, 'keepDims') ? 1 : 0 } },
);

const layerNorm: Emitter = (context) => void context.emit('LayerNormalization', inputNames(context), {
  axis: { int: -1 }, epsilon: { float: numberAttribute(context.node.attributes, 'epsilon') },
});

const resizeNearest: Emitter = ({ node, nameOf, emit, int64s }) => void emit(
  'Resize', [nameOf(node.inputs[0]!), '', '', int64s(node.outputs[0]!.shape)],
  {
    mode: { string: 'nearest' }, nearest_mode: { string: 'floor' },
    coordinate_transformation_mode: { string: 'asymmetric' },
  },
);

/**
 * [O, I, taps] as [I, taps, O], its taps taken from the last to the first, then as [I, O, kh, kw]: whole rows move, in
 * half the time of both axes of each kernel backwards.
 */
const turnKernels: Emitter = ({ node, emit, shaped, int64s }) => {
  const { shape } = node.inputs[0]!;
  const [outChannels, inChannels, height, width] = shape as [number, number, number, number];
  const taps = shaped(node.inputs[0]!, [outChannels, inChannels, height * width]);
  const apart = emit('Transpose', [taps], { perm: { ints: [1, 2, 0] } }, '');
  const backwards = Array.from({ length: height * width }, (_, tap) => height * width - 1 - tap);
  const turned = emit('Gather', [apart, int64s(backwards, [height, width])], { axis: { int: 1 } }, '');
  emit('Transpose', [turned], { perm: { ints: [0, 3, 1, 2] } });
};

/** The zero is added to the shape of a Reshape, which copies nothing and which ONNX Runtime cannot fold. */
const lateCast: Emitter = ({ node, nameOf, emit, int64s }) => {
  const [x, zero] = node.inputs as [Value, Value];
  const nothing = emit('Cast', [nameOf(zero)], { to: { int: elementTypes.int64 } }, '');
  const shape = emit('Add', [int64s(x.shape), nothing], {}, '');
  const same = emit('Reshape', [nameOf(x), shape], {}, '');
  emit('Cast', [same], { to: { int: elementTypes.float32 } });
};

export const emitters: Readonly<Record<string, Emitter>> = {
  ...Object.fromEntries([
    'Neg', 'Exp', 'Log', 'Sqrt', 'Reciprocal', 'Sigmoid', 'Tanh', 'Erf', 'Sin', 'Cos', 'Atan', 'Abs', 'Relu', 'Floor',
    'Add', 'Sub', 'Mul', 'Div', 'Pow', 'Min', 'Max', 'Greater', 'Less', 'Equal', 'Where',
  ].map((op) => [op, plain(op)])),
  Clip: (context) => void context.emit('Clip', [
    ...inputNames(context), ...['min', 'max'].map((name) => (
      context.floats(numberAttribute(context.node.attributes, name), context.node.inputs[0]!.dtype))),
  ]),
  QuickGelu: microsoft('QuickGelu', ({ node }) => ({ alpha: { float: numberAttribute(node.attributes, 'alpha') } })),
  Gelu: microsoft('Gelu'),
  Cast: (context) => void context.emit('Cast', inputNames(context), {
    to: { int: elementTypes[context.node.attributes['to'] as DType] },
  }),
  LateCast: lateCast,
  MatMul: matmul,
  Gemm: (context) => void context.emit('Gemm', inputNames(context), productAttributes(context)),
  Conv: convolution('Conv'),
  ConvTranspose: convolution('ConvTranspose'),
  Softmax: (context) => void context.emit('Softmax', inputNames(context), { axis: { int: -1 } }),
  LayerNorm: layerNorm,
  GroupNorm: groupNorm,
  ReduceSum: reduceSum,
  ReduceMean: reduction('ReduceMean'),
  ReduceMax: reduction('ReduceMax'),
  Reshape: toShape('Reshape'),
  Transpose: (context) => void context.emit('Transpose', inputNames(context), {
    perm: { ints: numbersAttribute(context.node.attributes, 'permutation') },
  }),
  Slice: slice,
  Split: ({ node, nameOf, emitParts, int64s }) => emitParts(
    'Split', [nameOf(node.inputs[0]!), int64s(numbersAttribute(node.attributes, 'sizes'))],
    { axis: { int: numberAttribute(node.attributes, 'axis') } },
  ),
  Concat: (context) => void context.emit('Concat', inputNames(context), {
    axis: { int: numberAttribute(context.node.attributes, 'axis') },
  }),
  Expand: toShape('Expand'),
  Pad: pad,
  Gather: (context) => void context.emit('Gather', inputNames(context), {
    axis: { int: numberAttribute(context.node.attributes, 'axis') },
  }),
  ResizeNearest: resizeNearest,
  TurnKernels: turnKernels,
};
