// The three face networks as graphs, each with one picture in: [1, 3, edge, edge], RGB of 0..255.

import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { detectorEdgePx, faceDetector } from '../models/face-detector.ts';
import { faceLandmarkNetwork, landmarkEdgePx } from '../models/face-landmarks.ts';
import { faceRecognizer, recognizerEdgePx } from '../models/face-recognizer.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import type { WeightTable } from '../tensor/weights.ts';

/** Outputs 'boxEncodings' [1, 5118, 4] and 'scores' [1, 5118]. */
export function faceDetectorGraph(weights: WeightTable): Graph {
  const g = new GraphBuilder('face-detector');
  const picture = g.input('picture', 'float32', [1, 3, detectorEdgePx, detectorEdgePx]);
  const { boxEncodings, scores } = faceDetector(frozenScope(g, weights), picture);
  g.output('boxEncodings', boxEncodings);
  g.output('scores', scores);
  return g.graph();
}

/** Output 'landmarks' [1, 68, 2]. */
export function faceLandmarkGraph(weights: WeightTable): Graph {
  const g = new GraphBuilder('face-landmarks');
  const picture = g.input('picture', 'float32', [1, 3, landmarkEdgePx, landmarkEdgePx]);
  g.output('landmarks', faceLandmarkNetwork(frozenScope(g, weights), picture));
  return g.graph();
}

/** Output 'faceEmbedding' [1, 128]. */
export function faceRecognizerGraph(weights: WeightTable): Graph {
  const g = new GraphBuilder('face-recognizer');
  const picture = g.input('picture', 'float32', [1, 3, recognizerEdgePx, recognizerEdgePx]);
  g.output('faceEmbedding', faceRecognizer(frozenScope(g, weights), picture));
  return g.graph();
}
