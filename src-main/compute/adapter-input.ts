// A LoRA file as the networks take it: its form, which is built into their graphs, and its numbers.

import { flattenLayers, textEncoderNames } from '../adapter/lora-layers.ts';
import { readLora } from '../adapter/read-lora.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { AdapterForm, AdapterInput } from '../networks/pipeline.ts';
import type { LearnedToken } from '../text/learned-words.ts';

export interface AdapterToApply {
  readonly form: AdapterForm;
  readonly numbers: Omit<AdapterInput, 'strength'>;
  /** Words whose tokens the adapter brings, in the order of its new rows. */
  readonly learnedTokens: readonly LearnedToken[];
}

/** Reads a LoRA for this checkpoint; throws what readLora throws of one that does not fit. */
export async function readAdapter(file: string, checkpoint: Checkpoint): Promise<AdapterToApply> {
  const { layers } = await readLora(file, checkpoint);
  const unet = flattenLayers(layers, 'unet');
  const text = checkpoint.textEncoders.map((_, encoder) => flattenLayers(layers, textEncoderNames[encoder]!));
  return {
    form: { unet: unet.modules, textEncoders: text.map(({ modules }) => modules) },
    numbers: { unet: unet.parameters, textEncoders: text.map(({ parameters }) => parameters) },
    learnedTokens: [],
  };
}
