// A look's file as the networks take it: an adapter's form, which is built into their graphs, with its numbers and the
// words that it brings; or a checkpoint that stands in the place of its base model.

import type { LearnedEmbedding } from '../adapter/learned-embedding.ts';
import { flattenLayers, type LoraLayer, textEncoderNames } from '../adapter/lora-layers.ts';
import { readEmbedding } from '../adapter/read-embedding.ts';
import { readLora } from '../adapter/read-lora.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint/open-checkpoint.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { AdapterForm, AdapterInput } from '../networks/pipeline.ts';
import { toFloat32 } from '../tensor/half.ts';
import type { LearnedToken } from '../text/learned-words.ts';
import { configsOf } from './loaded-pack.ts';

export interface AdapterToApply {
  readonly form: AdapterForm;
  readonly numbers: Omit<AdapterInput, 'strength'>;
  /** Words whose tokens the adapter brings, in the order of its new rows. */
  readonly learnedTokens: readonly LearnedToken[];
}

/** What a look makes of its base model. */
export interface LookToApply {
  /** The base model itself, or the checkpoint that was taught. */
  readonly checkpoint: Checkpoint;
  readonly adapter?: AdapterToApply;
}

type LookFile = NonNullable<CreateRequest['adapter']>;

/** Reads a look for this base model; throws what the readers of its kind throw of one that does not fit. */
export async function readLook(look: LookFile, checkpoint: Checkpoint): Promise<LookToApply> {
  return look.method === 'dreambooth'
    ? { checkpoint: await openCheckpoint(look.file, { configs: configsOf(checkpoint) }) }
    : { checkpoint, adapter: await readAdapter(look, checkpoint) };
}

/** Reads a LoRA or an embedding; `word` stands for an embedding's rows, its file's own word where it is ''. */
export async function readAdapter({ method, file, word }: LookFile, checkpoint: Checkpoint): Promise<AdapterToApply> {
  if (method === 'textual-inversion') {
    const embedding = await readEmbedding(file, checkpoint);
    return adapterOf([], [{ ...embedding, word: word || embedding.word }], checkpoint);
  }
  const { layers, embeddings } = await readLora(file, checkpoint);
  return adapterOf(layers, embeddings, checkpoint);
}

/** Layers and embeddings, which may come together, as one adapter. */
export function adapterOf(
  layers: readonly LoraLayer[], embeddings: readonly LearnedEmbedding[],
  { textEncoders }: Pick<Checkpoint, 'textEncoders'>,
): AdapterToApply {
  const unet = flattenLayers(layers, 'unet');
  const text = textEncoders.map((_, encoder) => flattenLayers(layers, textEncoderNames[encoder]!));
  const learnedTokens = embeddings.map(({ word, rows }) => ({ word, vectors: rows[0]!.shape[0]! }));
  const newTokens = learnedTokens.reduce((sum, { vectors }) => sum + vectors, 0);
  return {
    form: { unet: unet.modules, textEncoders: text.map(({ modules }) => modules), newTokens },
    numbers: {
      unet: unet.parameters, textEncoders: text.map(({ parameters }) => parameters),
      ...(newTokens > 0 ? { newRows: textEncoders.map((_, encoder) => joinedRows(embeddings, encoder)) } : {}),
    },
    learnedTokens,
  };
}

/** The rows of all words for one text encoder, one after the other. */
function joinedRows(embeddings: readonly LearnedEmbedding[], encoder: number): Float32Array {
  return Float32Array.from(embeddings.flatMap(({ rows }) => [...toFloat32(rows[encoder]!).data as Float32Array]));
}
