// Tables that are not exactly a network's weights: refused, with the names.

import { expect, test } from 'vitest';

import type { UserError } from '../../src-main/contract/errors.ts';
import { checkExactWeights } from '../../src-main/models/exact-weights.ts';
import type { ParameterShapes } from '../../src-main/models/parameter-shapes.ts';
import { float32Tensor, type Tensor } from '../../src-main/tensor/tensor.ts';

const shapes: ParameterShapes = new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [name, [2]]));
const place = { file: '/home/ada/secret/net.bin', network: 'IdentityNet' };

function refusal(change: (table: Map<string, Tensor>) => void): UserError {
  const table = new Map([...shapes].map(([name, shape]) => [name, float32Tensor(shape, [1, 2])]));
  change(table);
  try {
    checkExactWeights(table, shapes, place);
  } catch (error) {
    return error as UserError;
  }
  throw new Error('nothing was refused');
}

test('a table of just these weights is taken', () => {
  expect(() => refusal(() => {})).toThrow('nothing was refused');
});

test('missing weights are named, and counted where there are many; folders are not shown', () => {
  const one = refusal((table) => table.delete('c'));
  expect(one.code).toBe('checkpoint.weight-missing');
  expect(one.text.what).toBe('"net.bin" is not the IdentityNet that fits this checkpoint: it lacks c.');
  const all = refusal((table) => table.clear());
  expect(all.text.what).toContain('it lacks a, b, c and 2 more.');
  expect(all.parameters).toMatchObject({ file: 'net.bin', count: 5 });
  expect(all.message).not.toContain('ada');
});

test('another shape is told with both', () => {
  const error = refusal((table) => table.set('b', float32Tensor([2, 1], [1, 2])));
  expect(error.code).toBe('checkpoint.weight-shape');
  expect(error.text.what).toContain('b (2×1 in place of 2)');
});

test('weights that no network asks for are named', () => {
  const error = refusal((table) => table.set('f', float32Tensor([1], [1])));
  expect(error.code).toBe('checkpoint.weight-surplus');
  expect(error.text.what).toContain('has besides f.');
});
