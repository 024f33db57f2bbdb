// How a graph is simplified for a provider: what suits its kernels, and what its memory allows.

import { type AttentionLimits, defaultAttentionLimits, narrowerLimits } from './attention-slices.ts';
import type { SimplifyOptions } from './simplify.ts';

export interface ProviderForm {
  /** ONNX Runtime's execution provider, e.g. 'cpu'. */
  readonly provider: string;
  readonly favour?: 'speed' | 'memory';
  /** Attention in smaller slices than usual, see narrowerLimits(). */
  readonly isSliced?: boolean;
  /** The machine's memory. */
  readonly machineBytes: number;
}

export function providerOptions({ provider, favour, isSliced, machineBytes }: ProviderForm): SimplifyOptions {
  const limits = isSliced ? narrowerLimits : (usual: AttentionLimits) => usual;
  if (provider !== 'cpu') {
    return { attention: limits(defaultAttentionLimits), lowerTrigonometry: provider === 'webgpu' };
  }
  return {
    // the system hands out larger buffers page by page, each time anew: attention takes twice as long (measured)
    attention: limits({ ...defaultAttentionLimits, maxBufferBytes: 2 ** 24 }),
    turnedWeightBytes: 350e6,
    splitsWidely: true,
    // where speed counts convolutions may get another layout, which has its own form of it
    addsIntoConvolutions: favour === 'memory',
    // a quarter of the machine's memory for copies of half-precision weights, where memory counts
    ...(favour === 'memory' ? { copiedWeightBytes: machineBytes / 4 } : {}),
  };
}
