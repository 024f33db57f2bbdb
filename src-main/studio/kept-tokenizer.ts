// Tokenizers for the studio's own questions about prompts: a model's own, or CLIP's; each is read once, when the first
// question comes, and again when its file is another.

import { stat } from 'node:fs/promises';
import path from 'node:path';
import { tokenizerIn } from '../checkpoint/checkpoint-folder.ts';
import { type ClipTokenizer, openClipTokenizer } from '../text/tokenizer.ts';

interface KeptTokenizer {
  readonly changedMs: number;
  readonly tokenizer: Promise<ClipTokenizer>;
}

/** The tokenizer of a checkpoint, or CLIP's where it brings none or none is named. */
export type TokenizerOf = (checkpointPath?: string) => Promise<ClipTokenizer>;

/** One that could not be read is tried again by the next question. */
export function keptTokenizer(resourcesFolder: string): TokenizerOf {
  const kept = new Map<string, KeptTokenizer>();
  return async (checkpointPath) => {
    const own = checkpointPath === undefined ? undefined : await tokenizerIn(checkpointPath);
    const folder = own ?? path.join(resourcesFolder, 'tokenizer');
    const changedMs = await stat(path.join(folder, 'merges.txt')).then(({ mtimeMs }) => mtimeMs, () => 0);
    const known = kept.get(folder);
    if (known?.changedMs === changedMs) return await known.tokenizer;
    const tokenizer = openClipTokenizer(folder);
    kept.set(folder, { changedMs, tokenizer });
    return await tokenizer.catch((error: unknown) => {
      kept.delete(folder);
      throw error;
    });
  };
}
