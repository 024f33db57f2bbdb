// What merging a LoRA adds to the weights of its layers, by the definition.

import { layoutOf } from '../../src-main/networks/flat-parameters.ts';
import { downName, type LoraModule, loraTrainables, upName } from '../../src-main/networks/lora-graph.ts';
import { elementCount } from '../../src-main/tensor/tensor.ts';

/** strength · loraAlpha / rank · up · down of every module, by its path. */
export function loraChanges(
  modules: readonly LoraModule[], flat: Float32Array, strength: number,
): Map<string, Float64Array> {
  const { entries } = layoutOf(loraTrainables(modules));
  const part = (name: string): Float32Array => {
    const { offset, size } = entries.find((entry) => entry.name === name)!;
    return flat.subarray(offset, offset + size);
  };
  return new Map(modules.map(({ path, weightShape, rank, loraAlpha }) => {
    const width = elementCount(weightShape.slice(1));
    const [down, up] = [part(downName(path)), part(upName(path))];
    return [path, Float64Array.from({ length: weightShape[0]! * width }, (_, i) => {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += up[Math.floor(i / width) * rank + r]! * down[r * width + i % width]!;
      return sum * strength * loraAlpha / rank;
    })];
  }));
}
