// A checkpoint on its way to work: opened, its tokenizer found, real-size weights left in their file.

import path from 'node:path';
import { type Checkpoint, type CheckpointConfigs, openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { UserError } from '../contract/errors.ts';
import type { LearnedToken } from '../text/learned-words.ts';
import { type PromptEncoder, promptEncoder } from '../text/prompt-encoder.ts';
import { type ClipTokenizer, openClipTokenizer } from '../text/tokenizer.ts';
import type { EngineParts } from './engine-parts.ts';

export interface LoadedPack {
  readonly checkpoint: Checkpoint;
  readonly tokenizer: ClipTokenizer;
  /** Small networks are quickest with everything in memory; real ones must leave their weights in the file. */
  readonly favour: 'speed' | 'memory';
}

/** Above this many UNet parameters a copy of the weights in memory costs more than it gains. */
const smallUnetParameters = 100e6;

/** `vaeFile` stands in the place of the checkpoint's own VAE. */
export async function loadPack(
  { checkpointPath, vaeFile }: { readonly checkpointPath: string; readonly vaeFile: string | null },
  { resourcesFolder }: EngineParts,
): Promise<LoadedPack> {
  const checkpoint = await openCheckpoint(checkpointPath, vaeFile === null ? {} : { vaeFile });
  const tokenizer = await tokenizerOf(checkpoint, resourcesFolder);
  let parameters = 0;
  for (const { shape } of checkpoint.unet.values()) parameters += shape.reduce((count, size) => count * size, 1);
  return { checkpoint, tokenizer, favour: parameters <= smallUnetParameters ? 'speed' : 'memory' };
}

/** The checkpoint's own tokenizer, or CLIP's. Refuses one with more tokens than the text encoders have rows. */
async function tokenizerOf(checkpoint: Checkpoint, resourcesFolder: string): Promise<ClipTokenizer> {
  const tokenizer = await openClipTokenizer(checkpoint.tokenizerFolder ?? clipTokenizerFolder(resourcesFolder));
  const rows = Math.min(...checkpoint.textEncoders.map(({ config }) => config.vocabSize));
  if (tokenizer.vocabularySize > rows) throw otherVocabulary(checkpoint, tokenizer.vocabularySize, rows);
  return tokenizer;
}

/** Where CLIP's own tokenizer lies, which checkpoints without one are read with. */
export function clipTokenizerFolder(resourcesFolder: string): string {
  return path.join(resourcesFolder, 'tokenizer');
}

function otherVocabulary({ path: location }: Checkpoint, tokens: number, rows: number): UserError {
  const file = path.basename(location);
  return new UserError('text.other-vocabulary', {
    what: `${JSON.stringify(file)} cannot read prompts: its tokenizer has ${tokens} tokens, its text encoder ${rows}.`,
    safe: 'Nothing was changed.',
    todo: 'Put the model\'s own tokenizer folder (merges.txt and vocab.json) beside its networks, or get it again.',
  }, { file, tokens, rows });
}

/** The configs of a checkpoint, for a single file that was made of it and cannot tell all of them. */
export function configsOf({ unetConfig, vaeConfig, textEncoders, schedulerConfig }: Checkpoint): CheckpointConfigs {
  const [first, second] = textEncoders;
  return {
    unet: unetConfig, vae: vaeConfig, scheduler: schedulerConfig, textEncoder: first!.config,
    ...(second ? { textEncoder2: second.config } : {}),
  };
}

/** How prompts become token ids for this pack's text encoders. Throws what promptEncoder throws of learned words. */
export function promptsOf(
  { checkpoint, tokenizer }: LoadedPack, learnedTokens: readonly LearnedToken[] = [],
): PromptEncoder {
  const { architecture, textEncoders } = checkpoint;
  return promptEncoder(tokenizer, {
    architecture, learnedTokens, vocabularySize: textEncoders[0]!.config.vocabSize,
  });
}
