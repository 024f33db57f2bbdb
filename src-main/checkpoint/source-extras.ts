// What a single file has of an OpenCLIP text encoder beyond the network that runs: kept, so that a written file has it.

import type { WeightSource } from '../tensor/weights.ts';
import type { Checkpoint } from './checkpoint.ts';
import { openTensorFile } from './tensor-file.ts';

/**
 * logit_scale, and for SD 2 the projection and the layer that are never run, of the checkpoint's text encoder `index`,
 * under their original names without prefix. Empty where the checkpoint is no single file.
 */
export async function sourceExtras(
  { path, layout, architecture, textEncoders }: Checkpoint, index: number,
): Promise<Map<string, WeightSource>> {
  const extras = new Map<string, WeightSource>();
  if (layout !== 'single-file') return extras;
  const file = await openTensorFile(path);
  const layers = textEncoders[index]!.config.numHiddenLayers;
  // SD 2 files of Stability's later code number the encoder as SDXL's do
  const prefixes = [`conditioner.embedders.${index}.model.`];
  if (architecture === 'sd2') prefixes.push('cond_stage_model.model.');
  for (const prefix of prefixes) {
    for (const [name, tensor] of await file.part(prefix)) {
      const layer = /^transformer\.resblocks\.(\d+)\./.exec(name)?.[1];
      const isBeyond = layer !== undefined && Number(layer) >= layers;
      if (name === 'logit_scale' || name === 'text_projection' || isBeyond) extras.set(name, tensor);
    }
  }
  return extras;
}
