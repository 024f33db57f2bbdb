// The stage 'style' of `npm run starter:train`: trains the judge's eye for styles on the judge's own pictures, as many
// of each style, and measures the whole judge again.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Value } from '../compiler/1-build/graph.ts';
import type { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { flatLayout, initialParameters, prefixedScope, tensorsOf } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { writeHalves } from './instant-export.ts';
import type { JudgeSet } from './judge-pictures.ts';
import { judgedSteps, judgePictures, measureJudge } from './judge-run.ts';
import { styleView, writeView } from './judge-view.ts';
import { labelNames, labelValues } from './labels.ts';
import type { StarterRecipe } from './recipe.ts';
import { seededRandom } from './seeded-random.ts';
import { newTrainingState, readSnapshot, writeSnapshot } from './snapshot.ts';
import { trainStage } from './stage-trainer.ts';
import { paceOf, reportProgress, type StarterRun } from './starter-run.ts';
import { type StyleJudgeConfig, styleJudgeJson, styleJudgeParameters, styleReading } from './style-judge.ts';
import type { Feeds } from './training-batches.ts';

const styles = labelValues.style.length;

export const styleJudgeConfig = ({ styleJudge }: Pick<StarterRecipe, 'styleJudge'>): StyleJudgeConfig => ({
  edgePx: styleJudge.edgePx, widths: styleJudge.widths, groups: styleJudge.groups,
});

export const styleJudgeLayout = (recipe: StarterRecipe): ParameterLayout => (
  flatLayout({ style_judge: styleJudgeParameters(styleJudgeConfig(recipe)) }));

/** Cross-entropy of rows [B, styles] with `wanted`, a one in each row; its mean, a scalar. */
function crossEntropy(g: GraphBuilder, told: Value, wanted: Value): Value {
  // no exponential runs over
  const bounded = g.clip(told, -30, 30);
  const spread = g.log(g.reduceSum(g.exp(bounded), [1], true));
  const right = g.reduceSum(g.mul(wanted, bounded), [1], true);
  return g.reshape(g.reduceMean(g.sub(spread, right), [0, 1], true), []);
}

/** One step; inputs pictures [B, 3, edge, edge] and styles [B, styles]. */
export function styleStepGraph(recipe: StarterRecipe): FlatStep {
  const { batchSize, edgePx } = recipe.styleJudge;
  return flatStep({
    name: 'starter_style_judge', parameters: styleJudgeLayout(recipe).entries, plan: recipe.styleJudge,
    build: (g, parameter) => {
      const pictures = g.input('pictures', 'float32', [batchSize, 3, edgePx, edgePx]);
      const told = styleReading(prefixedScope(g, 'style_judge', parameter), styleJudgeConfig(recipe), pictures);
      return { loss: crossEntropy(g, told, g.input('styles', 'float32', [batchSize, styles])) };
    },
  });
}

/** The places of each style's pictures; refuses (Error) a set without any of one. */
export function picturesOfStyles({ labels }: Pick<JudgeSet, 'labels'>): readonly Int32Array[] {
  const kind = labelNames.indexOf('style');
  return labelValues.style.map((name, style) => {
    const places = Int32Array.from(labels.flatMap((own, i) => (own[kind] === style ? [i] : [])));
    if (places.length === 0) throw new Error(`None of the judge's ${labels.length} pictures is in the style ${name}.`);
    return places;
  });
}

/** pictures and styles of one step: the styles in turns, each in any of its pictures. */
export function styleBatch(recipe: StarterRecipe, set: JudgeSet, of: readonly Int32Array[], step: number): Feeds {
  const { batchSize, edgePx } = recipe.styleJudge;
  const random = seededRandom(recipe.seed + step, 37);
  const size = set.resolutionPx;
  const [bytes, planes] = [size ** 2 * 3, 3 * edgePx ** 2];
  const pictures = new Float32Array(batchSize * planes);
  const wanted = new Float32Array(batchSize * styles);
  for (let row = 0; row < batchSize; row++) {
    const style = (step * batchSize + row) % styles;
    const places = of[style]!;
    const index = places[random.integer(places.length)]!;
    const view = styleView(random, size, edgePx);
    const target = pictures.subarray(row * planes, (row + 1) * planes);
    writeView(set.pixels.subarray(index * bytes, (index + 1) * bytes), size, view, target, edgePx, random);
    wanted[row * styles + style] = 1;
  }
  return {
    pictures: float32Tensor([batchSize, 3, edgePx, edgePx], pictures),
    styles: float32Tensor([batchSize, styles], wanted),
  };
}

/** Goes on from its last snapshot; one that is stopped writes nothing. */
export async function trainStyleJudge(run: StarterRun): Promise<void> {
  const { recipe } = run;
  const layout = styleJudgeLayout(recipe);
  const file = path.join(run.cache, 'style.snapshot.safetensors');
  const state = (await readSnapshot(file, layout.size)) ?? newTrainingState(initialParameters(layout, recipe.seed + 2));
  const set = await judgePictures(run, 0, recipe.judge.people);
  const of = picturesOfStyles(set);
  await trainStage(state, {
    ...paceOf(run), step: styleStepGraph(recipe), plan: recipe.styleJudge, emaDecay: recipe.styleJudge.emaDecay,
    batch: (step) => styleBatch(recipe, set, of, step), onProgress: (p) => reportProgress('style', p),
    onSnapshot: (saved) => writeSnapshot(file, saved),
  });
  if (run.signal.aborted) return;
  const folder = path.join(run.judge, 'style');
  await mkdir(folder, { recursive: true });
  await writeHalves(path.join(folder, 'model.safetensors'), tensorsOf(layout, state.average, 'style_judge'));
  const config = `${JSON.stringify(styleJudgeJson(styleJudgeConfig(recipe)), null, 2)}\n`;
  await writeFile(path.join(folder, 'config.json'), config);
  await measureJudge(run, await judgedSteps(run.judge));
}
