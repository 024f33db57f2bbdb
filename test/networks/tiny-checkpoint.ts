// The tiny golden checkpoint, and a LoRA's flat vector drawn for it.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { parseTextEncoderConfig, parseUnetConfig, parseVaeConfig } from '../../src-main/checkpoint/configs.ts';
import { type Checkpoint, openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { layoutOf } from '../../src-main/networks/flat-parameters.ts';
import { type LoraModule, loraTrainables } from '../../src-main/networks/lora-graph.ts';
import { randomTensor } from '../compiler/numbers.ts';

/** SD 1.5's block structure at width 16 to 32; 128 × 128 pictures, 16 × 16 latents. */
export async function openTinyCheckpoint(): Promise<Checkpoint> {
  const file = (name: string): string => fileURLToPath(new URL(`../golden/ckpt-sd15/${name}`, import.meta.url));
  const settings = JSON.parse(await readFile(file('config.json'), 'utf8')) as Record<string, unknown>;
  return openCheckpoint(file('model.safetensors'), { configs: {
    unet: parseUnetConfig(settings['unet'], 'unet'), vae: parseVaeConfig(settings['vae'], 'vae'),
    textEncoder: parseTextEncoderConfig(settings['text_encoder'], 'text'),
  } });
}

export function randomLora(modules: readonly LoraModule[], seed: number, size = 0.3): Float32Array {
  return randomTensor([layoutOf(loraTrainables(modules)).size], seed, -size, size).data as Float32Array;
}
