// How much memory a way of teaching takes, where it was measured at real size (test/bench/RESULTS.md, SD 1.5 and SDXL
// on the processor, 512 x 512, one picture at a time, LoRA rank 8). Nothing is said of what was not measured.

import type { Pack } from '../../src-main/contract/nouns.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';

const measuredEdgePx = 512;
/** Peak bytes by architecture and by whether activations are computed again. */
const measuredBytes: Readonly<Partial<Record<Pack['architecture'], Partial<Record<'none' | 'blocks', number>>>>> = {
  sd15: { none: 6.33e9, blocks: 5.56e9 }, sdxl: { blocks: 12.48e9 },
};

/** Peak memory of teaching in bytes; null where it was not measured, as for larger pictures or batches. */
export function teachingMemoryBytes(
  pack: Pack | null, method: Method, { resolutionPx, batchSize, recompute = 'none', rank = 8 }: TrainingSettings,
): number | null {
  if (!pack || pack.isBuiltIn || method !== 'lora' || rank > 64) return null;
  if ((resolutionPx ?? Infinity) > measuredEdgePx || (batchSize ?? 1) > 1) return null;
  return measuredBytes[pack.architecture]?.[recompute] ?? null;
}
