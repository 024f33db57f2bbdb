// Writes textual-inversion files in the two forms that the public tools read. A1111's and ComfyUI's: one file with
// emb_params, or for SDXL clip_l and clip_g; its name is the word. diffusers': the rows under the word itself, for SDXL
// in two files. Always float32: few numbers, each of which a prompt sees.

import path from 'node:path';

import { type ModelDescription, modelSpec } from '../checkpoint/model-spec.ts';
import { writeSafetensors } from '../checkpoint/safetensors-writer.ts';
import { toFloat32 } from '../tensor/half.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { contentHash } from './lora-hash.ts';
import { embeddingNames, faultOfRows, type LearnedEmbedding } from './learned-embedding.ts';

export type EmbeddingForm = 'a1111' | 'diffusers';

/**
 * Writes an embedding and gives the files it was written to: for SDXL in diffusers' form `<stem>.safetensors` and
 * `<stem>_2.safetensors`, otherwise `file` alone. Each is written whole or not at all.
 * Refuses with a UserError when the disk is full or the folder cannot be written to.
 */
export async function writeEmbedding(
  file: string, embedding: LearnedEmbedding, form: EmbeddingForm, description?: ModelDescription,
): Promise<string[]> {
  const fault = embedding.rows.map(faultOfRows).find((reason) => reason !== undefined);
  if (fault || embedding.rows.length === 0) throw new Error(`The embedding cannot be written: ${fault ?? 'no rows'}.`);
  const files = form === 'a1111' ? [[file, namedByEncoder(embedding)] as const] : namedByWord(file, embedding);
  for (const [target, tensors] of files) {
    const metadata = new Map([['format', 'pt'], ...specification(embedding, tensors, description)]);
    await writeSafetensors(target, tensors, metadata);
  }
  return files.map(([target]) => target);
}

function namedByEncoder({ rows }: LearnedEmbedding): Map<string, Tensor> {
  const names = embeddingNames(rows.length);
  return new Map(rows.map((tensor, index) => [names[index]!, toFloat32(tensor)]));
}

function namedByWord(file: string, { word, rows }: LearnedEmbedding): (readonly [string, Map<string, Tensor>])[] {
  const extension = path.extname(file);
  const stem = file.slice(0, file.length - extension.length);
  return rows.map((tensor, index) => {
    const target = index === 0 ? file : `${stem}_${index + 1}${extension}`;
    const { data } = toFloat32(tensor);
    // one row is a vector there
    const shape = tensor.shape[0] === 1 ? [tensor.shape[1]!] : tensor.shape;
    return [target, new Map<string, Tensor>([[word, { dtype: 'float32', shape, data }]])] as const;
  });
}

function specification(
  { word }: LearnedEmbedding, tensors: ReadonlyMap<string, Tensor>, description: ModelDescription | undefined,
): [string, string][] {
  if (!description) return [];
  const hash = contentHash([...tensors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tensor]) => tensor));
  const spec = modelSpec('textual-inversion', { ...description, triggerPhrase: description.triggerPhrase ?? word });
  return [...spec, ['modelspec.hash_sha256', `0x${hash}`]];
}
