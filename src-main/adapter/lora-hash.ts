// The hashes that kohya's trainer and A1111 give a LoRA (sd-scripts, library/train_util.py and sai_model_spec.py).

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { readSafetensorsHeader } from '../checkpoint/safetensors.ts';
import { layOutSafetensors } from '../checkpoint/safetensors-writer.ts';
import { isTorchFile } from '../checkpoint/tensor-file.ts';
import { type Tensor, tensorBytes } from '../tensor/tensor.ts';

export interface LoraHashes {
  /** sshs_model_hash: sha256 of the tensors' bytes as they lie in the file. A1111 knows a LoRA by it. */
  readonly modelHash: string;
  /** sshs_legacy_hash: of 64 KiB from 1 MiB on, in a file with the ss_* metadata only. */
  readonly legacyHash: string;
}

/** sha256 in hex of the tensors' bytes, one after the other in the given order. */
export function contentHash(tensors: Iterable<Tensor>): string {
  const hash = createHash('sha256');
  for (const tensor of tensors) hash.update(tensorBytes(tensor));
  return hash.digest('hex');
}

/**
 * The same of a file: what its metadata says, else the sha256 of everything behind a safetensors header, as A1111
 * computes it; of a torch file, of all its bytes.
 */
export async function fileContentHash(file: string): Promise<string> {
  const isTorch = await isTorchFile(file);
  const { metadata, dataOffsetBytes } = isTorch
    ? { metadata: new Map<string, string>(), dataOffsetBytes: 0 } : await readSafetensorsHeader(file);
  const said = metadata.get('sshs_model_hash');
  if (said !== undefined && /^[0-9a-f]{64}$/.test(said)) return said;
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file, { start: dataOffsetBytes, highWaterMark: 1 << 20 })) {
    hash.update(bytes as Uint8Array);
  }
  return hash.digest('hex');
}

/** The hashes of a file with these tensors and, of its metadata, these ss_* pairs. */
export function loraHashes(
  tensors: ReadonlyMap<string, Tensor>, trainingMetadata: ReadonlyMap<string, string>,
): LoraHashes {
  const { head, order } = layOutSafetensors(tensors, trainingMetadata);
  const inOrder = order.map(([name]) => tensors.get(name)!);
  const legacy = createHash('sha256');
  let offset = 0;
  for (const part of [head, ...inOrder.map(tensorBytes)]) {
    legacy.update(part.subarray(Math.max(0, 0x100000 - offset), Math.max(0, 0x110000 - offset)));
    offset += part.length;
  }
  return { modelHash: contentHash(inOrder), legacyHash: legacy.digest('hex').slice(0, 8) };
}
