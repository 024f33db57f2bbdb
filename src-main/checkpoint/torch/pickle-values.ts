// What a pickle becomes here: plain values, and descriptions of tensors. Nothing of the file is ever called or looked
// up by name in JavaScript: dictionaries are Maps, whose keys may be `__proto__` without harm.

import type { DType, Shape } from '../../tensor/tensor.ts';

/** Python's int is a bigint and its float a number, so that a size of 2.0 is not mistaken for a size of 2. */
export type PickleValue =
  | null | boolean | bigint | number | string | Uint8Array
  | PickleSequence | PickleDictionary | PickleGlobal | InertObject | TorchStorage | TorchTensor;

export class PickleSequence {
  readonly kind: 'list' | 'tuple' | 'set';
  readonly items: PickleValue[];

  constructor(kind: PickleSequence['kind'], items: PickleValue[]) {
    this.kind = kind;
    this.items = items;
  }
}

/** A dict in the order of its file. An OrderedDict may carry attributes of its own, which are dropped. */
export class PickleDictionary extends Map<PickleValue, PickleValue> {
  readonly type: 'dict' | 'OrderedDict' | 'ParameterDict';

  constructor(type: PickleDictionary['type'] = 'dict') {
    super();
    this.type = type;
  }
}

/** A name of the allow-list that the file mentions: a function that is imitated here, a type, or a bystander. */
export class PickleGlobal {
  /** Module and name as the file spells them, with a dot between. */
  readonly name: string;
  readonly meaning: GlobalMeaning;

  constructor(name: string, meaning: GlobalMeaning) {
    this.name = name;
    this.meaning = meaning;
  }
}

export type GlobalMeaning =
  | { readonly role: 'function'; call(values: readonly PickleValue[]): PickleValue }
  /** A class of storage; without a dtype its bytes have none of their own. */
  | { readonly role: 'storage'; readonly dtype?: DType }
  | { readonly role: 'dtype'; readonly dtype: DType }
  /** Numbers that nothing here computes with (complex, float8, quantised), as storage class or dtype. */
  | { readonly role: 'unsupported-dtype' }
  | { readonly role: 'tensor-class' }
  | { readonly role: 'parameter-dict' }
  | { readonly role: 'bystander' };

/** An object beside the weights (training state, settings) of which nothing is kept but its class. */
export class InertObject {
  readonly className: string;

  constructor(className: string) {
    this.className = className;
  }
}

/** A block of numbers that tensors are views of. */
export class TorchStorage {
  readonly key: string;
  /** Absent where each tensor says how it reads the bytes. */
  readonly dtype: DType | undefined;
  readonly lengthBytes: number;

  constructor(key: string, dtype: DType | undefined, lengthBytes: number) {
    this.key = key;
    this.dtype = dtype;
    this.lengthBytes = lengthBytes;
  }
}

/** A view of a storage whose every element was found to lie inside. Offset and strides count elements. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly storageOffset: number;

  constructor(view: Pick<TorchTensor, 'storage' | 'dtype' | 'shape' | 'strides' | 'storageOffset'>) {
    this.storage = view.storage;
    this.dtype = view.dtype;
    this.shape = view.shape;
    this.strides = view.strides;
    this.storageOffset = view.storageOffset;
  }
}
