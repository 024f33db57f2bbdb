// torch._utils' functions that make tensors, imitated: their arguments are checked as if they came from an enemy, and
// what comes out is a description of where the numbers lie.

import { bytesPerElement, type DType, elementCount, type Shape } from '../../tensor/tensor.ts';
import { damaged, PickleError } from './pickle-error.ts';
import {
  PickleDictionary, PickleGlobal, PickleSequence, type PickleValue, TorchStorage, TorchTensor,
} from './pickle-values.ts';

const maxAxes = 8;

/** _rebuild_tensor(storage, storage_offset, size, stride), the oldest. */
export function rebuildTensor(values: readonly PickleValue[]): TorchTensor {
  if (values.length !== 4) damaged('a tensor in it lacks its parts');
  return tensorOf(values, undefined);
}

/** _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks[, metadata]). */
export function rebuildTensorV2(values: readonly PickleValue[]): TorchTensor {
  if (values.length < 6 || values.length > 7) damaged('a tensor in it lacks its parts');
  checkTail(values.slice(4));
  return tensorOf(values, undefined);
}

/** _rebuild_tensor_v3: as v2, with the dtype before the metadata; the storage has none. */
export function rebuildTensorV3(values: readonly PickleValue[]): TorchTensor {
  if (values.length < 7 || values.length > 8) damaged('a tensor in it lacks its parts');
  checkTail(values.slice(4, 6));
  const type = values[6];
  if (!(type instanceof PickleGlobal)) return damaged('a tensor in it has no type');
  if (type.meaning.role === 'unsupported-dtype') throw new PickleError('dtype', type.name);
  if (type.meaning.role !== 'dtype') return damaged('a tensor in it has no type');
  return tensorOf(values, type.meaning.dtype);
}

/** _rebuild_parameter(tensor, requires_grad, backward_hooks[, state]) and Parameter(tensor[, requires_grad]). */
export function rebuildParameter(values: readonly PickleValue[]): TorchTensor {
  const [tensor] = values;
  if (!(tensor instanceof TorchTensor) || values.length > 4) return damaged('a parameter in it is no tensor');
  return tensor;
}

/** torch._tensor._rebuild_from_type_v2(function, type, values, state): the state is Python attributes, and dropped. */
export function rebuildFromType(values: readonly PickleValue[]): PickleValue {
  const [callee, type, inner] = values;
  const isKnown = callee instanceof PickleGlobal && callee.meaning.role === 'function'
    && type instanceof PickleGlobal && type.meaning.role === 'tensor-class';
  const isWhole = isKnown && inner instanceof PickleSequence && values.length === 4;
  if (!isWhole) return damaged('a tensor in it is malformed');
  const tensor = callee.meaning.role === 'function' ? callee.meaning.call(inner.items) : null;
  return tensor instanceof TorchTensor ? tensor : damaged('a tensor in it is malformed');
}

/** requires_grad is a bool, the hooks an empty dictionary or nothing. */
function checkTail([requiresGrad, hooks]: readonly PickleValue[]): void {
  const hasHooks = hooks !== null && !(hooks instanceof PickleDictionary && hooks.size === 0);
  if (typeof requiresGrad !== 'boolean' || hasHooks) damaged('a tensor in it is malformed');
}

function tensorOf(
  [storage, offset, sizes, strides]: readonly PickleValue[], ownType: DType | undefined,
): TorchTensor {
  if (!(storage instanceof TorchStorage)) return damaged('a tensor in it has no storage');
  const dtype = ownType ?? storage.dtype;
  if (dtype === undefined) return damaged('a tensor in it has no type');
  const shape = integers(sizes);
  const steps = integers(strides);
  const storageOffset = integer(offset);
  if (!shape || !steps || storageOffset === undefined) return damaged('a size, stride or offset in it is no length');
  if (shape.length !== steps.length || shape.length > maxAxes) return damaged('a tensor in it has an impossible shape');
  checkBounds(storage, dtype, storageOffset, shape, steps);
  return new TorchTensor({ storage, dtype, shape, strides: steps, storageOffset });
}

function checkBounds(
  { lengthBytes }: TorchStorage, dtype: DType, offset: number, shape: Shape, strides: readonly number[],
): void {
  const available = Math.floor(lengthBytes / bytesPerElement[dtype]);
  if (!Number.isSafeInteger(elementCount(shape) * bytesPerElement[dtype])) damaged('a tensor in it is too large');
  const reach = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  const isEmpty = shape.includes(0);
  const fits = isEmpty ? offset <= available : Number.isSafeInteger(reach) && reach < available;
  if (!fits) damaged('a tensor in it reaches beyond its storage');
}

function integers(value: PickleValue | undefined): number[] | undefined {
  if (!(value instanceof PickleSequence) || value.kind === 'set') return undefined;
  const list = value.items.map((item) => integer(item));
  return list.every((item) => item !== undefined) ? list as number[] : undefined;
}

/** A length: an int from 0 to 2^53 - 1. */
export function integer(value: PickleValue | undefined): number | undefined {
  if (typeof value !== 'bigint' || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  return Number(value);
}
