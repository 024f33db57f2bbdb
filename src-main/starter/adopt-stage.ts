// Stage 'adopt': a pack's networks as the snapshots that further training goes on from, where a cache is new or lost.
// A pack keeps averages in float16 and no moments: the rate warms up again, and the moments begin anew.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ParameterLayout } from '../networks/flat-parameters.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ClipTokenizer, openClipTokenizer } from '../text/tokenizer.ts';
import type { BasePack } from './base-pack.ts';
import { initialParameters } from './flat-parameters.ts';
import { adoptedTrainingState, writeSnapshot } from './snapshot.ts';
import { tokenTable } from './token-rows.ts';

/**
 * The flat vector of `layout`, each network's parameters out of its tensors; networks that no pack keeps begin as
 * initialParameters() of `seed`. Throws where a tensor is missing or of another size.
 */
export function adoptedParameters(
  layout: ParameterLayout, networks: Readonly<Record<string, ReadonlyMap<string, Tensor>>>, seed: number,
): Float32Array {
  const values = initialParameters(layout, seed);
  for (const { name, offset, size } of layout.entries) {
    const dot = name.indexOf('.');
    const network = networks[name.slice(0, dot)];
    if (!network) continue;
    const tensor = network.get(name.slice(dot + 1));
    if (tensor?.data.length !== size) {
      throw new Error(`The pack has no ${name} of ${size} numbers; its networks are of another recipe.`);
    }
    values.set(tensor.data as Float32Array, offset);
  }
  return values;
}

/** The denoiser's vector: of the pack's token table the trained rows alone, `ids` of which are CLIP's. */
export async function adoptedDenoiser(
  layout: ParameterLayout, { unet, textEncoder, tokenizerFolder }: BasePack, clip: ClipTokenizer,
  ids: readonly number[], seed: number,
): Promise<Float32Array> {
  const weights = textEncoder.weights as ReadonlyMap<string, Tensor>;
  const own = tokenizerFolder === undefined ? clip : await openClipTokenizer(tokenizerFolder);
  const wordOf = new Map([...clip.ids].map(([token, id]) => [id, token]));
  const table = weights.get(tokenTable)!;
  const width = table.shape[1]!;
  const rows = new Float32Array(ids.length * width);
  ids.forEach((id, row) => {
    const place = own.ids.get(wordOf.get(id)!);
    if (place === undefined) throw new Error(`The pack's vocabulary has no "${wordOf.get(id)!}".`);
    rows.set((table.data as Float32Array).subarray(place * width, (place + 1) * width), row * width);
  });
  const trained: Tensor = { dtype: 'float32', shape: [ids.length, width], data: rows };
  return adoptedParameters(layout, { unet, text_encoder: new Map([...weights, [tokenTable, trained]]) }, seed);
}

/** Steps a row of the published loss curves stands for. */
export const lossEvery = 20;

/** Writes the snapshot of a stage, unless there is one, with the loss curve that lies beside the pack. */
export async function adoptSnapshot(
  packFolder: string, name: string, file: string, parametersOf: () => Float32Array | Promise<Float32Array>,
): Promise<void> {
  if (existsSync(file)) return;
  const curve = path.join(packFolder, 'training', `${name}-loss.csv`);
  const rows = existsSync(curve) ? (await readFile(curve, 'utf8')).trim().split('\n').slice(1) : [];
  const losses = rows.flatMap((row) => Array.from({ length: lossEvery }, () => Number(row.split(',')[1])));
  await writeSnapshot(file, adoptedTrainingState(await parametersOf(), losses));
}
