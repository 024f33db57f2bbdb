// Stage of the starter pack that ships nothing: a judge of portraits, which never meets the generator. From a picture
// as the pack's autoencoder gives it, it tells where the five points lie and who it shows.

import type { Value } from '../compiler/1-build/graph.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { Graph } from '../compiler/1-build/graph.ts';
import { type FaceEncoderConfig, faceFeatures, trainedHeadEdgePx as edgePx } from '../models/face-encoder.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { linear } from '../models/layers.ts';
import type { NetworkScope } from '../models/network-scope.ts';
import { faceEncoderParameters } from '../models/parameter-shapes.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { flatLayout, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { identityNumberCount } from './identity-numbers.ts';
import type { PeopleSet } from './people-dataset.ts';
import { contrastiveLoss, readingLoss, readingParameters } from './recognition-loss.ts';
import type { StarterRecipe } from './recipe.ts';
import { type Random, seededRandom } from './seeded-random.ts';
import { optimizerOf } from './stage-trainer.ts';
import type { Feeds } from './training-batches.ts';

const pointNumbers = 10;
/** A point's place is told in this many times the picture's edge from its middle. */
const pointScale = 8;
const pointWeight = 10;

export const judgeConfig = ({ judge }: Pick<StarterRecipe, 'judge'>): FaceEncoderConfig => ({
  edgePx, widths: judge.widths, groups: judge.groups, embeddingLength: judge.embeddingLength,
});

function judgeParts(scope: NetworkScope, config: FaceEncoderConfig, picture: Value): { who: Value; where: Value } {
  const { g } = scope;
  const features = faceFeatures(scope, config, picture);
  const raw = linear(scope, 'embedding', features, config.embeddingLength);
  const length = g.sqrt(g.add(g.reduceMean(g.mul(raw, raw), [1], true), g.scalar(1e-8)));
  return { who: g.div(raw, length), where: linear(scope, 'points', features, pointNumbers) };
}

/** Parameters of the judge and, behind them, of a reading that is thrown away. */
export function judgeLayout(recipe: StarterRecipe): ParameterLayout {
  const config = judgeConfig(recipe);
  const encoder = faceEncoderParameters(config);
  const features = encoder.get('embedding.weight')![1]!;
  const judge = flatLayout({
    judge: new Map([...encoder, ['points.weight', [pointNumbers, features]], ['points.bias', [pointNumbers]]]),
  });
  return layoutOf([
    ...judge.entries, ...readingParameters('reading', config.embeddingLength, identityNumberCount),
  ]);
}

/** One step; inputs pictures [B, 3, 64, 64] in pairs of people, numbers [B, N] and points [B, 10]. */
export function judgeStepGraph(recipe: StarterRecipe): FlatStep {
  const { batchSize, sharpness, attributeWeight } = recipe.judge;
  return flatStep({
    name: 'starter_judge', parameters: judgeLayout(recipe).entries, optimizer: optimizerOf(recipe.judge),
    build: (g, parameter) => {
      const pictures = g.input('pictures', 'float32', [batchSize, 3, edgePx, edgePx]);
      const { who, where } = judgeParts(prefixedScope(g, 'judge', parameter), judgeConfig(recipe), pictures);
      const numbers = g.input('numbers', 'float32', [batchSize, identityNumberCount]);
      const error = g.sub(where, g.input('points', 'float32', [batchSize, pointNumbers]));
      const places = g.reshape(g.reduceMean(g.mul(error, error), [0, 1], true), []);
      const reading = readingLoss(g, parameter, 'reading', who, numbers);
      const people = g.add(contrastiveLoss(g, who, sharpness), g.mul(g.scalar(attributeWeight), reading));
      return { loss: g.add(people, g.mul(g.scalar(pointWeight), places)) };
    },
  });
}

