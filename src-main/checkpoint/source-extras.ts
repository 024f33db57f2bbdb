// What a single file has of an OpenCLIP text encoder beyond the network that runs: kept, so that a written file has it.

import type { WritableTensor } from './streamed-tensor.ts';
import type { Checkpoint } from './open-checkpoint.ts';
import { readSafetensorsHeader } from './safetensors.ts';

/**
 * logit_scale, and for SD 2 the projection and the layer that are never run, of the checkpoint's text encoder `index`,
 * under their original names without prefix. Empty where the checkpoint is no single safetensors file.
 */
export async function sourceExtras(
  { path, layout, architecture, textEncoders }: Checkpoint, index: number,
): Promise<Map<string, WritableTensor>> {
  const extras = new Map<string, WritableTensor>();
  if (layout !== 'single-file' || !path.endsWith('.safetensors')) return extras;
  const { tensors } = await readSafetensorsHeader(path);
  const layers = textEncoders[index]!.config.numHiddenLayers;
  // SD 2 files of Stability's later code number the encoder as SDXL's do
  const prefixes = [`conditioner.embedders.${index}.model.`];
  if (architecture === 'sd2') prefixes.push('cond_stage_model.model.');
  for (const [name, tensor] of tensors) {
    const prefix = prefixes.find((start) => name.startsWith(start));
    if (!prefix) continue;
    const bare = name.slice(prefix.length);
    const layer = /^transformer\.resblocks\.(\d+)\./.exec(bare)?.[1];
    const isExtra = bare === 'logit_scale' || bare === 'text_projection' || (layer && Number(layer) >= layers);
    if (isExtra) extras.set(bare, tensor);
  }
  return extras;
}
