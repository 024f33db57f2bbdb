// One small graph of every kind that we emit, of SD 1's and SDXL's topology, in float32 and in float16.

import type { Checkpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { Graph } from '../../src-main/compiler/1-build/graph.ts';
import type { SimplifyOptions } from '../../src-main/compiler/3-simplify/simplify.ts';
import { resamplerGraph } from '../../src-main/networks/instant-id-graph.ts';
import { openInstantId } from '../../src-main/networks/instant-id.ts';
import { textLoraModules, unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { decoderGraph, encoderGraph, textGraph, unetGraph } from '../../src-main/networks/pipeline-graphs.ts';
import { type Precision, precisionOptions } from '../../src-main/networks/precision.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';
import { defaultAdafactor } from '../../src-main/training/adafactor.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { gradientGraph, updateGraph } from '../../src-main/training/optimizer-graph.ts';
import {
  type TrainingStepOptions, graphOfStep, layoutOf, stepDescription,
} from '../../src-main/training/step-description.ts';
import type { TrainedCheckpoint, Trainables } from '../../src-main/training/trainables.ts';
import { type TrainingBatch, batchFeeds } from '../../src-main/training/training-batch.ts';
import { randomTensor } from '../compiler/numbers.ts';
import { openTinyCheckpoint, tinySdxlCheckpoint } from '../networks/tiny-checkpoint.ts';
import { faceWidth, tinyResampler, writeInstantId } from '../networks/tiny-instant-id.ts';
import { tinyBatch, tinyPrompt, tinySd15 } from '../training/tiny-training.ts';

export interface CoveredGraph {
  readonly name: string;
  readonly graph: Graph;
  readonly simplify?: SimplifyOptions;
}

const precisions: readonly Precision[] = ['float32', 'float16'];
const size = { rank: 2, loraAlpha: 2 };

/** What makes portraits. `folder` takes InstantID's files. */
export async function networkGraphs(folder: string): Promise<CoveredGraph[]> {
  const sdxl = tinySdxlCheckpoint();
  const files = await writeInstantId(folder, sdxl.unetConfig);
  const instantId = await openInstantId(files, sdxl, { faceEmbeddingWidth: faceWidth, resampler: tinyResampler });
  const face = { instantId, form: { imageTokens: [1, 4, 20], keyPoints: [1, 3, 16, 16] } };
  const graphs = [
    ...ownGraphs('sd15', await openTinyCheckpoint()), ...ownGraphs('sdxl', sdxl),
    { name: 'instant-id', graph: unetGraph(sdxl, { latents: [1, 4, 8, 8], context: [1, 7, 20], face }) },
    { name: 'resampler', graph: resamplerGraph(instantId, [1, 1, faceWidth]) },
  ];
  return graphs.flatMap(({ name, graph }) => inBoth(name, sdxl, graph));
}

function ownGraphs(name: string, checkpoint: Checkpoint): { name: string; graph: Graph }[] {
  const { unetConfig, vaeConfig, textEncoders } = checkpoint;
  const adapter = {
    unet: unetLoraModules(unetConfig, 'transformer-and-convolution', size), newTokens: 2,
    textEncoders: textEncoders.map(({ config }) => textLoraModules(config, size)),
  };
  const latents = [2, unetConfig.inChannels, 16, 16];
  const context = [2, 77, unetConfig.crossAttentionDim];
  return [
    { name: `${name} text`, graph: textGraph(checkpoint, { count: 77, adapter, skipLayers: 0 }) },
    { name: `${name} unet`, graph: unetGraph(checkpoint, { latents, context }) },
    { name: `${name} unet with a LoRA`, graph: unetGraph(checkpoint, { latents, context, adapter }) },
    { name: `${name} decoder`, graph: decoderGraph(checkpoint, [vaeConfig.latentChannels, 16, 16]) },
    { name: `${name} encoder`, graph: encoderGraph(checkpoint, [3, 32, 32]) },
  ];
}

function inBoth(
  name: string, checkpoint: Pick<Checkpoint, 'architecture' | 'unetConfig'>, graph: Graph,
): CoveredGraph[] {
  return precisions.map((precision) => (
    { name: `${name} ${precision}`, graph, simplify: precisionOptions(checkpoint, precision) }));
}

/** What teaches: every method, both optimizers, one batch or several, with recomputation. */
export function stepGraphs(): CoveredGraph[] {
  const sd15 = tinySd15();
  const sdxl: TrainedCheckpoint = tinySdxlCheckpoint();
  const sd15Batch = tinyBatch(sd15, [1, 2], { text: { inputIds: [tinyPrompt(1, 20, 21), tinyPrompt(2, 20, 21)] } });
  return [
    ...methodsOf(sd15).flatMap(([name, trainables]) => stepsOf(`sd15 ${name}`, sd15, trainables, sd15Batch)),
    ...methodsOf(sdxl).flatMap(([name, trainables]) => stepsOf(`sdxl ${name}`, sdxl, trainables, sdxlBatch())),
  ];
}

function methodsOf({ architecture, unetConfig, textEncoders }: TrainedCheckpoint): (readonly [string, Trainables])[] {
  const targets = architecture === 'sdxl' ? 'attention' : 'transformer-and-convolution';
  return [
    ['LoRA', {
      unet: { kind: 'lora', modules: unetLoraModules(unetConfig, targets, size) },
      textEncoders: textEncoders.map(({ config }) => ({ kind: 'lora', modules: textLoraModules(config, size) })),
    }],
    ['DreamBooth', { unet: { kind: 'full' }, textEncoders: textEncoders.map(() => ({ kind: 'full' })) }],
    ['textual inversion', { newTokens: { count: 2 } }],
  ];
}

function sdxlBatch(): TrainingBatch {
  const prompt = [39, 0].map((pad) => [38, 3, 40, 41, 39, ...new Array<number>(72).fill(pad)]);
  return {
    noisy: randomTensor([1, 4, 8, 8], 1), target: randomTensor([1, 4, 8, 8], 2), timesteps: [100], sampleWeights: [1],
    text: { inputIds: [prompt] }, timeIds: float32Tensor([1, 6], [16, 16, 0, 0, 16, 16]),
  };
}

function stepsOf(
  name: string, checkpoint: TrainedCheckpoint, trainables: Trainables, batch: TrainingBatch,
): CoveredGraph[] {
  return precisions.flatMap((precision) => {
    const simplify = precisionOptions(checkpoint, precision);
    const options: TrainingStepOptions = {
      checkpoint, trainables, optimizer: defaultAdamW, provider: 'cpu', precision, recompute: 'blocks',
    };
    const description = stepDescription(
      { ...options, recompute: 'none', optimizer: defaultAdafactor }, layoutOf(options), batchFeeds(batch));
    const graphs: (readonly [string, Graph])[] = [
      ['step', graphOfStep(options, batch)], ['update', updateGraph(description)],
      // several batches: the same backward pass, once is enough
      ...(name === 'sd15 textual inversion' ? [['gradient', gradientGraph(description)] as const] : []),
    ];
    return graphs.map(([kind, graph]) => ({ name: `${name} ${kind} ${precision}`, graph, simplify }));
  });
}
