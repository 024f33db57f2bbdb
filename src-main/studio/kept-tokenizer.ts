// CLIP's tokenizer for the studio's own questions about prompts: read once, when the first of them comes.

import path from 'node:path';
import { type ClipTokenizer, openClipTokenizer } from '../text/tokenizer.ts';

/** One that could not be read is tried again by the next question. */
export function keptTokenizer(resourcesFolder: string): () => Promise<ClipTokenizer> {
  let kept: Promise<ClipTokenizer> | undefined;
  return () => {
    kept ??= openClipTokenizer(path.join(resourcesFolder, 'tokenizer')).catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
    return kept;
  };
}
