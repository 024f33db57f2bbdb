// The face networks' weights as resources/faces holds them: 8-bit codes with a step and a minimum for each output
// channel (weight = minimum + step * code), or plain float32. LICENSES.md there says where they come from.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '../checkpoint/safetensors.ts';
import { type Tensor, float32Tensor } from '../tensor/tensor.ts';

export const faceNetworkNames = ['face-detector', 'face-landmarks', 'face-recognizer'] as const;
export type FaceNetworkName = (typeof faceNetworkNames)[number];

/** Where the weights lie when the program runs from its source folder. */
export const faceWeightsFolder = fileURLToPath(new URL('../../resources/faces', import.meta.url));

/** `codes` [out, ...]; `step` and `minimum` [out]. */
function fromCodes(codes: Tensor, step: Float32Array, minimum: Float32Array): Tensor {
  const out = codes.shape[0]!;
  const perChannel = codes.data.length / out;
  const values = new Float32Array(codes.data.length);
  for (let o = 0; o < out; o++) {
    for (let i = o * perChannel; i < (o + 1) * perChannel; i++) {
      values[i] = minimum[o]! + step[o]! * Number(codes.data[i]!);
    }
  }
  return float32Tensor(codes.shape, values);
}

/** One network's weights as float32 tensors by parameter name. */
export async function readFaceWeights(folder: string, name: FaceNetworkName): Promise<Map<string, Tensor>> {
  const stored = await readSafetensors(path.join(folder, `${name}.safetensors`));
  const part = (key: string): Float32Array => {
    const tensor = stored.get(key);
    if (!tensor) throw new Error(`${name}.safetensors lacks ${key}.`);
    return tensor.data as Float32Array;
  };
  const weights = new Map<string, Tensor>();
  for (const [key, tensor] of stored) {
    if (key.endsWith('.step') || key.endsWith('.minimum')) continue;
    const isCoded = tensor.dtype === 'uint8';
    weights.set(key, isCoded ? fromCodes(tensor, part(`${key}.step`), part(`${key}.minimum`)) : tensor);
  }
  return weights;
}
