// Canonical writer of safetensors files: the same tensors and metadata always give the same bytes, equal to those of
// the public library (dtype descending, then name; compact JSON; header padded with blanks to a multiple of 8).

import { type FileHandle, open } from 'node:fs/promises';

import { bytesPerElement, elementCount, tensorBytes } from '../tensor/tensor.ts';
import { isTensorReference, type TensorReference, type WeightSource, type WeightTable } from '../tensor/weights.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { dtypeName, layoutRank } from './dtype-names.ts';
import { truncatedFile } from './file-errors.ts';

export interface SafetensorsLayout {
  /** Length field, JSON and padding: everything before the tensors' bytes. */
  readonly head: Uint8Array;
  /** The tensors in the order in which their bytes follow. */
  readonly order: readonly (readonly [string, WeightSource])[];
}

/** Lays a file out; `metadata` is written first and in its own order. */
export function layOutSafetensors(tensors: WeightTable, metadata: ReadonlyMap<string, string>): SafetensorsLayout {
  const order = [...tensors].sort(([nameA, a], [nameB, b]) =>
    layoutRank(a.dtype) - layoutRank(b.dtype) || Buffer.compare(Buffer.from(nameA), Buffer.from(nameB)));
  const entries: string[] = [];
  if (metadata.size > 0) {
    const pairs = [...metadata].map(([name, text]) => `${JSON.stringify(name)}:${JSON.stringify(text)}`);
    entries.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape }] of order) {
    if (name === '__metadata__') throw new Error('A tensor cannot be named __metadata__.');
    const end = offset + elementCount(shape) * bytesPerElement[dtype];
    const entry = `{"dtype":"${dtypeName(dtype)}","shape":[${shape.join(',')}],"data_offsets":[${offset},${end}]}`;
    entries.push(`${JSON.stringify(name)}:${entry}`);
    offset = end;
  }
  const json = Buffer.from(`{${entries.join(',')}}`);
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  head.writeBigUInt64LE(BigInt(head.length - 8));
  json.copy(head, 8);
  return { head, order };
}

/**
 * Writes a safetensors file: whole, or not at all. Tensors may be references into other files (copied in pieces).
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function writeSafetensors(
  file: string, tensors: WeightTable, metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const { head, order } = layOutSafetensors(tensors, metadata);
  await writeFileAtomically(file, async (handle) => {
    await writeAll(handle, head);
    for (const [, source] of order) {
      if (isTensorReference(source)) await copyTensor(source, handle);
      else await writeAll(handle, tensorBytes(source));
    }
  });
}

async function copyTensor(source: TensorReference, target: FileHandle): Promise<void> {
  const pieceBytes = 8 << 20;
  const endBytes = source.offsetBytes + source.lengthBytes;
  const handle = await open(source.file, 'r');
  try {
    const piece = new Uint8Array(Math.min(pieceBytes, source.lengthBytes));
    for (let done = 0; done < source.lengthBytes;) {
      const wanted = Math.min(piece.length, source.lengthBytes - done);
      const { bytesRead } = await handle.read(piece, 0, wanted, source.offsetBytes + done);
      if (bytesRead === 0) throw truncatedFile(source.file, source.offsetBytes + done, endBytes);
      await writeAll(target, piece.subarray(0, bytesRead));
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}