/** picture [1, 3, 64, 64] → embedding [1, E] of length √E, points [1, 10] as fractions of the picture's edge. */
export function judgeGraph(config: FaceEncoderConfig, weights: WeightTable): Graph {
  const g = new GraphBuilder('judge');
  const picture = g.input('picture', 'float32', [1, 3, edgePx, edgePx]);
  const { who, where } = judgeParts(frozenScope(g, weights), config, picture);
  g.output('embedding', who);
  g.output('points', g.add(g.mul(where, g.scalar(1 / pointScale)), g.scalar(0.5)));
  return g.graph();
}

/** An 8-bit picture of twice 64 pixels as planes of 64 in -1..1, written into `target`. */
export function halvedPlanes(rgb: Uint8Array, target: Float32Array, shiftX = 0, shiftY = 0, gain = 1): void {
  const size = edgePx * 2;
  const within = (value: number) => Math.max(0, Math.min(size - 1, value));
  for (let y = 0; y < edgePx; y++) {
    const rows = [within(2 * y - shiftY) * size, within(2 * y + 1 - shiftY) * size] as const;
    for (let x = 0; x < edgePx; x++) {
      const columns = [within(2 * x - shiftX), within(2 * x + 1 - shiftX)] as const;
      for (let c = 0; c < 3; c++) {
        const sum = rgb[(rows[0] + columns[0]) * 3 + c]! + rgb[(rows[0] + columns[1]) * 3 + c]! +
          rgb[(rows[1] + columns[0]) * 3 + c]! + rgb[(rows[1] + columns[1]) * 3 + c]!;
        target[(c * edgePx + y) * edgePx + x] = (sum * gain) / 510 - 1;
      }
    }
  }
}

/** pictures, numbers and points of one step; `decoded` has the pictures of the first people, person by person. */
export function judgeBatch(recipe: StarterRecipe, set: PeopleSet, decoded: Uint8Array, step: number): Feeds {
  const { batchSize } = recipe.judge;
  const random = seededRandom(recipe.seed + step, 36);
  const known = Math.min(recipe.people.decoded, set.people - recipe.people.heldOut);
  const size = 3 * edgePx ** 2;
  const pictures = new Float32Array(batchSize * size);
  const numbers = new Float32Array(batchSize * identityNumberCount);
  const points = new Float32Array(batchSize * pointNumbers);
  const people = new Set<number>();
  while (people.size < batchSize / 2) people.add(random.integer(known));
  [...people].forEach((person, row) => {
    const first = random.integer(set.pictures);
    const second = (first + 1 + random.integer(set.pictures - 1)) % set.pictures;
    for (const [picture, at] of [[first, row], [second, row + people.size]] as const) {
      const index = person * set.pictures + picture;
      const target = pictures.subarray(at * size, (at + 1) * size);
      points.set(shownPicture(set, decoded, index, target, random), at * pointNumbers);
      numbers.set(set.identities.subarray(person * identityNumberCount, (person + 1) * identityNumberCount),
        at * identityNumberCount);
    }
  });
  return {
    pictures: float32Tensor([batchSize, 3, edgePx, edgePx], pictures),
    numbers: float32Tensor([batchSize, identityNumberCount], numbers),
    points: float32Tensor([batchSize, pointNumbers], points),
  };
}

/** A picture moved by whole pixels and relit; returns where its points lie then. */
function shownPicture(
  set: PeopleSet, decoded: Uint8Array, index: number, target: Float32Array, random: Random,
): number[] {
  const size = set.resolutionPx;
  const [shiftX, shiftY] = [random.integer(13) - 6, random.integer(13) - 6];
  const bytes = size * size * 3;
  halvedPlanes(decoded.subarray(index * bytes, (index + 1) * bytes), target, shiftX, shiftY,
    random.between(0.92, 1.08));
  const place = (value: number, shift: number) => ((value + shift) / size - 0.5) * pointScale;
  return set.points[index]!.flatMap(({ x, y }) => [place(x, shiftX), place(y, shiftY)]);
}
