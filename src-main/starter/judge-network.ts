// The judge of portraits: one small network with three readings. It names what a picture shows (a value of each kind of
// labels.ts), says who it shows (an embedding), and where the five points lie. It never meets the generator.

import * as z from 'zod';
import { parseConfig } from '../checkpoint/configs.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph, Value } from '../compiler/1-build/graph.ts';
import { faceFeatures } from '../models/face-encoder.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { linear } from '../models/layers.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { type ParameterShapes, recordParameters } from '../models/parameter-shapes.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { labelNames, labelValues } from './labels.ts';

export interface JudgeConfig {
  /** Edge of the picture that it looks at, in pixels; a multiple of 2 to the power of the levels. */
  readonly edgePx: number;
  /** Channels of each level, the first at half the edge. */
  readonly widths: readonly number[];
  readonly groups: number;
  /** Width of the layer before the readings. */
  readonly hidden: number;
  readonly embeddingLength: number;
}

/** Values of all kinds behind each other: what the judge's naming has a number for. */
export const labelCount = labelNames.reduce((sum, name) => sum + labelValues[name].length, 0);
export const pointNumbers = 10;
/** A point's place is told in this many times the picture's edge from its middle. */
export const pointScale = 8;

export interface JudgeReadings {
  /** [B, labelCount]; the larger, the likelier among the values of its kind. */
  readonly labels: Value;
  /** [B, E], each row of length √E. */
  readonly embedding: Value;
  /** [B, 10]: pointScale times the way from the middle, as a share of the edge. */
  readonly points: Value;
}

/** `picture` [B, 3, edge, edge] in -1..1. */
export function judgeReadings(scope: NetworkScope, config: JudgeConfig, picture: Value): JudgeReadings {
  const { g } = scope;
  const features = faceFeatures(scope, config, picture);
  const hidden = g.silu(linear(scope, 'hidden', features, config.hidden));
  const raw = linear(scope, 'embedding', hidden, config.embeddingLength);
  const length = g.sqrt(g.add(g.reduceMean(g.mul(raw, raw), [1], true), g.scalar(1e-8)));
  return {
    labels: linear(scope, 'labels', hidden, labelCount), embedding: g.div(raw, length),
    points: linear(scope, 'points', features, pointNumbers),
  };
}

/** Shapes by name, in the order of use. */
export const judgeParameters = (config: JudgeConfig): ParameterShapes => recordParameters('judge', (scope) => {
  judgeReadings(scope, config, scope.g.input('picture', 'float32', [1, 3, config.edgePx, config.edgePx]));
});

/** picture [batch, 3, edge, edge] → labels [batch, labelCount], embedding [batch, E], points [batch, 10] in 0..1. */
export function judgeGraph(config: JudgeConfig, weights: WeightTable, batch: number): Graph {
  const g = new GraphBuilder('judge');
  const picture = g.input('picture', 'float32', [batch, 3, config.edgePx, config.edgePx]);
  const { labels, embedding, points } = judgeReadings(frozenScope(g, weights), config, picture);
  g.output('labels', labels);
  g.output('embedding', embedding);
  g.output('points', g.add(g.mul(points, g.scalar(1 / pointScale)), g.scalar(0.5)));
  return g.graph();
}

const positive = z.int().min(1).max(4096);
const judgeFile = z.object({
  edge_px: positive, widths: z.array(positive).min(1).max(8), groups: positive, hidden: positive,
  embedding_length: positive, labels: z.record(z.string(), z.array(z.string())),
});

/** The judge's config.json: its sizes, and the words that its naming was taught. */
export function judgeJson(config: JudgeConfig): Record<string, unknown> {
  return {
    _class_name: 'LikenessPortraitJudge', edge_px: config.edgePx, widths: config.widths, groups: config.groups,
    hidden: config.hidden, embedding_length: config.embeddingLength, labels: labelValues,
  };
}

/** The same read back. Refuses (Error) a judge that was taught other words than labels.ts has now. */
export function parseJudgeConfig(json: unknown): JudgeConfig {
  const file = parseConfig(judgeFile, json, 'The judge\'s config.json');
  if (JSON.stringify(file.labels) !== JSON.stringify(labelValues)) {
    throw new Error('The judge was taught other labels than the renderer has now; train it again.');
  }
  return {
    edgePx: file.edge_px, widths: file.widths, groups: file.groups, hidden: file.hidden,
    embeddingLength: file.embedding_length,
  };
}
