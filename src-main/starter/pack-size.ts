// What the networks of the starter pack weigh, and the most they may: 25,000,000 bytes in float16.

import { layOutSafetensors } from '../checkpoint/safetensors-writer.ts';
import {
  controlNetParameters, faceEncoderParameters, imageAttentionParameters, type ParameterShapes, resamplerParameters,
  textEncoderParameters, unetParameters, vaeParameters,
} from '../models/parameter-shapes.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { faceEncoderConfig } from './face-stage.ts';
import { instantNetworks } from './instant-networks.ts';
import { packVocabularySize } from './pack-vocabulary.ts';
import type { StarterRecipe } from './recipe.ts';
import { starterNetworks } from './starter-networks.ts';

/** Of all files with weights. */
export const mostPackBytes = 25_000_000;

export type PackNetwork =
  'vae' | 'unet' | 'textEncoder' | 'identityNet' | 'imageAttention' | 'resampler' | 'faceEncoder';

/** Bytes of each network of a recipe, as a safetensors file in float16. */
export function packSizes(
  recipe: StarterRecipe, vocabularySize = packVocabularySize,
): Readonly<Record<PackNetwork, number>> {
  const { unet, vae, textEncoder } = starterNetworks(recipe, vocabularySize);
  const instant = instantNetworks(recipe, { unetConfig: unet });
  return {
    vae: fileBytes(vaeParameters(vae)), unet: fileBytes(unetParameters(unet)),
    textEncoder: fileBytes(textEncoderParameters(textEncoder)),
    identityNet: fileBytes(controlNetParameters(instant.identityNet)),
    imageAttention: fileBytes(imageAttentionParameters(unet)),
    resampler: fileBytes(resamplerParameters(instant.resampler)),
    faceEncoder: fileBytes(faceEncoderParameters(faceEncoderConfig(recipe))),
  };
}

/** A file's head asks for shapes alone. */
const noNumbers = new Uint16Array(0);

function fileBytes(shapes: ParameterShapes): number {
  const tensors = new Map([...shapes].map(([name, shape]): [string, Tensor] => (
    [name, { dtype: 'float16', shape, data: noNumbers }])));
  const { head } = layOutSafetensors(tensors, new Map([['format', 'pt']]));
  const numbers = [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((count, size) => count * size, 1), 0);
  return head.length + 2 * numbers;
}

/** Throws, with the size of each network, where a recipe's pack would be too large to ship. */
export function checkPackSize(recipe: StarterRecipe, vocabularySize = packVocabularySize): void {
  const sizes = packSizes(recipe, vocabularySize);
  const total = Object.values(sizes).reduce((sum, bytes) => sum + bytes, 0);
  if (total <= mostPackBytes) return;
  const each = Object.entries(sizes).map(([network, bytes]) => `${network} ${bytes}`).join(', ');
  throw new Error(`The pack would have ${total} bytes of networks, more than ${mostPackBytes}: ${each}.`);
}
