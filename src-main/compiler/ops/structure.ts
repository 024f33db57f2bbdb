// Ops that move elements and compute nothing: reshape, transpose, slice, concat, expand, pad, gather.

import { elementCount } from '../../tensor/tensor.ts';
import type { Attributes } from '../1-build/graph.ts';
import type { NumberArray, OpRule, OpTable, ValueType } from './op-rule.ts';
import {
  broadcastShapes, broadcastStrides, forEachOffset, normalizeAxis, numberAttribute, numbersAttribute,
  sameShape, shapeText, splitAtAxis, stridesOf,
} from './shapes.ts';

function first(inputs: readonly (ValueType | undefined)[]): ValueType {
  const value = inputs[0];
  if (!value) throw new Error('The input is absent.');
  return value;
}

const reshape: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const shape = numbersAttribute(attributes, 'shape');
    if (elementCount(shape) !== elementCount(x.shape)) {
      throw new Error(`${shapeText(x.shape)} cannot be reshaped to ${shapeText(shape)}.`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ g, gradient, input }) => [g.reshape(gradient, input(0).shape)],
  evaluate: ([x], node) => [{ shape: numbersAttribute(node.attributes, 'shape'), values: x!.values }],
};

const transpose: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const permutation = numbersAttribute(attributes, 'permutation');
    const sorted = [...permutation].sort((a, b) => a - b);
    if (!sameShape(sorted, x.shape.map((_, axis) => axis))) {
      throw new Error(`[${permutation.join(', ')}] does not permute the axes of ${shapeText(x.shape)}.`);
    }
    return [{ dtype: x.dtype, shape: permutation.map((axis) => x.shape[axis]!) }];
  },
  gradient: ({ g, node, gradient }) => {
    const permutation = numbersAttribute(node.attributes, 'permutation');
    return [g.transpose(gradient, permutation.map((_, axis) => permutation.indexOf(axis)))];
  },
  evaluate: ([x], node) => {
    const permutation = numbersAttribute(node.attributes, 'permutation');
    const strides = stridesOf(x!.shape);
    const shape = permutation.map((axis) => x!.shape[axis]!);
    const values = new Float64Array(x!.values.length);
    forEachOffset(shape, [permutation.map((axis) => strides[axis]!)], (i, [at]) => {
      values[i] = x!.values[at!]!;
    });
    return [{ shape, values }];
  },
};

interface SliceBounds {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

function sliceBounds(attributes: Attributes): SliceBounds {
  const [start, end, step] = ['start', 'end', 'step'].map((name) => numberAttribute(attributes, name));
  return { start: start!, end: end!, step: step! };
}

// attributes: axis, start, end, step (all normalised; step > 0)
const slice: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const axis = numberAttribute(attributes, 'axis');
    const { start, end, step } = sliceBounds(attributes);
    if (start < 0 || end > x.shape[axis]! || start > end || step < 1) {
      throw new Error(`Slice ${start}:${end}:${step} leaves axis ${axis} of ${shapeText(x.shape)}.`);
    }
    const shape = [...x.shape];
    shape[axis] = Math.ceil((end - start) / step);
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ g, node, gradient, input }) => {
    const axis = numberAttribute(node.attributes, 'axis');
    const { start, end, step } = sliceBounds(node.attributes);
    const spread = step === 1 ? gradient : spreadWithZeros(g, gradient, axis, step, end - start);
    const zeros = input(0).shape.map(() => 0);
    const before = [...zeros];
    const after = [...zeros];
    before[axis] = start;
    after[axis] = input(0).shape[axis]! - end;
    return [start === 0 && after[axis] === 0 ? spread : g.pad(spread, before, after)];
  },
  evaluate: ([x], node) => {
    const axis = numberAttribute(node.attributes, 'axis');
    const start = numberAttribute(node.attributes, 'start');
    const step = numberAttribute(node.attributes, 'step');
    const shape = node.outputs[0]!.shape;
    const strides = stridesOf(x!.shape);
    const base = start * strides[axis]!;
    const stepped = strides.map((stride, a) => (a === axis ? stride * step : stride));
    const values = new Float64Array(elementCount(shape));
    forEachOffset(shape, [stepped], (i, [at]) => {
      values[i] = x!.values[base + at!]!;
    });
    return [{ shape, values }];
  },
};

type Builder = Parameters<Exclude<OpRule['gradient'], 'none'>>[0]['g'];
type GraphValue = ReturnType<Builder['neg']>;

/** Puts step - 1 zeros after every element along an axis, then cuts to `length`. */
function spreadWithZeros(g: Builder, x: GraphValue, axis: number, step: number, length: number): GraphValue {
  const split = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const zeros = split.map(() => 0);
  const after = [...zeros];
  after[axis + 1] = step - 1;
  const merged = [...x.shape];
  merged[axis] = x.shape[axis]! * step;
  return g.slice(g.reshape(g.pad(g.reshape(x, split), zeros, after), merged), axis, 0, length);
}

