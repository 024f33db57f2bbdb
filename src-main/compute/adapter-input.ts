// A LoRA file as the UNet's graph takes it: its modules, one flat vector, and the factor that its strength is times.

import { flattenLayers } from '../adapter/lora-layers.ts';
import { readLora } from '../adapter/read-lora.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { LoraModule } from '../networks/lora-graph.ts';

export interface AdapterToApply {
  readonly modules: readonly LoraModule[];
  /** Down and up of each module in order. */
  readonly parameters: Float32Array;
  /** How many layers the file has for the text encoder, which are not applied. */
  readonly textEncoderLayers: number;
}

/** Reads a LoRA for this checkpoint; throws what readLora throws of one that does not fit. */
export async function readAdapter(file: string, checkpoint: Checkpoint): Promise<AdapterToApply> {
  const { layers } = await readLora(file, checkpoint);
  const textEncoderLayers = layers.filter(({ network }) => network === 'textEncoder').length;
  return { ...flattenLayers(layers, 'unet'), textEncoderLayers };
}
