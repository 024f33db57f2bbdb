// Tensors that runs have left on the GPU: nothing frees them but whoever holds them.

import { type DeviceTensor, isOnDevice } from '../runtime/session.ts';
import type { Tensor } from '../tensor/tensor.ts';

export class HeldTensors {
  readonly #held = new Set<DeviceTensor>();

  /** From now on these are held; tensors that came over are none of its business. */
  hold(tensors: Iterable<Tensor | DeviceTensor>): void {
    for (const tensor of tensors) if (isOnDevice(tensor)) this.#held.add(tensor);
  }

  /** Gives the memory of all others back. */
  releaseAllBut(tensors: Iterable<Tensor | DeviceTensor>): void {
    const kept = new Set<Tensor | DeviceTensor>(tensors);
    for (const tensor of this.#held) {
      if (kept.has(tensor)) continue;
      this.#held.delete(tensor);
      tensor.release();
    }
  }
}
