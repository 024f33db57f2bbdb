// The judge's training step and its batches: pictures in pairs of people, each with its labels, the person's numbers
// and the five points.

import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { flatLayout, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { identityNumberCount } from './identity-numbers.ts';
import {
  type JudgeConfig, judgeParameters, judgeReadings, labelCount, pointNumbers, pointScale,
} from './judge-network.ts';
import type { JudgeSet } from './judge-pictures.ts';
import { drawnView, writeView } from './judge-view.ts';
import { type LabelName, labelNames, labelValues } from './labels.ts';
import { contrastiveLoss, readingLoss, readingParameters } from './recognition-loss.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import type { Feeds } from './training-batches.ts';

/** What prompts are followed in counts most. */
export const weightOf = (name: LabelName): number => (followed.has(name) ? 1 : 0.3);
const followed: ReadonlySet<LabelName> = new Set([
  'style', 'hairColour', 'hairStyle', 'background', 'clothes', 'clothesColour', 'glasses', 'hat', 'facialHair',
]);

export const judgeConfig = ({ judge }: Pick<StarterRecipe, 'judge'>): JudgeConfig => ({
  edgePx: judge.edgePx, widths: judge.widths, groups: judge.groups, hidden: judge.hidden,
  embeddingLength: judge.embeddingLength,
});

/** Parameters of the judge and, behind them, of a reading that is thrown away. */
export function judgeLayout(recipe: StarterRecipe): ParameterLayout {
  const config = judgeConfig(recipe);
  const judge = flatLayout({ judge: judgeParameters(config) });
  return layoutOf([
    ...judge.entries, ...readingParameters('reading', config.embeddingLength, identityNumberCount),
  ]);
}

/** The places of a kind's values among all. */
const kindOfLabel = labelNames.flatMap((name, kind) => labelValues[name].map(() => kind));

/**
 * Cross-entropy of every kind that a picture shows, added up and halved: the mean over the pictures, a scalar. `wanted`
 * [B, labelCount] has the kind's weight at the right value, and zeros where it is not shown.
 */
function namingLoss(g: GraphBuilder, labels: Value, wanted: Value): Value {
  const kinds = labelNames.length;
  const members = new Float32Array(labelCount * kinds);
  kindOfLabel.forEach((kind, label) => { members[label * kinds + kind] = 1; });
  const membership = g.weight('membership', float32Tensor([labelCount, kinds], members));
  // no exponential runs over
  const bounded = g.clip(labels, -30, 30);
  const spread = g.log(g.matmul(g.exp(bounded), membership));
  const shown = g.matmul(wanted, membership);
  const right = g.reduceSum(g.mul(wanted, bounded), [1], true);
  const each = g.sub(g.reduceSum(g.mul(shown, spread), [1], true), right);
  return g.mul(g.reshape(g.reduceMean(each, [0, 1], true), []), g.scalar(0.5));
}

/** One step; inputs pictures [B, 3, edge, edge] in pairs of people, labels, numbers [B, N] and points [B, 10]. */
export function judgeStepGraph(recipe: StarterRecipe): FlatStep {
  const { batchSize, edgePx, sharpness, attributeWeight, pointWeight } = recipe.judge;
  return flatStep({
    name: 'starter_judge', parameters: judgeLayout(recipe).entries, plan: recipe.judge,
    build: (g, parameter) => {
      const pictures = g.input('pictures', 'float32', [batchSize, 3, edgePx, edgePx]);
      const told = judgeReadings(prefixedScope(g, 'judge', parameter), judgeConfig(recipe), pictures);
      const naming = namingLoss(g, told.labels, g.input('labels', 'float32', [batchSize, labelCount]));
      const numbers = g.input('numbers', 'float32', [batchSize, identityNumberCount]);
      const reading = readingLoss(g, parameter, 'reading', told.embedding, numbers);
      const people = g.add(contrastiveLoss(g, told.embedding, sharpness), g.mul(g.scalar(attributeWeight), reading));
      const error = g.sub(told.points, g.input('points', 'float32', [batchSize, pointNumbers]));
      const places = g.reshape(g.reduceMean(g.mul(error, error), [0, 1], true), []);
      return { loss: g.add(g.add(naming, people), g.mul(g.scalar(pointWeight), places)) };
    },
  });
}

interface Batch {
  readonly pictures: Float32Array;
  readonly labels: Float32Array;
  readonly numbers: Float32Array;
  readonly points: Float32Array;
}

/** pictures, labels, numbers and points of one step. */
export function judgeBatch(recipe: StarterRecipe, set: JudgeSet, step: number): Feeds {
  const { batchSize, edgePx } = recipe.judge;
  if (batchSize / 2 > set.people) throw new Error(`A batch of ${batchSize} needs more than ${set.people} people.`);
  const random = seededRandom(recipe.seed + step, 36);
  const people = new Set<number>();
  while (people.size < batchSize / 2) people.add(random.integer(set.people));
  const batch: Batch = {
    pictures: new Float32Array(batchSize * 3 * edgePx ** 2), labels: new Float32Array(batchSize * labelCount),
    numbers: new Float32Array(batchSize * identityNumberCount), points: new Float32Array(batchSize * pointNumbers),
  };
  [...people].forEach((person, row) => {
    const first = random.integer(set.pictures);
    const second = (first + 1 + random.integer(set.pictures - 1)) % set.pictures;
    const own = set.identities.subarray(person * identityNumberCount, (person + 1) * identityNumberCount);
    for (const [picture, at] of [[first, row], [second, row + people.size]] as const) {
      writePicture(set, person * set.pictures + picture, batch, at, edgePx, random);
      batch.numbers.set(own, at * identityNumberCount);
    }
  });
  return {
    pictures: float32Tensor([batchSize, 3, edgePx, edgePx], batch.pictures),
    labels: float32Tensor([batchSize, labelCount], batch.labels),
    numbers: float32Tensor([batchSize, identityNumberCount], batch.numbers),
    points: float32Tensor([batchSize, pointNumbers], batch.points),
  };
}

function writePicture(
  set: JudgeSet, index: number, { pictures, labels, points }: Batch, at: number, edgePx: number, random: Random,
): void {
  const size = set.resolutionPx;
  const bytes = size ** 2 * 3;
  const view = drawnView(random, size, edgePx);
  const target = pictures.subarray(at * 3 * edgePx ** 2, (at + 1) * 3 * edgePx ** 2);
  writeView(set.pixels.subarray(index * bytes, (index + 1) * bytes), size, view, target, edgePx, random);
  const place = (value: number, start: number) => ((value - start) / (view.step * edgePx) - 0.5) * pointScale;
  points.set(set.points[index]!.flatMap(({ x, y }) => [place(x, view.left), place(y, view.top)]), at * pointNumbers);
  let first = at * labelCount;
  labelNames.forEach((name, kind) => {
    const value = set.labels[index]![kind]!;
    if (value >= 0) labels[first + value] = weightOf(name);
    first += labelValues[name].length;
  });
}
