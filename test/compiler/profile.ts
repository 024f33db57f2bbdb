// The order in which ONNX Runtime really runs a graph's nodes, from its profile of one run.

import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Graph, Node } from '../../src-main/compiler/1-build/graph.ts';
import { openSession } from '../../src-main/runtime/session.ts';
import type { Tensor } from '../../src-main/tensor/tensor.ts';

/** Names of the nodes as ONNX Runtime ran them. */
export async function profiledNames(graph: Graph, feeds: Record<string, Tensor>): Promise<string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-profile-'));
  try {
    const profileFilePrefix = path.join(folder, 'run');
    // what simplify() made of the graph without these is what runs
    const asItIs = { splitsWidely: false, addsIntoConvolutions: false };
    const session = await openSession(graph, { provider: 'cpu', threads: 1, profileFilePrefix, simplify: asItIs });
    await session.run(feeds);
    await session.release();
    const [name] = await readdir(folder);
    const events = JSON.parse(await readFile(path.join(folder, name!), 'utf8')) as { cat: string; name: string }[];
    return events.filter(({ cat, name: event }) => cat === 'Node' && event.endsWith('_kernel_time'))
      .map(({ name: event }) => event.slice(0, -'_kernel_time'.length));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The nodes of a simplified graph in the order in which ONNX Runtime ran them, but for those that it folded at the
 * start or fused with another under another name.
 */
export async function profiledNodes(graph: Graph, feeds: Record<string, Tensor>): Promise<Node[]> {
  const byName = new Map(graph.nodes.map((node) => [node.outputs[0]!.name, node]));
  const ran = await profiledNames(graph, feeds);
  return ran.flatMap((name) => byName.get(name) ?? []);
}
