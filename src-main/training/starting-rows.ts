// Rows that new tokens start from: those of a word that the model knows.

import { readTensor } from '../checkpoint/safetensors.ts';
import { requiredWeight } from '../models/frozen-scope.ts';
import { toFloat32 } from '../tensor/half.ts';
import { bytesPerElement, float32Tensor, type Tensor } from '../tensor/tensor.ts';
import { isTensorReference, type WeightSource } from '../tensor/weights.ts';
import { newRowsPath, prefixOf, textEncoderName, type TrainedCheckpoint } from './trainables.ts';

/**
 * Rows [count, D] for new tokens, one entry a text encoder, copied from the tokens of a word: row i from its token
 * i modulo their number (Gal et al. 2022, section 4). `tokenIds` has one list an encoder.
 */
export function rowsOfTokens(
  textEncoders: TrainedCheckpoint['textEncoders'], tokenIds: readonly (readonly number[])[], count: number,
): Promise<Tensor[]> {
  return Promise.all(textEncoders.map(async ({ weights, config }, encoder) => {
    const shape = [config.vocabSize, config.hiddenSize];
    const table = requiredWeight(weights, 'text_model.embeddings.token_embedding.weight', shape);
    const ids = tokenIds[encoder] ?? [];
    if (ids.length === 0) throw new Error('New tokens need a token to start from.');
    const rows = new Float32Array(count * config.hiddenSize);
    for (let i = 0; i < count; i++) rows.set(await tableRow(table, ids[i % ids.length]!), i * config.hiddenSize);
    return float32Tensor([count, config.hiddenSize], rows);
  }));
}

async function tableRow(table: WeightSource, row: number): Promise<Float32Array> {
  const [count, width] = table.shape as [number, number];
  if (!(row >= 0 && row < count)) throw new Error(`The token table has no row ${row}.`);
  if (!isTensorReference(table)) {
    return toFloat32({ ...table, shape: [1, width], data: table.data.subarray(row * width, (row + 1) * width) })
      .data as Float32Array;
  }
  const lengthBytes = width * bytesPerElement[table.dtype];
  const reference = { ...table, shape: [1, width], lengthBytes, offsetBytes: table.offsetBytes + row * lengthBytes };
  return toFloat32(await readTensor(reference)).data as Float32Array;
}

/** Rows of new tokens [n, D], one entry a text encoder, as parameters to start from. */
export function startOfRows(rows: readonly Tensor[]): Map<string, Tensor> {
  return new Map(rows.map((tensor, index) => [prefixOf(textEncoderName(index)) + newRowsPath, tensor]));
}
