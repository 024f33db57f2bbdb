// What a torch pickle may refer to: names of the allow-list, and storages, which it names by key. The storages met are
// written down; the container (zip or legacy) says afterwards where each lies.

import { bytesPerElement } from '../../tensor/tensor.ts';
import { damaged, PickleError, shown } from './pickle-error.ts';
import type { PickleWorld } from './pickle-opcodes.ts';
import {
  InertObject, PickleDictionary, PickleGlobal, PickleSequence, type PickleValue, TorchStorage,
} from './pickle-values.ts';
import { findGlobal } from './torch-globals.ts';
import { integer, rebuildParameter } from './torch-rebuild.ts';

/** Torch numbers its storages; legacy files use addresses. */
const storageKey = /^[0-9A-Za-z_-]{1,64}$/;

export class TorchWorld implements PickleWorld {
  /** By key. */
  readonly storages = new Map<string, TorchStorage>();

  find(module: string, name: string): PickleGlobal {
    return findGlobal(module, name);
  }

  call(callee: PickleValue, values: readonly PickleValue[]): PickleValue {
    if (!(callee instanceof PickleGlobal)) return damaged('its pickle calls what is no function');
    const { meaning, name } = callee;
    switch (meaning.role) {
      case 'function': return meaning.call(values);
      case 'bystander': return new InertObject(name);
      case 'parameter-dict': return new PickleDictionary('ParameterDict');
      case 'tensor-class': return rebuildParameter(values);
      default: return damaged(`its pickle calls ${name}`);
    }
  }

  /** Attributes of objects are of no use here, but for a ParameterDict, whose entries are among them. */
  build(object: PickleValue, state: PickleValue): PickleValue {
    if (object instanceof InertObject) return object;
    if (!(object instanceof PickleDictionary) || object.type === 'dict') {
      return damaged('its pickle sets attributes of what has none');
    }
    const parameters = object.type === 'ParameterDict' && state instanceof PickleDictionary && state.get('_parameters');
    if (parameters instanceof PickleDictionary) for (const [key, value] of parameters) object.set(key, value);
    return object;
  }

  /** ('storage', class, key, location, element count[, None]); of storages without a type, the count is of bytes. */
  load(persistentId: PickleValue): TorchStorage {
    const parts = persistentId instanceof PickleSequence && persistentId.kind === 'tuple' ? persistentId.items : [];
    const [word, type, key, location, count, view] = parts;
    const isWhole = parts.length === 5 || (parts.length === 6 && view === null);
    if (word !== 'storage' || !isWhole || typeof key !== 'string' || typeof location !== 'string') {
      return damaged('a storage in it is malformed');
    }
    if (!(type instanceof PickleGlobal)) return damaged('a storage in it has no type');
    if (type.meaning.role === 'unsupported-dtype') throw new PickleError('dtype', type.name);
    if (type.meaning.role !== 'storage') return damaged('a storage in it has no type');
    if (!storageKey.test(key)) return damaged(`a storage in it has the impossible name ${shown(key)}`);
    const { dtype } = type.meaning;
    const lengthBytes = (integer(count) ?? NaN) * (dtype ? bytesPerElement[dtype] : 1);
    if (!Number.isSafeInteger(lengthBytes)) return damaged('a storage in it has an impossible length');
    return this.#remember(new TorchStorage(key, dtype, lengthBytes));
  }

  #remember(storage: TorchStorage): TorchStorage {
    const known = this.storages.get(storage.key);
    if (!known) this.storages.set(storage.key, storage);
    if (known && (known.lengthBytes !== storage.lengthBytes || known.dtype !== storage.dtype)) {
      return damaged('a storage in it has two lengths');
    }
    return known ?? storage;
  }
}
