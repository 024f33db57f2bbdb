// Pictures of people through the pack's autoencoder, once: the latents of all, and of some the way back, which is what
// the pack's own portraits look like.

import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { BasePack, PackVae } from './base-pack.ts';
import type { PeopleSet } from './people-dataset.ts';
import type { StarterRecipe } from './recipe.ts';

export interface PeopleLatents {
  /** count x (channels x size x size), scaled. */
  readonly values: Float32Array;
  readonly channels: number;
  readonly sizePx: number;
  /** Decoded pictures, 8-bit RGB, in the order of decodedIndices(). */
  readonly decoded: Uint8Array;
}

/** Pictures that are also decoded: those of the first people, then those of the people held out. */
export function decodedIndices({ people }: StarterRecipe): { readonly trained: number[]; readonly heldOut: number[] } {
  const of = (first: number, end: number): number[] => (
    Array.from({ length: (end - first) * people.pictures }, (_, i) => first * people.pictures + i));
  const known = people.count - people.heldOut;
  return { trained: of(0, Math.min(people.decoded, known)), heldOut: of(known, people.count) };
}

/** Encodes and decodes; `onProgress` is told how many pictures of both together are done. */
export async function passThroughVae(
  recipe: StarterRecipe, set: PeopleSet, vae: PackVae, onProgress: (done: number, all: number) => void,
): Promise<{ values: Float32Array; decoded: Uint8Array }> {
  const each = set.resolutionPx ** 2 * 3;
  const picture = (index: number) => set.pixels.subarray(index * each, (index + 1) * each);
  const { trained, heldOut } = decodedIndices(recipe);
  const back = [...trained, ...heldOut];
  const all = set.count + back.length;
  let values = new Float32Array(0);
  let latentSize = 0;
  for (let start = 0; start < set.count; start += vae.batchSize) {
    const count = Math.min(vae.batchSize, set.count - start);
    const latents = await vae.encode(Array.from({ length: count }, (_, i) => picture(start + i)));
    if (latentSize === 0) {
      latentSize = latents.length / vae.batchSize;
      values = new Float32Array(set.count * latentSize);
    }
    values.set(latents.subarray(0, count * latentSize), start * latentSize);
    onProgress(start + count, all);
  }
  const decoded = new Uint8Array(back.length * each);
  for (let start = 0; start < back.length; start += vae.batchSize) {
    const count = Math.min(vae.batchSize, back.length - start);
    const batch = new Float32Array(vae.batchSize * latentSize);
    for (let i = 0; i < count; i++) {
      const index = back[start + i]!;
      batch.set(values.subarray(index * latentSize, (index + 1) * latentSize), i * latentSize);
    }
    const pictures = await vae.decode(batch);
    for (let i = 0; i < count; i++) decoded.set(pictures[i]!, (start + i) * each);
    onProgress(set.count + start + count, all);
  }
  return { values, decoded };
}

/** Writes both into raw files beside `stem`; the name of the first is put in place last. */
export async function writePeopleLatents(
  stem: string, { values, decoded }: { values: Float32Array; decoded: Uint8Array },
): Promise<void> {
  await writeFile(`${stem}.decoded`, decoded);
  await writeFile(`${stem}.latents.partial`, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  await rename(`${stem}.latents.partial`, `${stem}.latents`);
}

/** What writePeopleLatents() wrote; undefined where there is nothing yet. */
export async function readPeopleLatents(
  stem: string, { vaeConfig, unetConfig }: BasePack,
): Promise<PeopleLatents | undefined> {
  if (!existsSync(`${stem}.latents`)) return undefined;
  const bytes = await readFile(`${stem}.latents`);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return {
    values, channels: vaeConfig.latentChannels, sizePx: unetConfig.sampleSize,
    decoded: await readFile(`${stem}.decoded`),
  };
}
