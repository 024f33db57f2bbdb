// One file of named tensors, safetensors or torch, told apart by its first bytes: sites hand out either under any name.

import { open } from 'node:fs/promises';
import path from 'node:path';

import type { WeightSource } from '../tensor/weights.ts';
import type { TensorOutline } from './architecture.ts';
import { unreadableFile } from './file-errors.ts';
import { readBytes } from './read-bytes.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { PickleDictionary, type PickleValue, TorchTensor } from './torch/pickle-values.ts';
import { readTorchFile, torchEntries, torchFormat } from './torch/torch-file.ts';

export interface TensorFile {
  /** Absolute path. */
  readonly file: string;
  /** Free text that a stranger wrote; torch files have none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Every tensor by name, in the file's order. */
  readonly tensors: ReadonlyMap<string, TensorOutline>;
  /** The tensors whose names begin with `prefix`, under the rest of their names. */
  part(prefix: string): Promise<Map<string, WeightSource>>;
}

/**
 * Opens a file of tensors by its header alone. Of a torch file, what lies under 'state_dict' counts, where there is
 * one; names of dictionaries in dictionaries are joined with dots. Refuses with a UserError whatever is neither.
 */
export async function openTensorFile(file: string): Promise<TensorFile> {
  return (await isTorchFile(file)) ? await openTorchTensors(file) : await openSafetensors(file);
}

/** Whether a file begins as torch's do. */
export async function isTorchFile(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch((cause: unknown) => { throw unreadableFile(file, cause); });
  try {
    const info = await handle.stat();
    return info.isFile() && torchFormat(await readBytes(handle, file, 0, Math.min(info.size, 9))) !== undefined;
  } finally {
    await handle.close();
  }
}

async function openSafetensors(file: string): Promise<TensorFile> {
  const { metadata, tensors } = await readSafetensorsHeader(file);
  return { file: path.resolve(file), metadata, tensors, part: async (prefix) => withoutPrefix(tensors, prefix) };
}

async function openTorchTensors(file: string): Promise<TensorFile> {
  const torch = await readTorchFile(file);
  const tensors = new Map<string, TorchTensor>();
  const value = stateDict(torch.value);
  for (const entry of torchEntries({ file: torch.file, value })) {
    if (entry.value instanceof TorchTensor) tensors.set(entry.path.join('.'), entry.value);
  }
  return {
    file: torch.file, metadata: new Map(), tensors,
    async part(prefix) {
      const weights = new Map<string, WeightSource>();
      for (const [name, tensor] of withoutPrefix(tensors, prefix)) weights.set(name, await torch.locate(tensor));
      return weights;
    },
  };
}

/** Trainers wrap the weights together with their own state, some of them more than once. */
function stateDict(value: PickleValue): PickleValue {
  for (let here = value, depth = 0; here instanceof PickleDictionary && depth < 8; depth++) {
    const inner = here.get('state_dict');
    if (!(inner instanceof PickleDictionary)) return here;
    here = inner;
  }
  return value;
}

function withoutPrefix<T>(tensors: ReadonlyMap<string, T>, prefix: string): Map<string, T> {
  const found = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(prefix)) found.set(name.slice(prefix.length), tensor);
  }
  return found;
}
