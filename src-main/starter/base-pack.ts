// The starter pack as InstantID is trained on: its networks' weights in float32, frozen, and its autoencoder.

import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readTensor } from '../checkpoint/safetensors.ts';
import { GraphBuilder } from '../compiler/1-build/graph-builder.ts';
import { frozenScope } from '../models/frozen-scope.ts';
import { vaeDecoder, vaeEncoder } from '../models/vae.ts';
import { openSession, type Provider } from '../runtime/session.ts';
import { toFloat32 } from '../tensor/half.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { pictureOf, planesOf } from './contact-sheet.ts';

export interface BasePack extends Pick<
  Checkpoint, 'unetConfig' | 'vaeConfig' | 'path' | 'architecture' | 'tokenizerFolder'
> {
  readonly unet: ReadonlyMap<string, Tensor>;
  readonly vae: ReadonlyMap<string, Tensor>;
  readonly textEncoder: Checkpoint['textEncoders'][number];
}

/** All of a table's tensors, read and in float32. */
export async function inFloat32(table: WeightTable): Promise<Map<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  for (const [name, source] of table) tensors.set(name, toFloat32(await readTensor(source)));
  return tensors;
}

/** Opens the pack in `folder`. */
export async function openBasePack(folder: string): Promise<BasePack> {
  const { unet, vae, textEncoders, ...rest } = await openCheckpoint(folder);
  const { config, weights } = textEncoders[0]!;
  return {
    ...rest, unet: await inFloat32(unet), vae: await inFloat32(vae),
    textEncoder: { config, weights: await inFloat32(weights) },
  };
}

export interface PackVae {
  readonly batchSize: number;
  /** Interleaved 8-bit pictures → scaled latents, batchSize x (C x S/8 x S/8). */
  encode(pictures: readonly Uint8Array[]): Promise<Float32Array>;
  /** Scaled latents → 8-bit pictures. */
  decode(latents: Float32Array): Promise<Uint8Array[]>;
  release(): Promise<void>;
}

/** The pack's autoencoder for batches of whole square pictures. */
export async function openPackVae(
  { vae, vaeConfig }: BasePack, edgePx: number, options: { batchSize: number; provider: Provider; threads?: number },
): Promise<PackVae> {
  const { batchSize } = options;
  const { latentChannels, scalingFactor, blockOutChannels } = vaeConfig;
  const latentPx = edgePx / 2 ** (blockOutChannels.length - 1);
  const [imageShape, latentShape] = [[batchSize, 3, edgePx, edgePx], [batchSize, latentChannels, latentPx, latentPx]];
  const down = new GraphBuilder('pack_encoder');
  const moments = vaeEncoder(frozenScope(down, vae), vaeConfig, down.input('image', 'float32', imageShape));
  down.output('latent', down.mul(down.slice(moments, 1, 0, latentChannels), down.scalar(scalingFactor)));
  const up = new GraphBuilder('pack_decoder');
  const unscaled = up.mul(up.input('latent', 'float32', latentShape), up.scalar(1 / scalingFactor));
  up.output('image', vaeDecoder(frozenScope(up, vae), vaeConfig, unscaled));
  const [encoder, decoder] = [await openSession(down.graph(), options), await openSession(up.graph(), options)];
  return {
    batchSize,
    async encode(pictures) {
      const planes = new Float32Array(batchSize * 3 * edgePx ** 2);
      pictures.forEach((rgb, i) => planesOf(rgb, planes.subarray(i * rgb.length, (i + 1) * rgb.length)));
      return (await encoder.run({ image: float32Tensor(imageShape, planes) })).latent!.data as Float32Array;
    },
    async decode(latents) {
      const image = (await decoder.run({ latent: float32Tensor(latentShape, latents) })).image!;
      return Array.from({ length: batchSize }, (_, i) => pictureOf(image, i));
    },
    async release() {
      await encoder.release();
      await decoder.release();
    },
  };
}
