// Classifier-free guidance (Ho and Salimans 2022, eq. 6, in the form every Stable Diffusion tool uses):
//   guided = unconditional + guidanceScale (conditional - unconditional)

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
  readonly adapter?: AdapterInput;
  readonly face?: FaceGuidance;
  /** Ask for both halves in one call of batch 2: faster where the device has room, twice the memory. */
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
  const { guidanceScale, inOneBatch } = guidance;
  const [unconditional, conditional] = [sideOf(guidance, 'unconditional'), sideOf(guidance, 'conditional')];
  const predict = async (latents: Tensor, timestep: number, side: Side): Promise<Float32Array> =>
    (await pipeline.predict({ latents, timestep, adapter: guidance.adapter, ...side })).data as Float32Array;
  return async (latents, timestep) => {
    const one = float32Tensor(shape, latents);
    if (guidanceScale <= 1) return predict(one, timestep, conditional);
    if (!inOneBatch) {
      const without = await predict(one, timestep, unconditional);
      return guided(without, await predict(one, timestep, conditional), guidanceScale);
    }
    const both = await predict(joinBatch([one, one]), timestep, joinSides(unconditional, conditional));
    const size = elementCount(shape);
    return guided(both.subarray(0, size), both.subarray(size), guidanceScale);
  };
}

/** What one side of guidance tells the network. */
type Side = Pick<PredictInput, 'text' | 'face'>;

function sideOf({ face, ...text }: Guidance, side: 'conditional' | 'unconditional'): Side {
  if (!face) return { text: text[side] };
  const { imageStrength, identityNet } = face;
  return { text: text[side], face: { imageTokens: face[side], imageStrength, identityNet } };
}

function joinSides(unconditional: Side, conditional: Side): Side {
  const text = joinTextStates([unconditional.text, conditional.text]);
  const { face } = conditional;
  if (!face) return { text };
  return { text, face: { ...face, imageTokens: joinBatch([unconditional.face!.imageTokens, face.imageTokens]) } };
}

function guided(unconditional: Float32Array, conditional: Float32Array, guidanceScale: number): Float32Array {
  return unconditional.map((value, k) => value + guidanceScale * (conditional[k]! - value));
}
