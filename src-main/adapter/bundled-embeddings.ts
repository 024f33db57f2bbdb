// Embeddings inside a LoRA file (pivotal tuning): bundle_emb.<word>.clip_l and .clip_g for SDXL, .emb_params for SD 1
// and 2, the names that OneTrainer writes and A1111's family reads.

import { readTensor } from '../checkpoint/safetensors.ts';
import { toFloat32 } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WeightSource, WeightTable } from '../tensor/weights.ts';
import {
  asRows, embeddingNames, faultOfRows, type LearnedEmbedding, type TokenTables, tokenWidths,
} from './learned-embedding.ts';
import { brokenLora, doesNotFit } from './lora-errors.ts';

const pattern = /^bundle_emb\.(.+)\.(clip_l|clip_g|emb_params|string_to_param\.\*)$/;

export function isBundledEmbedding(name: string): boolean {
  return pattern.test(name);
}

/** The word that a tensor belongs to; undefined where it is of the LoRA's layers. */
export function bundledWord(name: string): string | undefined {
  return pattern.exec(name)?.[1];
}

/** The tensors of embeddings as they are named in a LoRA. */
export function bundledTensors(embeddings: readonly LearnedEmbedding[]): Map<string, Tensor> {
  return new Map(embeddings.flatMap(({ word, rows }) => {
    const names = embeddingNames(rows.length);
    return rows.map((tensor, index): [string, Tensor] => [`bundle_emb.${word}.${names[index]}`, tensor]);
  }));
}

/** Reads the embeddings of a LoRA; refuses those that have other widths than the model's text encoders. */
export async function readBundledEmbeddings(
  file: string, tensors: WeightTable, textEncoders: TokenTables,
): Promise<LearnedEmbedding[]> {
  const words = new Map<string, Map<string, WeightSource>>();
  for (const [name, reference] of tensors) {
    const found = pattern.exec(name);
    if (!found) continue;
    const [, word, part] = found as unknown as [string, string, string];
    words.set(word, (words.get(word) ?? new Map<string, WeightSource>()).set(part, reference));
  }
  return await Promise.all([...words].map(([word, parts]) => readWord(file, word, parts, textEncoders)));
}

async function readWord(
  file: string, word: string, parts: WeightTable, textEncoders: TokenTables,
): Promise<LearnedEmbedding> {
  const widths = tokenWidths(textEncoders);
  const references = widths.length > 1
    ? embeddingNames(widths.length).map((name) => parts.get(name))
    : [parts.size === 1 ? [...parts.values()][0] : undefined];
  const where = `the word ${JSON.stringify(word.slice(0, 60))}`;
  const found = references.filter((reference) => reference !== undefined);
  if (found.length !== widths.length || parts.size !== widths.length) {
    throw doesNotFit(file, where, 'its words are for another number of text encoders');
  }
  const rows = await Promise.all(found.map(async (reference) => asRows(await readTensor(reference))));
  const fault = rows.map(faultOfRows).find((reason) => reason !== undefined);
  if (fault) throw brokenLora(file, where, fault);
  if (rows.some(({ shape }, index) => shape[1] !== widths[index])) {
    throw doesNotFit(file, where, `its rows have ${rows.map(({ shape }) => shape[1]).join(' and ')} numbers, `
      + `the model's ${widths.join(' and ')}`);
  }
  if (new Set(rows.map(({ shape }) => shape[0])).size > 1) throw brokenLora(file, where, 'its rows differ in number');
  return { word, rows: rows.map(toFloat32) };
}
