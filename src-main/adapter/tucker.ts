// LyCORIS's Tucker form of a convolution's LoRA (CP decomposition): down 1x1, a core of rank x rank x kernel, up 1x1.

import { toFloat32 } from '../tensor/half.ts';
import { elementCount, float32Tensor, type Tensor } from '../tensor/tensor.ts';

/**
 * down [r, in, 1, 1] and the core [r, r, kh, kw] as the one down matrix [r, in, kh, kw] that does the same:
 * down'[i, c, y, x] = sum over j of core[i, j, y, x] · down[j, c].
 */
export function foldTucker(down: Tensor, core: Tensor): Tensor {
  const [rank, inputs] = [down.shape[0]!, down.shape[1]!];
  const kernel = core.shape.slice(2);
  const taps = elementCount(kernel);
  const [narrow, middle] = [toFloat32(down).data as Float32Array, toFloat32(core).data as Float32Array];
  const folded = new Float32Array(rank * inputs * taps);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      for (let c = 0; c < inputs; c++) {
        const factor = narrow[j * inputs + c]!;
        const [to, from] = [(i * inputs + c) * taps, (i * rank + j) * taps];
        for (let tap = 0; tap < taps; tap++) folded[to + tap]! += middle[from + tap]! * factor;
      }
    }
  }
  return float32Tensor([rank, inputs, ...kernel], folded);
}
