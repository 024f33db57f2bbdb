// One kind of step of InstantID, in a process of its own. The argument is an InstantWorkerSettings as JSON; prints one
// InstantTiming as JSON. Runs what the product runs: a pipeline under guidance.

import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { nominalFacePoints } from '../../src-main/dataset/framing.ts';
import { normalNoise, normalNumbers } from '../../src-main/diffusion/seeded-noise.ts';
import { drawKeyPoints, keyPointTensor } from '../../src-main/faces/key-point-picture.ts';
import { type FaceGuidance, faceTokens, guidedPrediction } from '../../src-main/generation/guided-prediction.ts';
import { type InstantIdFiles, openInstantId } from '../../src-main/networks/instant-id.ts';
import { openPipeline, type Pipeline } from '../../src-main/networks/pipeline.ts';
import type { TextStates } from '../../src-main/networks/text-states.ts';

/** A step under guidance: without a face or with one, its two sides in one call of batch 2 or in two calls. */
export type InstantMode = 'plain-two-calls' | 'instantid-two-calls' | 'plain-one-batch' | 'instantid-one-batch';

export interface InstantWorkerSettings {
  readonly files: InstantIdFiles & { readonly checkpoint: string };
  readonly mode: InstantMode;
  /** Steps that count; one more comes first. */
  readonly repeats: number;
  readonly latentEdge: number;
  readonly favour: 'speed' | 'memory';
  readonly provider: 'cpu' | 'webgpu';
}

export interface InstantTiming {
  /** Headers of all files, weights checked by name and shape. */
  readonly openMs: number;
  /** The Resampler on the face and on nobody; its session is created first. 0 without a face. */
  readonly resamplerMs: number;
  /** The first one builds the graph, creates the session and reads the weights in. */
  readonly stepsMs: readonly number[];
}

const textTokens = 77;

process.stdout.write(JSON.stringify(await work(JSON.parse(process.argv[2]!) as InstantWorkerSettings)));

async function work(settings: InstantWorkerSettings): Promise<InstantTiming> {
  const { files, mode, latentEdge, favour, provider } = settings;
  const start = performance.now();
  const checkpoint = await openCheckpoint(files.checkpoint);
  const instantId = await openInstantId(files, checkpoint);
  const pipeline = openPipeline(checkpoint, { provider, favour, instantId });
  const openMs = performance.now() - start;
  const faceStart = performance.now();
  const face = mode.startsWith('instantid') ? await faceOf(pipeline, latentEdge) : undefined;
  const resamplerMs = face ? performance.now() - faceStart : 0;
  const shape = [1, pipeline.config.latentChannels, latentEdge, latentEdge];
  const predict = guidedPrediction(pipeline, {
    conditional: textOf(pipeline, 1), unconditional: textOf(pipeline, 2), guidanceScale: 5,
    inOneBatch: mode.endsWith('one-batch'), ...(face ? { face } : {}),
  }, shape);
  const stepsMs: number[] = [];
  for (let i = 0; i <= settings.repeats; i++) {
    const stepStart = performance.now();
    const prediction = await predict(normalNumbers(3, i, shape.reduce((count, size) => count * size, 1)), 500);
    stepsMs.push(performance.now() - stepStart);
    if (!prediction.every(Number.isFinite)) throw new Error('The numbers are not finite.');
  }
  await pipeline.release();
  return { openMs, resamplerMs, stepsMs };
}

async function faceOf(pipeline: Pipeline, latentEdge: number): Promise<FaceGuidance> {
  const edgePx = latentEdge * pipeline.config.vaeFactor;
  const keyPoints = keyPointTensor(drawKeyPoints(nominalFacePoints(edgePx), edgePx, edgePx));
  return {
    ...await faceTokens(pipeline, normalNumbers(4, 0, 512)), imageStrength: 0.8,
    identityNet: { keyPoints, strength: 0.8 },
  };
}

/** Numbers of unit variance, as an encoded prompt has them. */
function textOf({ checkpoint: { unetConfig } }: Pipeline, stream: number): TextStates {
  const { crossAttentionDim, textTime } = unetConfig;
  const context = normalNoise(5, stream, [1, textTokens, crossAttentionDim]);
  if (!textTime) return { context };
  return { context, pooled: normalNoise(6, stream, [1, textTime.projectionInputDim - 6 * textTime.timeEmbedDim]) };
}
