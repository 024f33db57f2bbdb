// Canonical writer of safetensors files: the same tensors and metadata always give the same bytes, equal to those of
// the public library (dtype descending, then name; compact JSON; header padded with blanks to a multiple of 8).

import type { FileHandle } from 'node:fs/promises';

import { bytesPerElement, elementCount, tensorBytes } from '../tensor/tensor.ts';
import { writeFileAtomically } from './atomic-file.ts';
import { dtypeName, layoutRank } from './dtype-names.ts';
import { blocksOf, type WritableTable, type WritableTensor } from './streamed-tensor.ts';

export interface SafetensorsLayout {
  /** Length field, JSON and padding: everything before the tensors' bytes. */
  readonly head: Uint8Array;
  /** The tensors in the order in which their bytes follow. */
  readonly order: readonly (readonly [string, WritableTensor])[];
}

/** Lays a file out; `metadata` is written first and in its own order. */
export function layOutSafetensors(tensors: WritableTable, metadata: ReadonlyMap<string, string>): SafetensorsLayout {
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
 * Writes a safetensors file: whole, or not at all. Tensors may be references into other files or computed while they
 * are written; neither is held in memory as a whole.
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function writeSafetensors(
  file: string, tensors: WritableTable, metadata: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
  const { head, order } = layOutSafetensors(tensors, metadata);
  await writeFileAtomically(file, async (handle) => {
    await writeAll(handle, head);
    for (const [name, source] of order) await writeTensor(handle, name, source);
  });
}

async function writeTensor(handle: FileHandle, name: string, source: WritableTensor): Promise<void> {
  const lengthBytes = elementCount(source.shape) * bytesPerElement[source.dtype];
  let done = 0;
  for await (const block of blocksOf(source)) {
    const bytes = tensorBytes(block);
    if (block.dtype !== source.dtype || done + bytes.length > lengthBytes) break;
    await writeAll(handle, bytes);
    done += bytes.length;
  }
  if (done !== lengthBytes) throw new Error(`The numbers of ${JSON.stringify(name)} are not those of its shape.`);
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}
