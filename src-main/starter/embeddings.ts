// Runs the face encoder over many pictures, a batch at a time.

import { faceEncoderGraph } from '../faces/pack-face-encoder.ts';
import { type FaceEncoderConfig, trainedHeadEdgePx } from '../models/face-encoder.ts';
import { openSession, type Provider } from '../runtime/session.ts';
import { float32Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { plainHeads } from './face-stage.ts';
import { copyHead } from './head-batches.ts';
import { seededRandom } from './seeded-random.ts';

const batch = 64;
const size = 3 * trainedHeadEdgePx ** 2;
const shape = (count: number) => [count, 3, trainedHeadEdgePx, trainedHeadEdgePx];

interface Place {
  readonly provider: Provider;
  readonly threads?: number;
}

/** One embedding a stored crop: as it is, or with a seed under the changes of a training batch. */
export async function embedCrops(
  { provider, threads }: Place, weights: WeightTable, config: FaceEncoderConfig, crops: readonly Uint8Array[],
  seed?: number,
): Promise<Float32Array[]> {
  const session = await openSession(faceEncoderGraph(config, weights, batch), { provider, threads });
  const rows: Float32Array[] = [];
  try {
    for (let start = 0; start < crops.length; start += batch) {
      const part = crops.slice(start, start + batch);
      const heads = new Float32Array(batch * size);
      if (seed === undefined) heads.set(plainHeads(part));
      else {
        part.forEach((crop, i) => (
          copyHead(crop, heads.subarray(i * size, (i + 1) * size), seededRandom(seed + start + i, 39))));
      }
      const { embedding } = await session.run({ head: float32Tensor(shape(batch), heads) });
      const values = embedding!.data as Float32Array;
      const { embeddingLength: length } = config;
      part.forEach((_, i) => rows.push(values.slice(i * length, (i + 1) * length)));
    }
  } finally {
    await session.release();
  }
  return rows;
}