const concat: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const axis = numberAttribute(attributes, 'axis');
    const shape = [...x.shape];
    shape[axis] = 0;
    for (const input of inputs) {
      if (!input || input.dtype !== x.dtype || input.shape.length !== x.shape.length
        || input.shape.some((size, a) => a !== axis && size !== x.shape[a])) {
        const shapes = [input?.shape ?? [], x.shape].map(shapeText);
        throw new Error(`${shapes[0]} cannot be joined to ${shapes[1]} along axis ${axis}.`);
      }
      shape[axis]! += input.shape[axis]!;
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ g, node, gradient, input, wants }) => {
    const axis = numberAttribute(node.attributes, 'axis');
    let start = 0;
    return node.inputs.map((_, index) => {
      const size = input(index).shape[axis]!;
      start += size;
      return wants(index) ? g.slice(gradient, axis, start - size, start) : undefined;
    });
  },
  evaluate: (inputs, node) => {
    const shape = node.outputs[0]!.shape;
    const axis = numberAttribute(node.attributes, 'axis');
    const { outer, inner } = splitAtAxis(shape, axis);
    const values = new Float64Array(elementCount(shape));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const input of inputs as readonly NumberArray[]) {
        const chunk = input.shape[axis]! * inner;
        values.set(input.values.subarray(o * chunk, (o + 1) * chunk), at);
        at += chunk;
      }
    }
    return [{ shape, values }];
  },
};

const expand: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const shape = numbersAttribute(attributes, 'shape');
    if (!sameShape(broadcastShapes(x.shape, shape), shape)) {
      throw new Error(`${shapeText(x.shape)} does not expand to ${shapeText(shape)}.`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ gradient }) => [gradient],
  evaluate: ([x], node) => {
    const shape = numbersAttribute(node.attributes, 'shape');
    const values = new Float64Array(elementCount(shape));
    forEachOffset(shape, [broadcastStrides(x!.shape, shape)], (i, [at]) => {
      values[i] = x!.values[at!]!;
    });
    return [{ shape, values }];
  },
};

// attributes: before, after (zero or more elements on each side of every axis), value
const pad: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const before = numbersAttribute(attributes, 'before');
    const after = numbersAttribute(attributes, 'after');
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => size + before[axis]! + after[axis]!) }];
  },
  gradient: ({ g, node, gradient, input }) => {
    const before = numbersAttribute(node.attributes, 'before');
    let inner = gradient;
    input(0).shape.forEach((size, axis) => {
      inner = g.slice(inner, axis, before[axis]!, before[axis]! + size);
    });
    return [inner];
  },
  evaluate: ([x], node) => {
    const shape = node.outputs[0]!.shape;
    const strides = stridesOf(shape);
    const base = numbersAttribute(node.attributes, 'before').reduce((sum, n, axis) => sum + n * strides[axis]!, 0);
    const values = new Float64Array(elementCount(shape)).fill(numberAttribute(node.attributes, 'value'));
    forEachOffset(x!.shape, [strides], (i, [at]) => {
      values[base + at!] = x!.values[i]!;
    });
    return [{ shape, values }];
  },
};

// y = x taken along an axis by integer indices of any shape
const gather: OpRule = {
  infer: ([x, indices], attributes) => {
    if (!x || !indices || !indices.dtype.includes('int')) throw new Error('Gather takes a value and integer indices.');
    const axis = normalizeAxis(numberAttribute(attributes, 'axis'), x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  // The rows' gradients are added up by a product with the one-hot matrix of the indices: only ops that every
  // provider runs, and repeated indices need no atomic addition.
  gradient: ({ g, node, gradient, input }) => {
    const axis = numberAttribute(node.attributes, 'axis');
    const { outer, size, inner } = splitAtAxis(input(0).shape, axis);
    const count = elementCount(input(1).shape);
    const given = g.cast(g.reshape(input(1), [1, count]), 'float32');
    const wanted = g.where(g.less(given, g.scalar(0)), g.add(given, g.scalar(size)), given);
    const counting = Float32Array.from({ length: size }, (_, i) => i);
    const rows = g.constant({ dtype: 'float32', shape: [size, 1], data: counting });
    const oneHot = g.cast(g.equal(rows, wanted), 'float32');
    const columns = g.reshape(gradient, outer === 1 ? [count, inner] : [outer, count, inner]);
    return [g.reshape(g.matmul(oneHot, columns), input(0).shape), undefined];
  },
  evaluate: ([x, indices], node) => {
    const axis = numberAttribute(node.attributes, 'axis');
    const { outer, size, inner } = splitAtAxis(x!.shape, axis);
    const shape = node.outputs[0]!.shape;
    const values = new Float64Array(elementCount(shape));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices!.values) {
        const start = (o * size + (index < 0 ? index + size : index)) * inner;
        values.set(x!.values.subarray(start, start + inner), at);
        at += inner;
      }
    }
    return [{ shape, values }];
  },
};

// One after the other along `axis`, of `sizes`: slices joined by 3-simplify/join-slices.ts.
const split: OpRule = {
  infer: (inputs, attributes) => {
    const x = first(inputs);
    const axis = numberAttribute(attributes, 'axis');
    const sizes = numbersAttribute(attributes, 'sizes');
    if (sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis]) {
      throw new Error(`${shapeText(x.shape)} is not split along axis ${axis} into ${shapeText(sizes)}.`);
    }
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(axis, size) }));
  },
  gradient: 'none',
  evaluate: ([x], node) => {
    const axis = numberAttribute(node.attributes, 'axis');
    const { outer, size, inner } = splitAtAxis(x!.shape, axis);
    let start = 0;
    return node.outputs.map(({ shape }) => {
      const count = shape[axis]! * inner;
      const values = new Float64Array(outer * count);
      for (let o = 0; o < outer; o++) {
        const from = o * size * inner + start;
        values.set(x!.values.subarray(from, from + count), o * count);
      }
      start += count;
      return { shape, values };
    });
  },
};

export const structureOps: OpTable = {
  Reshape: reshape, Transpose: transpose, Slice: slice, Concat: concat, Expand: expand, Pad: pad, Gather: gather,
  Split: split,
};
