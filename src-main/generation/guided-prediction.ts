// Classifier-free guidance (Ho and Salimans 2022, eq. 6, in the form every Stable Diffusion tool uses), and beside it
// perturbed-attention guidance (Ahn et al. 2024, eq. 16), away from what the network says without self-attention:
//   guided = unconditional + guidanceScale (conditional - unconditional)
//            + attentionGuidanceScale (conditional - perturbed)

import type { Predict } from '../diffusion/denoiser.ts';
import { joinBatch, splitBatch } from '../networks/batches.ts';
import type { FaceInput, Pipeline } from '../networks/pipeline.ts';
import { joinTextStates, type TextStates } from '../networks/text-states.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';
import type { AdapterInput, PipelinePort, PredictInput } from './pipeline-port.ts';

export interface Guidance {
  /** One prompt: what is asked for. */
  readonly conditional: TextStates;
  /** One prompt: what to keep away from, the negative prompt. */
  readonly unconditional: TextStates;
  /** 1 and below is no guidance: then the unconditional call is left out. */
  readonly guidanceScale: number;
  /** 0 is none: then the perturbed call is left out. */
  readonly attentionGuidanceScale?: number;
  readonly adapter?: AdapterInput;
  readonly face?: FaceGuidance;
  /** Ask for all sides in one call: faster where the device has room, so many times the memory. */
  readonly inOneBatch?: boolean;
}

/**
 * A face that the portrait is to have (InstantID). Key points are shown on both sides of guidance; what the
 * unconditional side knows of the face are the tokens of an embedding of zeros.
 */
export interface FaceGuidance extends Omit<FaceInput, 'imageTokens'> {
  /** float32 [1, K, D]. */
  readonly conditional: Tensor;
  /** float32 [1, K, D]. */
  readonly unconditional: Tensor;
}

/** The tokens of a face embedding [1, E], not normalised, and of none. */
export async function faceTokens(
  pipeline: Pick<Pipeline, 'encodeFaces'>, faceEmbedding: Float32Array,
): Promise<Pick<FaceGuidance, 'conditional' | 'unconditional'>> {
  const embeddingOf = (numbers: Float32Array): Tensor => float32Tensor([1, 1, numbers.length], numbers);
  const rows = [embeddingOf(new Float32Array(faceEmbedding.length)), embeddingOf(faceEmbedding)];
  const [unconditional, conditional] = splitBatch(await pipeline.encodeFaces(joinBatch(rows)));
  return { conditional: conditional!, unconditional: unconditional! };
}

/** The network under guidance, for latents of shape [1, C, H, W]. */
export function guidedPrediction(pipeline: PipelinePort, guidance: Guidance, shape: Shape): Predict {
  const { adapter, inOneBatch } = guidance;
  const sides = sidesOf(guidance);
  const told = sides.map((side) => toldOf(guidance, side));
  const size = elementCount(shape);
  const predict = async (latents: Tensor, timestep: number, what: Told): Promise<Float32Array> =>
    (await pipeline.predict({ latents, timestep, adapter, ...what })).data as Float32Array;
  return async (latents, timestep) => {
    const one = float32Tensor(shape, latents);
    const predictions: Predictions = new Map();
    if (inOneBatch && sides.length > 1) {
      const all = await predict(joinBatch(sides.map(() => one)), timestep, joinTold(told));
      sides.forEach((side, i) => predictions.set(side, all.subarray(i * size, (i + 1) * size)));
    } else {
      for (const [i, side] of sides.entries()) predictions.set(side, await predict(one, timestep, told[i]!));
    }
    return guided(predictions, guidance);
  };
}

type Side = 'unconditional' | 'conditional' | 'perturbed';

type Predictions = Map<Side, Float32Array>;

/** Those that count. */
function sidesOf({ guidanceScale, attentionGuidanceScale = 0 }: Guidance): Side[] {
  return [
    ...(guidanceScale > 1 ? ['unconditional' as const] : []), 'conditional',
    ...(attentionGuidanceScale > 0 ? ['perturbed' as const] : []),
  ];
}

/** What the network is told. */
type Told = Pick<PredictInput, 'text' | 'face' | 'selfAttentionShare'>;

function toldOf({ face, attentionGuidanceScale = 0, ...text }: Guidance, side: Side): Told {
  const words = side === 'unconditional' ? side : 'conditional';
  // one graph for all sides: those that keep their self-attention say so
  const share = attentionGuidanceScale > 0
    ? { selfAttentionShare: float32Tensor([1, 1, 1], [side === 'perturbed' ? 0 : 1]) } : {};
  if (!face) return { text: text[words], ...share };
  const { imageStrength, identityNet } = face;
  return { text: text[words], face: { imageTokens: face[words], imageStrength, identityNet }, ...share };
}

function joinTold(all: readonly Told[]): Told {
  const [{ face, selfAttentionShare }] = all as [Told];
  return {
    text: joinTextStates(all.map(({ text }) => text)),
    ...(face ? { face: { ...face, imageTokens: joinBatch(all.map((one) => one.face!.imageTokens)) } } : {}),
    ...(selfAttentionShare ? { selfAttentionShare: joinBatch(all.map((one) => one.selfAttentionShare!)) } : {}),
  };
}

function guided(predictions: Predictions, { guidanceScale, attentionGuidanceScale = 0 }: Guidance): Float32Array {
  const [conditional, unconditional, perturbed] = [
    predictions.get('conditional')!, predictions.get('unconditional'), predictions.get('perturbed')];
  const asked = unconditional
    ? unconditional.map((value, k) => value + guidanceScale * (conditional[k]! - value)) : conditional;
  if (!perturbed) return asked;
  return asked.map((value, k) => value + attentionGuidanceScale * (conditional[k]! - perturbed[k]!));
}
