// The order in which nodes are written, which steers the order in which ONNX Runtime runs them.

import type { Graph, Node } from '../1-build/graph.ts';

export function executionOrder(graph: Graph): readonly Node[] {
  return graph.nodes;
}
