// What is measured of a model at its real size: a forward pass, and steps of two LoRAs.

import type { UnetConfig } from '../../src-main/checkpoint/configs.ts';
import { type LoraModule, unetLoraModules } from '../../src-main/networks/lora-graph.ts';

/**
 * 'lean-step' computes the activations of each block again in the backward pass; 'default-step' too, with the LoRA that
 * the studio teaches unless told: rank 16 on the whole transformers.
 */
export type BenchMode = 'forward' | 'step' | 'lean-step' | 'default-step';

/** The LoRA that learns. */
export function benchModules(unetConfig: UnetConfig, mode: BenchMode): LoraModule[] {
  return mode === 'default-step'
    ? unetLoraModules(unetConfig, 'transformer', { rank: 16, loraAlpha: 16 })
    : unetLoraModules(unetConfig, 'attention', { rank: 8, loraAlpha: 8 });
}

export function recomputeOf(mode: BenchMode): 'none' | 'blocks' {
  return mode === 'lean-step' || mode === 'default-step' ? 'blocks' : 'none';
}
