// Merges a LoRA into a base model's weights (Hu et al. 2021, section 4.2), a few rows at a time while they are read:
//   W' = W + adapterStrength · loraAlpha / rank · up · down, for convolutions with down's kernel unrolled.

import {
  blocksOf, type StreamedTensor, type WritableTable, type WritableTensor,
} from '../checkpoint/streamed-tensor.ts';
import { toFloat32 } from '../tensor/half.ts';
import { elementCount, float32Tensor, type Tensor } from '../tensor/tensor.ts';
import type { WeightTable } from '../tensor/weights.ts';
import { type AdaptedNetwork, type AdaptedWeights, type LoraLayer, textEncoderNames } from './lora-layers.ts';

export interface MergedWeights {
  readonly unet: WritableTable;
  readonly textEncoders: readonly WritableTable[];
}

/**
 * The base model's tables with every adapted weight replaced by the merged one, as float32 that is computed when it is
 * written. Several LoRAs merge by their layers in one list. Throws on a layer that the model does not have.
 */
export function mergeLora(weights: AdaptedWeights, layers: readonly LoraLayer[], strength: number): MergedWeights {
  return {
    unet: mergedTable('unet', weights.unet, layers, strength),
    textEncoders: weights.textEncoders.map(({ weights: table }, index) =>
      mergedTable(textEncoderNames[index]!, table, layers, strength)),
  };
}

function mergedTable(
  network: AdaptedNetwork, table: WeightTable, layers: readonly LoraLayer[], strength: number,
): WritableTable {
  const merged = new Map<string, WritableTensor>(table);
  for (const layer of layers) {
    if (layer.network !== network) continue;
    const name = `${layer.modulePath}.weight`;
    const source = merged.get(name);
    if (!source) throw new Error(`The ${network} has no ${name}.`);
    merged.set(name, mergedWeight(source, layer, strength));
  }
  return merged;
}

function mergedWeight(source: WritableTensor, layer: LoraLayer, strength: number): StreamedTensor {
  const { rank, loraAlpha } = layer;
  const [rows = 0, ...row] = source.shape;
  const width = elementCount(row);
  if (elementCount(layer.down.shape) !== rank * width || elementCount(layer.up.shape) !== rank * rows) {
    throw new Error(`${layer.modulePath} has other sizes than its weight.`);
  }
  return {
    dtype: 'float32', shape: source.shape,
    async *blocks() {
      const down = toFloat32(layer.down).data as Float32Array;
      const up = toFloat32(layer.up).data as Float32Array;
      let first = 0;
      for await (const block of blocksOf(source)) {
        const count = elementCount(block.shape) / width;
        yield addShare(block, down, up.subarray(first * rank, (first + count) * rank), strength * loraAlpha / rank);
        first += count;
      }
    },
  };
}

/** Adds scale · up · down to a block of rows; up holds the block's rows alone. Sums are float64, rounded once. */
function addShare(block: Tensor, down: Float32Array, up: Float32Array, scale: number): Tensor {
  const sum = toFloat32(block).data as Float32Array;
  const rows = block.shape[0]!;
  const [width, rank] = [sum.length / rows, up.length / rows];
  const share = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    share.fill(0);
    for (let r = 0; r < rank; r += 4) addFourRows(share, down, up.subarray(row * rank + r, (row + 1) * rank), r);
    const at = row * width;
    for (let i = 0; i < width; i++) sum[at + i]! += share[i]! * scale;
  }
  return float32Tensor(block.shape, sum);
}

/** Four rows of down at once, each times its factor: half the time of one by one. */
function addFourRows(share: Float64Array, down: Float32Array, factors: Float32Array, first: number): void {
  const width = share.length;
  const [a = 0, b = 0, c = 0, d = 0] = factors;
  const at = first * width;
  // rows past the last one count nothing; they are read in the last one's place
  const row = (offset: number): number => at + Math.min(offset, down.length / width - 1 - first) * width;
  const [second, third, fourth] = [row(1), row(2), row(3)];
  for (let i = 0; i < width; i++) {
    share[i]! += a * down[at + i]! + b * down[second + i]! + c * down[third + i]! + d * down[fourth + i]!;
  }
}
