// A picture as latents to start from or to compare with.

import { cutToSize } from '../dataset/buckets.ts';
import { pixelTensor } from '../dataset/training-image.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { PipelinePort } from './pipeline-port.ts';

/**
 * Latents [1, C, H, W] in Stable Diffusion's own scale of a picture that is made to cover the size. They are the mean
 * of what the VAE says, so that nothing but the seed is random.
 */
export async function encodePicture(
  pipeline: Pick<PipelinePort, 'encode' | 'config'>, picture: RgbPicture,
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): Promise<Tensor> {
  const cut = cutToSize(picture, { width: widthPx, height: heightPx });
  const { mean } = await pipeline.encode(pixelTensor([cut]));
  const { latentScale } = pipeline.config;
  return float32Tensor(mean.shape, (mean.data as Float32Array).map((value) => value * latentScale));
}
