// Reads textual-inversion files: emb_params (kohya), clip_l and clip_g (SDXL), <word> (diffusers, for SDXL in two
// files), string_to_param (A1111); safetensors or torch's own format.

import { stat } from 'node:fs/promises';
import path from 'node:path';

import { detectFileKind, isAdapter } from '../checkpoint/architecture.ts';
import { readTensor } from '../checkpoint/safetensors.ts';
import { openTensorFile, type TensorFile } from '../checkpoint/tensor-file.ts';
import { toFloat32 } from '../tensor/half.ts';
import { elementCount, type Tensor } from '../tensor/tensor.ts';
import { brokenEmbedding, halfAnEmbedding, notAnEmbedding, otherEncoders } from './embedding-errors.ts';
import {
  asRows, familyOfWidths, faultOfRows, type LearnedEmbedding, maxVectors, type TokenTables, tokenWidths,
} from './learned-embedding.ts';

/** The two tensors of an embedding for SDXL; diffusers' advanced trainer first numbered the encoders. */
const pairs = [['clip_l', 'clip_g'], ['text_encoders_0', 'text_encoders_1']] as const;
/** Names that say nothing of the word. */
const namelessTensor = /^(?:emb_params|clip_[lgh]|text_encoders_\d|string_to_param\..*|\*)$/;
const maxWidth = 8192;

/**
 * Reads an embedding for a base model with these text encoders, as float32 rows. The word is the name that diffusers
 * gave the rows, otherwise the file's.
 * Refuses with a UserError: files of other kinds, embeddings of other widths, one file of two, numbers that cannot be
 * meant.
 */
export async function readEmbedding(
  file: string, { textEncoders }: { readonly textEncoders: TokenTables },
): Promise<LearnedEmbedding> {
  const widths = tokenWidths(textEncoders);
  const { word, rows } = await readFile(file);
  const all = rows.length === 1 && widths.length === 2 ? await withOtherHalf(file, rows[0]!, widths) : rows;
  const its = all.map(({ shape }) => shape[1]!);
  if (its.join() !== widths.join()) throw otherEncoders(file, familyOfWidths(its), familyOfWidths(widths));
  if (new Set(all.map(({ shape }) => shape[0])).size > 1) {
    throw brokenEmbedding(file, 'its two encoders have different numbers of rows');
  }
  return { word, rows: all };
}

/** The tensors that hold an embedding's rows, one or two; undefined where the file is no embedding. */
export function embeddingTensors(tensors: ReadonlyMap<string, unknown>): readonly string[] | undefined {
  const pair = pairs.find((both) => both.every((name) => tensors.has(name)));
  if (pair) return pair;
  const names = [...tensors.keys()];
  const params = names.filter((name) => name.startsWith('string_to_param.'));
  const chosen = params.length > 0 ? params : names;
  return chosen.length === 1 ? chosen : undefined;
}

async function readFile(file: string): Promise<LearnedEmbedding> {
  const opened = await openTensorFile(file);
  if (isAdapter([...opened.tensors.keys()])) throw notAnEmbedding(file, 'a LoRA');
  const chosen = embeddingTensors(opened.tensors);
  if (!chosen) throw notAnEmbedding(file, kindInWords(opened));
  for (const name of chosen) {
    // before anything is read: a file of another kind may have one huge tensor
    const { shape } = opened.tensors.get(name)!;
    if (elementCount(shape) > maxVectors * maxWidth) throw notAnEmbedding(file, 'a file of another kind');
  }
  const sources = await opened.part('');
  const rows = await Promise.all(chosen.map(async (name) => asRows(await readTensor(sources.get(name)!))));
  const fault = rows.map(faultOfRows).find((reason) => reason !== undefined);
  if (fault) throw brokenEmbedding(file, fault);
  return { word: wordOf(file, chosen[0]!), rows: rows.map(toFloat32) };
}

/** diffusers writes SDXL's rows to learned_embeds.safetensors and learned_embeds_2.safetensors, by encoder. */
async function withOtherHalf(file: string, own: Tensor, widths: readonly number[]): Promise<Tensor[]> {
  const index = widths.indexOf(own.shape[1]!);
  if (index < 0) throw otherEncoders(file, familyOfWidths([own.shape[1]!]), familyOfWidths(widths));
  const extension = path.extname(file);
  const stem = path.basename(file, extension);
  const otherName = index === 0 ? `${stem}_2` : stem.replace(/_2$/, '');
  const other = path.join(path.dirname(file), otherName + extension);
  const isThere = otherName !== stem && await stat(other).then(() => true, () => false);
  if (!isThere) throw halfAnEmbedding(file, other);
  const { rows: [half] } = await readFile(other);
  return index === 0 ? [own, half!] : [half!, own];
}

/** What stands for the rows in a prompt: the tensor's name where it says so, else the file's. */
export function wordOf(file: string, tensor: string): string {
  const isWord = !namelessTensor.test(tensor) && /^\S{1,64}$/.test(tensor);
  return isWord ? tensor : path.basename(file, path.extname(file));
}

function kindInWords({ tensors }: TensorFile): string {
  switch (detectFileKind(tensors)) {
    case 'sd15': case 'sd2': case 'sdxl': return 'a base model';
    case 'controlnet': return 'a ControlNet';
    case 'vae-alone': return 'a VAE';
    default: return 'a file of another kind';
  }
}
