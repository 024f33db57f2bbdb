// Stage of the starter pack before the denoiser: the text encoder learns to say what a caption's picture looks like
// from afar, the latent pooled to 4 x 4, and what it shows, its labels. A denoiser that is trained briefly learns to
// listen only if there is something to hear.

import { textEncoderParameters } from '../models/parameter-shapes.ts';
import { clipTextEncoder } from '../models/text-encoder.ts';
import { layoutOf, type ParameterLayout } from '../networks/flat-parameters.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import { flatLayout, prefixedScope } from './flat-parameters.ts';
import { flatStep, type FlatStep } from './flat-step.ts';
import { labelNames, labelValues } from './labels.ts';
import type { StarterRecipe } from './recipe.ts';
import { seededRandom } from './seeded-random.ts';
import { promptTokens, starterNetworks } from './starter-networks.ts';
import { captionRows, type Feeds, type LatentSet } from './training-batches.ts';

const pooledPx = 4;
/** Captions are shorter, so the tokens from here on are padding, which has seen the whole caption. */
const firstPadding = 60;

const pooledSize = (recipe: StarterRecipe) => recipe.vae.latentChannels * pooledPx * pooledPx;

/** One number for every value of every label, 0 or 1. */
const labelCount = labelNames.reduce((sum, name) => sum + labelValues[name].length, 0);

const targetSize = (recipe: StarterRecipe) => pooledSize(recipe) + labelCount;

/** Writes one number a value; `counts` gets the weight where the picture shows what the label is about, else 0. */
function writeLabels(labels: readonly number[], weight: number, target: Float32Array, counts: Float32Array): void {
  let place = 0;
  labelNames.forEach((name, i) => {
    const { length } = labelValues[name];
    if (labels[i]! >= 0) {
      target[place + labels[i]!] = 1;
      counts.fill(weight, place, place + length);
    }
    place += length;
  });
}

/** The text encoder's parameters and, behind them, those of a linear head that only this stage has. */
export function textLayout(recipe: StarterRecipe, tokenRows: number): ParameterLayout {
  const { textEncoder } = starterNetworks(recipe, tokenRows);
  const encoder = flatLayout({ text_encoder: textEncoderParameters(textEncoder) });
  return layoutOf([...encoder.entries, { name: 'head.weight', shape: [targetSize(recipe), textEncoder.hiddenSize] },
    { name: 'head.bias', shape: [targetSize(recipe)] }]);
}

/** One step; inputs inputIds [B, 77], target and counts [B, C x 4 x 4 + labels]: what to say, and what weighs. */
export function textStepGraph(recipe: StarterRecipe, tokenRows: number): FlatStep {
  const { textEncoder } = starterNetworks(recipe, tokenRows);
  const { batchSize } = recipe.text;
  return flatStep({
    name: 'starter_text', parameters: textLayout(recipe, tokenRows).entries, plan: recipe.text,
    build: (g, parameter) => {
      const ids = g.input('inputIds', 'int64', [batchSize, promptTokens]);
      const states = clipTextEncoder(prefixedScope(g, 'text_encoder', parameter), textEncoder, ids).lastHiddenState;
      const padding = g.reduceMean(g.slice(states, 1, firstPadding, promptTokens), [1], false);
      const predicted = g.linear(padding, parameter('head.weight'), parameter('head.bias'));
      const shape = [batchSize, targetSize(recipe)];
      const error = g.sub(predicted, g.input('target', 'float32', shape));
      return { loss: g.reduceMean(g.mul(g.mul(error, error), g.input('counts', 'float32', shape)), [0, 1]) };
    },
  });
}

function poolInto(target: Float32Array, latent: Float32Array, channels: number, sizePx: number): void {
  const factor = sizePx / pooledPx;
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < sizePx; y++) {
      for (let x = 0; x < sizePx; x++) {
        const cell = (channel * pooledPx + Math.floor(y / factor)) * pooledPx + Math.floor(x / factor);
        target[cell] = target[cell]! + latent[(channel * sizePx + y) * sizePx + x]! / (factor * factor);
      }
    }
  }
}

export function textBatch(recipe: StarterRecipe, set: LatentSet, step: number): Feeds {
  const { batchSize, labelWeight } = recipe.text;
  const random = seededRandom(recipe.seed + step, 34);
  const each = set.channels * set.sizePx * set.sizePx;
  const [size, pooled] = [targetSize(recipe), pooledSize(recipe)];
  const [targets, counts] = [new Float32Array(batchSize * size), new Float32Array(batchSize * size)];
  const ids = new BigInt64Array(batchSize * promptTokens);
  for (let item = 0; item < batchSize; item++) {
    const index = random.integer(set.count - recipe.heldOut);
    const latent = set.values.subarray(index * each, (index + 1) * each);
    const [start, middle, end] = [item * size, item * size + pooled, (item + 1) * size];
    poolInto(targets.subarray(start, middle), latent, set.channels, set.sizePx);
    counts.fill(1, start, middle);
    writeLabels(set.labels[index]!, labelWeight, targets.subarray(middle, end), counts.subarray(middle, end));
    captionRows(set, index, random).forEach((row, i) => { ids[item * promptTokens + i] = BigInt(row); });
  }
  return {
    inputIds: { dtype: 'int64', shape: [batchSize, promptTokens], data: ids },
    target: float32Tensor([batchSize, size], targets), counts: float32Tensor([batchSize, size], counts),
  };
}

/** Copies the text encoder of this stage into a vector of the denoiser's layout. */
export function adoptTextEncoder(
  target: Float32Array, targetLayout: ParameterLayout, text: Float32Array, layout: ParameterLayout,
): void {
  const places = new Map(layout.entries.map((entry) => [entry.name, entry]));
  for (const { name, offset } of targetLayout.entries) {
    const place = places.get(name);
    if (place) target.set(text.subarray(place.offset, place.offset + place.size), offset);
  }
}
