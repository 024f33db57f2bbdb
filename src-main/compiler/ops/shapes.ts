// Arithmetic on shapes and strides, shared by the op rules.

import { type Shape, elementCount } from '../../tensor/tensor.ts';
import type { AttributeValue, Attributes } from '../1-build/graph.ts';

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

export function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** NumPy's broadcasting of two shapes; throws when they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw new Error(`Shapes ${shapeText(a)} and ${shapeText(b)} do not broadcast.`);
    }
    out.push(sizeA === 1 ? sizeB : sizeA);
  }
  return out;
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** Strides with which `shape` is read as if it were broadcast to `out`: 0 along repeated axes. */
export function broadcastStrides(shape: Shape, out: Shape): number[] {
  const strides = stridesOf(shape);
  return out.map((_, axis) => {
    const own = axis - out.length + shape.length;
    return own < 0 || shape[own] === 1 ? 0 : strides[own]!;
  });
}

/** Calls `visit(outIndex, offset of each strided operand)` for every element of `shape`, row-major. */
export function forEachOffset(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (index: number, offsets: readonly number[]) => void,
): void {
  const count = elementCount(shape);
  const position = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(strides.length).fill(0);
  for (let index = 0; index < count; index++) {
    visit(index, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position[axis]!++;
      for (let s = 0; s < strides.length; s++) offsets[s]! += strides[s]![axis]!;
      if (position[axis]! < shape[axis]!) break;
      for (let s = 0; s < strides.length; s++) offsets[s]! -= strides[s]![axis]! * shape[axis]!;
      position[axis] = 0;
    }
  }
}

/** -1 is the last axis. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(normal) || normal < 0 || normal >= rank) {
    throw new Error(`Axis ${axis} does not exist in a value with ${rank} axes.`);
  }
  return normal;
}

export function numberAttribute(attributes: Attributes, name: string): number {
  const value: AttributeValue | undefined = attributes[name];
  if (typeof value !== 'number') throw new Error(`Attribute ${name} must be a number.`);
  return value;
}

export function numbersAttribute(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  if (!Array.isArray(value)) throw new Error(`Attribute ${name} must be a list of numbers.`);
  return value as readonly number[];
}

export function flagAttribute(attributes: Attributes, name: string): boolean {
  return attributes[name] === true;
}

/** Sizes before, at and after an axis, as three factors of the element count. */
export function splitAtAxis(shape: Shape, axis: number): { outer: number; size: number; inner: number } {
  return {
    outer: elementCount(shape.slice(0, axis)),
    size: shape[axis]!,
    inner: elementCount(shape.slice(axis + 1)),
  };
}
