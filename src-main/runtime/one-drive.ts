// Weights on several drives. ONNX Runtime reads files below one folder alone, which on Windows is the root of a drive:
// those of the drive with most of them stay in their files, those of the others become inputs that are fed at each run.

import { realpathSync } from 'node:fs';
import path from 'node:path';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { type TensorReference, isTensorReference } from '../tensor/weights.ts';

export interface GraphOnOneDrive {
  /** What it has of weights in files lies below the root. */
  readonly graph: Graph;
  readonly root: string;
  /** What is to be read and fed, by the names of the inputs that stand for it. */
  readonly fed: ReadonlyMap<string, TensorReference>;
}

/** The drive on which a file lies by its path, with a separator at its end: '/' or 'D:\'. */
export const rootOfPath = (file: string): string => path.parse(file).root;

/** Reads nothing but where links lead. */
export function onOneDrive(graph: Graph, rootOf = rootOfPath): GraphOnOneDrive {
  const drives = drivesOf(graph, rootOf);
  const [most, ...others] = [...drives.values()].sort((a, b) => b.bytes - a.bytes);
  if (!most) return { graph, root: rootOf(process.cwd()), fed: new Map() };
  const { root } = most;
  const fed = others.flatMap(({ weights }) => weights);
  const initializers = new Map(graph.initializers);
  // a drive's letter may be written large in one path and small in another
  for (const [value, source] of most.weights) {
    initializers.set(value, { ...source, file: root + source.file.slice(root.length) });
  }
  for (const [value] of fed) initializers.delete(value);
  return {
    graph: { ...graph, initializers, inputs: [...graph.inputs, ...fed.map(([value]) => value)] }, root,
    fed: new Map(fed.map(([value, source]) => [value.name, source])),
  };
}

interface Drive {
  readonly root: string;
  readonly weights: [Value, TensorReference][];
  bytes: number;
}

function drivesOf(graph: Graph, rootOf: (file: string) => string): Map<string, Drive> {
  const drives = new Map<string, Drive>();
  const places = new Map<string, string>();
  for (const [value, source] of graph.initializers) {
    if (!isTensorReference(source)) continue;
    const file = places.get(source.file) ?? placeOf(source.file, rootOf);
    places.set(source.file, file);
    const root = rootOf(file);
    const drive = drives.get(root.toLowerCase()) ?? { root, weights: [], bytes: 0 };
    drives.set(root.toLowerCase(), drive);
    drive.weights.push([value, { ...source, file }]);
    drive.bytes += source.lengthBytes;
  }
  return drives;
}

/** Where a link to another drive leads: ONNX Runtime follows it, and refuses what is not below its folder. */
function placeOf(file: string, rootOf: (file: string) => string): string {
  try {
    const real = realpathSync.native(file);
    return rootOf(real).toLowerCase() === rootOf(file).toLowerCase() ? file : real;
  } catch {
    // what is not there is told by whoever reads it
    return file;
  }
}
