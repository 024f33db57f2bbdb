// Which weights a base model has, whatever its id and its place say: made of the hashes of the files in which its
// networks lie, so that what was drawn with others is told from what these draw.

import { createHash } from 'node:crypto';
import { openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import { isTensorReference } from '../tensor/weights.ts';
import { type HashMemory, hashedFile, sha256Of } from './file-hashes.ts';
import type { ShelvedPack } from './pack-shelf.ts';

type Weights = Pick<ShelvedPack, 'checkpointPath' | 'vaeFile' | 'isBuiltIn'>;

/**
 * 64 hex digits. A file is hashed once, and again when its size or time is another; built-in ones, which are small,
 * each time: an update may put others of the same size and time there. Throws what openCheckpoint throws, and an
 * AbortError.
 */
export async function weightsMark(pack: Weights, memory: HashMemory, signal?: AbortSignal): Promise<string> {
  const mark = createHash('sha256');
  for (const file of await weightFiles(pack)) {
    mark.update(pack.isBuiltIn ? await sha256Of(file, signal) : (await hashedFile(file, memory, signal)).sha256);
  }
  return mark.digest('hex');
}

/** In the order of the networks, each once. */
async function weightFiles({ checkpointPath, vaeFile }: Weights): Promise<Set<string>> {
  const { unet, vae, textEncoders } = await openCheckpoint(checkpointPath, vaeFile === null ? {} : { vaeFile });
  const sources = [unet, vae, ...textEncoders.map(({ weights }) => weights)].flatMap((table) => [...table.values()]);
  return new Set(sources.filter(isTensorReference).map(({ file }) => file));
}
