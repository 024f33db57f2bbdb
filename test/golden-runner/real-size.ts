// The real-size models as golden/key-manifests describes them: names and shapes that stand for a file without numbers.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { elementCount } from '../../src-main/tensor/tensor.ts';
import { isTensorReference, type WeightSource } from '../../src-main/tensor/weights.ts';

export type Manifest = ReadonlyMap<string, WeightSource>;

const bytesPerNumber = 4;

/** OpenCLIP's pooled projection is the one tensor that is read when a file is opened; it gets real numbers. */
const readAtOpening = /(?:^|\.)text_projection$/;

/** A manifest as tensors, each at its own place in a made-up file, so that a swap of equal shapes shows. */
export async function readManifest(folder: string, ...names: readonly string[]): Promise<Manifest> {
  const manifest = new Map<string, WeightSource>();
  let offsetBytes = 0;
  for (const name of names) {
    const text = await readFile(path.join(folder, `${name}.json`), 'utf8');
    for (const [key, { shape }] of Object.entries(JSON.parse(text) as Record<string, { shape: number[] }>)) {
      const count = elementCount(shape);
      const lengthBytes = count * bytesPerNumber;
      manifest.set(key, readAtOpening.test(key)
        ? { dtype: 'float32', shape, data: Float32Array.from({ length: count }, (_, i) => i) }
        : { dtype: 'float32', shape, file: '/manifest', offsetBytes, lengthBytes });
      offsetBytes += lengthBytes;
    }
  }
  return manifest;
}

export function partOf(manifest: Manifest, prefix: string): Map<string, WeightSource> {
  const own = [...manifest].filter(([name]) => name.startsWith(prefix));
  return new Map(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** Names of the manifest whose bytes the tables do not use exactly once, from the first to the last. */
export function notUsedOnce(manifest: Manifest, tables: readonly Manifest[]): string[] {
  const used = tables.flatMap((table) => [...table.values()]);
  const inFile = used.filter(isTensorReference).sort((a, b) => a.offsetBytes - b.offsetBytes);
  const inMemory = used.length - inFile.length;
  let next = 0;
  const wrong: string[] = [];
  // names come in the order of their places
  for (const [name, source] of manifest) {
    if (!isTensorReference(source)) {
      if (inMemory !== 1) wrong.push(name);
      continue;
    }
    let covered = source.offsetBytes;
    const end = source.offsetBytes + source.lengthBytes;
    let isOnce = true;
    // q, k and v each use a third of their tensor
    for (; next < inFile.length && inFile[next]!.offsetBytes < end; next++) {
      isOnce &&= inFile[next]!.offsetBytes === covered;
      covered += inFile[next]!.lengthBytes;
    }
    if (!isOnce || covered !== end) wrong.push(name);
  }
  return wrong;
}
