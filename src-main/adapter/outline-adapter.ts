// What a LoRA or an embedding is by its header alone: its family, the words it is called by, and whether it is of a
// form that can be used. Nothing is computed with it and no number of it is read.

import type { Architecture, TensorOutline } from '../checkpoint/architecture.ts';
import { detectFileKind } from '../checkpoint/architecture.ts';
import { titleOf } from '../checkpoint/refusals.ts';
import type { TensorFile } from '../checkpoint/tensor-file.ts';
import { elementCount } from '../tensor/tensor.ts';
import { bundledWord, isBundledEmbedding } from './bundled-embeddings.ts';
import { notAnEmbedding } from './embedding-errors.ts';
import { familyOfLora, foreignFamily } from './families.ts';
import { maxVectors } from './learned-embedding.ts';
import { foreignLora, unsupportedForm } from './lora-errors.ts';
import { parseLoraName } from './lora-names.ts';
import { embeddingTensors, wordOf } from './read-embedding.ts';

export interface AdapterOutline {
  /** Null where the file does not say. */
  readonly architecture: Architecture | null;
  readonly words: readonly string[];
}

type Outlines = ReadonlyMap<string, TensorOutline>;

/** Throws adapter.form-unsupported for LyCORIS, DoRA and such, adapter.foreign for families that are not opened. */
export function outlineLora({ file, tensors, metadata }: TensorFile): AdapterOutline {
  const foreign = foreignFamily(tensors.keys());
  if (foreign) throw foreignLora(file, foreign);
  for (const name of tensors.keys()) {
    if (!isBundledEmbedding(name) && !parseLoraName(name)) throw unsupportedForm(file, name);
  }
  const family = familyOfLora(tensors, metadata);
  const spoken = metadata.get('modelspec.trigger_phrase')?.trim() ?? '';
  const bundled = [...tensors.keys()].flatMap((name) => bundledWord(name) ?? []);
  const isOpened = family === 'sd15' || family === 'sd2' || family === 'sdxl';
  return {
    architecture: isOpened ? family : null,
    words: [...new Set([...(spoken && spoken.length <= mostLetters ? [spoken] : []), ...bundled])],
  };
}

/** A phrase, not a text. */
const mostLetters = 200;

/** Throws adapter.not-an-embedding. */
export function outlineEmbedding({ file, tensors }: TensorFile): AdapterOutline {
  const chosen = embeddingTensors(tensors);
  if (!chosen) throw notAnEmbedding(file, titleOf(detectFileKind(tensors)));
  const widths = chosen.map((name) => tensors.get(name)!.shape.at(-1) ?? 0);
  const isHuge = chosen.some((name) => elementCount(tensors.get(name)!.shape) > mostNumbers);
  if (isHuge) throw notAnEmbedding(file, 'a file of another kind');
  return { architecture: familyOf(widths, tensors) ?? null, words: [wordOf(file, chosen[0]!)] };
}

/** Rows and width that no embedding goes beyond. */
const mostNumbers = maxVectors * 8192;

/** Other widths are those of models that nobody published. */
function familyOf(widths: readonly number[], tensors: Outlines): Architecture | undefined {
  if (widths.length > 1) return 'sdxl';
  const [width] = widths;
  // one of diffusers' two files for SDXL is for CLIP ViT-L, whose rows are those of SD 1.5
  if (width === 768) return tensors.has('text_encoders_0') ? 'sdxl' : 'sd15';
  return width === 1024 ? 'sd2' : width === 1280 ? 'sdxl' : undefined;
}
