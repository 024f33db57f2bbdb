// Classifier-free guidance (Ho and Salimans 2022, eq. 6, in the form every Stable Diffusion tool uses):
//   guided = unconditional + guidanceScale (conditional - unconditional)

import type { Predict } from '../diffusion/denoiser.ts';
import { joinBatch } from '../networks/batches.ts';
import { joinTextStates, type TextStates } from '../networks/text-states.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';
import type { AdapterInput, PipelinePort } from './pipeline-port.ts';

export interface Guidance {
  /** One prompt: what is asked for. */
  readonly conditional: TextStates;
  /** One prompt: what to keep away from, the negative prompt. */
  readonly unconditional: TextStates;
  /** 1 is no guidance: then the unconditional call is left out. */
  readonly guidanceScale: number;
  readonly adapter?: AdapterInput;
  /** Ask for both halves in one call of batch 2: faster where the device has room, twice the memory. */
  readonly inOneBatch?: boolean;
}

/** The network under guidance, for latents of shape [1, C, H, W]. */
export function guidedPrediction(pipeline: PipelinePort, guidance: Guidance, shape: Shape): Predict {
  const { conditional, unconditional, guidanceScale, adapter, inOneBatch } = guidance;
  const predict = async (latents: Tensor, timestep: number, text: TextStates): Promise<Float32Array> =>
    (await pipeline.predict({ latents, timestep, text, adapter })).data as Float32Array;
  return async (latents, timestep) => {
    const one = float32Tensor(shape, latents);
    if (guidanceScale === 1) return predict(one, timestep, conditional);
    if (!inOneBatch) {
      const without = await predict(one, timestep, unconditional);
      return guided(without, await predict(one, timestep, conditional), guidanceScale);
    }
    const both = await predict(joinBatch([one, one]), timestep, joinTextStates([unconditional, conditional]));
    const size = elementCount(shape);
    return guided(both.subarray(0, size), both.subarray(size), guidanceScale);
  };
}

function guided(unconditional: Float32Array, conditional: Float32Array, guidanceScale: number): Float32Array {
  return unconditional.map((value, k) => value + guidanceScale * (conditional[k]! - value));
}
