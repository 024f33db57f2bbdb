// The judge's eye for styles: a small network that looks at a portrait at its full size, where brush strokes and the
// grid of pixel art still show, and names its style. The judge itself looks at smaller pictures, and sees neither.

import * as z from 'zod';
import { parseConfig } from '../checkpoint/configs.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { type FaceEncoderConfig, faceFeatures } from '../models/face-encoder.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { linear } from '../models/layers.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { type ParameterShapes, recordParameters } from '../models/parameter-shapes.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { openSession } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { plainView, writeView } from './judge-view.ts';
import { labelValues } from './labels.ts';
import { seededRandom } from './seeded-random.ts';

/** Sizes as those of a face encoder. */
export type StyleJudgeConfig = Omit<FaceEncoderConfig, 'embeddingLength'>;

/** picture [B, 3, edge, edge] in -1..1 → [B, styles]; the larger, the likelier. */
export const styleReading = (scope: NetworkScope, config: StyleJudgeConfig, picture: Value): Value => (
  linear(scope, 'styles', faceFeatures(scope, config, picture), labelValues.style.length));

/** Shapes by name, in the order of use. */
export function styleJudgeParameters(config: StyleJudgeConfig): ParameterShapes {
  const { edgePx } = config;
  return recordParameters('style_judge', (scope) => {
    styleReading(scope, config, scope.g.input('picture', 'float32', [1, 3, edgePx, edgePx]));
  });
}

function styleJudgeGraph(config: StyleJudgeConfig, weights: WeightTable): Graph {
  const g = new GraphBuilder('style_judge');
  const picture = g.input('picture', 'float32', [1, 3, config.edgePx, config.edgePx]);
  g.output('styles', styleReading(frozenScope(g, weights), config, picture));
  return g.graph();
}

const positive = z.int().min(1).max(4096);
const styleJudgeFile = z.object({
  edge_px: positive, widths: z.array(positive).min(1).max(8), groups: positive, styles: z.array(z.string()),
});

/** Its config.json. */
export const styleJudgeJson = ({ edgePx, widths, groups }: StyleJudgeConfig): Record<string, unknown> => ({
  _class_name: 'LikenessStyleJudge', edge_px: edgePx, widths, groups, styles: labelValues.style,
});

/** The same read back. Refuses (Error) one that was taught other styles than labels.ts has now. */
export function parseStyleJudgeConfig(json: unknown): StyleJudgeConfig {
  const file = parseConfig(styleJudgeFile, json, 'The config.json of the judge of styles');
  if (JSON.stringify(file.styles) !== JSON.stringify(labelValues.style)) {
    throw new Error('The judge of styles was taught other styles than the renderer has now; train it again.');
  }
  return { edgePx: file.edge_px, widths: file.widths, groups: file.groups };
}

export interface StyleJudge {
  /** The likeliest style of a square picture of any size. */
  styleOf(picture: RgbPicture): Promise<string>;
  release(): Promise<void>;
}

/** A judge of these weights. */
export async function openStyleJudge(
  config: StyleJudgeConfig, weights: WeightTable, threads?: number,
): Promise<StyleJudge> {
  const { edgePx } = config;
  const session = await openSession(styleJudgeGraph(config, weights), { provider: 'cpu', threads });
  return {
    release: () => session.release(),
    async styleOf({ data, width }) {
      const planes = new Float32Array(3 * edgePx ** 2);
      writeView(data, width, plainView(width, edgePx), planes, edgePx, seededRandom(0));
      const { styles } = await session.run({ picture: float32Tensor([1, 3, edgePx, edgePx], planes) });
      const scores = styles!.data as Float32Array;
      return labelValues.style[scores.indexOf(Math.max(...scores))]!;
    },
  };
}
