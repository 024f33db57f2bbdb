// What textual inversion learns (Gal et al. 2022): rows of a text encoder's token table for a new word, and the names
// that they have in files: emb_params for SD 1 and 2, clip_l and clip_g for SDXL, <word> in diffusers' files, and
// bundle_emb.<word>.… inside a LoRA.

import { toFloat32 } from '../tensor/half.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';

export interface LearnedEmbedding {
  /** What stands for the rows in a prompt. */
  readonly word: string;
  /** For each text encoder [n, D], in the order in which the rows take the word's place. */
  readonly rows: readonly Tensor[];
}

/** The text encoders of a base model; only the shape of their token tables is looked at. */
export type TokenTables = readonly { readonly weights: WeightTable }[];

/** More rows than a prompt has room for cannot be meant. */
export const maxVectors = 75;

const oneEncoder = ['emb_params'] as const;
const twoEncoders = ['clip_l', 'clip_g'] as const;

/** The names of an embedding's tensors in A1111's and ComfyUI's files, one a text encoder. */
export function embeddingNames(encoders: number): readonly string[] {
  return encoders > 1 ? twoEncoders : oneEncoder;
}

/** The width of each text encoder's rows. */
export function tokenWidths(textEncoders: TokenTables): number[] {
  return textEncoders.map(({ weights }) => {
    const width = weights.get('text_model.embeddings.token_embedding.weight')?.shape[1];
    if (width === undefined) throw new Error('A text encoder without token table.');
    return width;
  });
}

/** The published family that rows of such widths are for, in words. */
export function familyOfWidths(widths: readonly number[]): string {
  switch (widths.join()) {
    case '768': return 'Stable Diffusion 1.5';
    case '1024': return 'Stable Diffusion 2';
    case '768,1280': case '1280,768': return 'SDXL';
    default: return `a model with rows of ${widths.join(' and ')} numbers`;
  }
}

/** One row may stand without its axis of one. */
export function asRows(tensor: Tensor): Tensor {
  return tensor.shape.length === 1 ? { ...tensor, shape: [1, tensor.shape[0]!] } : tensor;
}

/** Why rows cannot be those of an embedding, or undefined when they can. */
export function faultOfRows(tensor: Tensor): string | undefined {
  const { shape, dtype } = tensor;
  if (!['float32', 'float16', 'bfloat16', 'float64'].includes(dtype)) return `its numbers are ${dtype}`;
  if (shape.length !== 2 || shape[0] === 0 || shape[1] === 0) return `its shape is ${shapeInWords(shape)}`;
  if (shape[0]! > maxVectors) return `it has ${shape[0]} rows, more than a prompt has room for`;
  const isFinite = (toFloat32(tensor).data as Float32Array).every(Number.isFinite);
  return isFinite ? undefined : 'it holds numbers that are not finite';
}

function shapeInWords(shape: Shape): string {
  return shape.length === 0 ? 'a single number' : shape.join(' by ');
}
