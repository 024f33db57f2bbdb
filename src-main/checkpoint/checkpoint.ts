// What an opened base model is: tables of weights under diffusers' and Transformers' names, and the networks' configs.

import type { WeightTable } from '../tensor/weights.ts';
import type { Architecture } from './architecture.ts';
import type { SchedulerConfig, TextEncoderConfig, UnetConfig, VaeConfig } from './configs.ts';

export interface Checkpoint {
  /** Absolute path of the file or folder. */
  readonly path: string;
  readonly architecture: Architecture;
  readonly layout: 'single-file' | 'diffusers-folder';
  readonly unet: WeightTable;
  readonly vae: WeightTable;
  readonly unetConfig: UnetConfig;
  readonly vaeConfig: VaeConfig;
  /** One for SD 1 and 2; CLIP ViT-L, then OpenCLIP bigG for SDXL. */
  readonly textEncoders: readonly CheckpointTextEncoder[];
  readonly schedulerConfig: SchedulerConfig;
  /** Folder with vocab.json and merges.txt, where the checkpoint brings its own. */
  readonly tokenizerFolder?: string;
  /** The same for SDXL's second encoder. */
  readonly tokenizer2Folder?: string;
}

export interface CheckpointTextEncoder {
  readonly weights: WeightTable;
  readonly config: TextEncoderConfig;
}

/** Configs for single files whose shapes do not tell all; what is left out is inferred. */
export interface CheckpointConfigs {
  readonly unet?: UnetConfig;
  readonly vae?: VaeConfig;
  readonly textEncoder?: TextEncoderConfig;
  /** Of SDXL's second encoder. */
  readonly textEncoder2?: TextEncoderConfig;
  readonly scheduler?: SchedulerConfig;
}
