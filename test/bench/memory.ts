// What the memory planner says beside what was measured, and its plans for cards of several sizes.

import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import type { MemoryPart, MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import { drawingChoices, drawingSuggestions } from '../../src-main/compute/memory-of-portraits.ts';
import { teachingChoices, teachingSuggestions } from '../../src-main/compute/memory-of-teaching.ts';
import { fitted } from '../../src-main/compute/memory-plan.ts';
import { type MemoryForm, peakOf, portraitParts } from '../../src-main/networks/memory-plan.ts';
import { generationDefaultsFor, trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { teachingPart } from '../../src-main/training/memory-plan.ts';
import { totalmem } from 'node:os';
import { type BenchMode, benchModules, recomputeOf } from './bench-modes.ts';
import { weightlessInstantId } from './instant-id-files.ts';
import { measure, type RealSizeBenchOptions, withCheckpoint } from './real-size.ts';
import { type RealModel, realModels } from './real-size-configs.ts';
import { weightlessCheckpoint } from './weightless.ts';

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2).padStart(6);

/** A table: each kind of run, predicted and measured. */
export async function benchMemory(options: RealSizeBenchOptions): Promise<string[]> {
  const { title } = realModels[options.model];
  return await withCheckpoint(options, async (folder) => {
    const lines = [`${title}, ${options.latentEdge * 8} px, ${options.dtype}: predicted, measured (GB), difference`];
    for (const mode of options.modes) {
      const predicted = await predictedPeak(folder, mode, options);
      const { anonymousBytes, mappedBytes } = await measure(folder, mode, { ...options, repeats: 1 });
      const measured = anonymousBytes + mappedBytes;
      const percent = (100 * (predicted / measured - 1)).toFixed(1).padStart(6);
      lines.push(`${mode.padEnd(13)}${gigabytes(predicted)} ${gigabytes(measured)} ${percent} %`);
    }
    return lines;
  });
}

async function predictedPeak(folder: string, mode: BenchMode, { latentEdge }: RealSizeBenchOptions): Promise<number> {
  const checkpoint = await openCheckpoint(folder);
  const form = { provider: 'cpu', precision: 'float32', favour: 'memory', machineBytes: totalmem() } as const;
  const px = latentEdge * 8;
  if (mode === 'forward') {
    const parts = portraitParts(checkpoint, { ...form, widthPx: px, heightPx: px, rows: 1 });
    return peakOf(parts.filter(({ name }) => name === 'unet'));
  }
  const modules = benchModules(checkpoint.unetConfig, mode);
  return peakOf([teachingPart({
    checkpoint, trainables: { unet: { kind: 'lora', modules } }, optimizer: defaultAdamW, ...form,
    recompute: recomputeOf(mode),
  }, { resolutionPx: px, batchSize: 1 })]);
}

/** A graphics card of so much memory, in float16. */
function cardOf(memoryBytes: number): Card {
  const computes = { provider: 'webgpu', precision: 'float16', memoryBytes } as const;
  return { computes, machine: { ...computes, machineBytes: 32e9 } };
}

interface Card {
  readonly computes: { readonly provider: 'webgpu'; readonly precision: 'float16'; readonly memoryBytes: number };
  readonly machine: Omit<MemoryForm, 'favour'> & { readonly provider: 'webgpu' };
}

function teaching(
  model: RealModel, px: number, targets: 'attention' | 'transformer', { computes, machine }: Card,
): MemoryPlan {
  const asked = {
    checkpoint: weightlessCheckpoint(model, 'float16', true), method: 'lora' as const,
    settings: { ...trainingDefaultsFor(model, px).lora, targets },
  };
  return fitted(computes, teachingChoices(asked, machine), teachingSuggestions(asked, computes)).plan;
}

function drawing(model: RealModel, px: number, isInstant: boolean, { computes, machine }: Card): MemoryPlan {
  const asked = {
    checkpoint: weightlessCheckpoint(model, 'float16', true), settings: generationDefaultsFor(px),
    ...(isInstant ? { instantId: weightlessInstantId('float16') } : {}),
  };
  return fitted(computes, drawingChoices(asked, machine), drawingSuggestions(asked, computes)).plan;
}

/** Rows of a Markdown table: float16 on a graphics card, without any checkpoint. */
export function benchMemoryPlans(): string[] {
  const [small, large] = [cardOf(6e9), cardOf(12e9)];
  return [
    '| work | card | weights | values | what learns | peak | so that it fits |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    row('LoRA on SD 1.5, 512×512', '6 GB', teaching('sd15', 512, 'transformer', small)),
    row('LoRA on SDXL, 1024×1024, attention', '12 GB', teaching('sdxl', 1024, 'attention', large)),
    row('LoRA on SDXL, 1024×1024, transformer', '12 GB', teaching('sdxl', 1024, 'transformer', large)),
    row('portrait with SD 1.5, 512×512', '6 GB', drawing('sd15', 512, false, small)),
    row('portrait with SDXL, 1024×1024', '12 GB', drawing('sdxl', 1024, false, large)),
    row('InstantID on SDXL, 1024×1024', '12 GB', drawing('sdxl', 1024, true, large)),
  ];
}

function row(work: string, card: string, { parts, peakBytes, changes, fits }: MemoryPlan): string {
  const stage = largestStage(parts);
  const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  const own = (part: MemoryPart): number => part.activationBytes + part.trainingBytes;
  const running = stage.toSorted((a, b) => own(b) - own(a))[0]!;
  const weights = stage.reduce((sum, part) => sum + part.weightBytes, 0);
  const what = changes.map(({ setting }) => ({
    sequential: 'one network after the other', 'tiled-vae': 'decoded in tiles', recompute: 'values computed again',
    'attention-slices': 'attention in smaller slices',
  } as Readonly<Record<string, string>>)[setting]).join(', ');
  const cells = [weights, running.activationBytes, running.trainingBytes, peakBytes].map(gb).join(' | ');
  return `| ${work} | ${card} | ${cells} | ${fits ? what || '–' : 'does not fit'} |`;
}

function largestStage(parts: readonly MemoryPart[]): MemoryPart[] {
  const numbers = [...new Set(parts.map(({ stage }) => stage))];
  const stages = numbers.map((each) => parts.filter(({ stage }) => stage === each));
  return stages.sort((a, b) => peakOf(b) - peakOf(a))[0]!;
}
