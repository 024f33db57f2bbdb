// The memory of a step and of a portrait, told from graphs alone: real sizes without their weights, where the aims are,
// and what is measured beside them by the bench.

import { expect, test } from 'vitest';
import { drawingChoices } from '../../src-main/compute/memory-of-portraits.ts';
import { teachingChoices, teachingSuggestions } from '../../src-main/compute/memory-of-teaching.ts';
import { checkFits, fitted } from '../../src-main/compute/memory-plan.ts';
import { peakOf, portraitParts } from '../../src-main/networks/memory-plan.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { teachingPart } from '../../src-main/training/memory-plan.ts';
import { trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { weightlessCheckpoint } from '../bench/weightless.ts';

const sd15 = weightlessCheckpoint('sd15', 'float32');
const form = { provider: 'cpu', precision: 'float32', favour: 'memory', machineBytes: 24e9 } as const;

function loraStep(recompute: 'none' | 'blocks'): number {
  const modules = unetLoraModules(sd15.unetConfig, 'attention', { rank: 8, loraAlpha: 8 });
  const step = { checkpoint: sd15, optimizer: defaultAdamW, trainables: { unet: { kind: 'lora', modules } } } as const;
  return peakOf([teachingPart({ ...step, ...form, recompute }, { resolutionPx: 512, batchSize: 1 })]);
}

test('a LoRA step of SD 1.5 is told within 15 % of what was measured on the processor', () => {
  // RESULTS.md, 2026-11-27
  expect(Math.abs(loraStep('none') / 6.25e9 - 1)).toBeLessThan(0.15);
  expect(Math.abs(loraStep('blocks') / 5.25e9 - 1)).toBeLessThan(0.15);
});

test('a portrait in tiles and network by network takes less, and the plan says what it changed', () => {
  const asked = { checkpoint: sd15, settings: { widthPx: 1024, heightPx: 1024 } };
  const choices = drawingChoices(asked, form);
  const peaks = choices.map(({ parts }) => peakOf(parts()));
  expect(peaks[1]).toBeLessThan(peaks[0]! - 1e9);
  expect(peaks[2]).toBeLessThan(peaks[1]! - 0.3e9);
  const computes = { provider: 'webgpu', precision: 'float32', memoryBytes: peaks[1]! / 0.9 + 1e6 } as const;
  const { plan, saving } = fitted(computes, choices, () => []);
  expect(saving).toEqual({ isSequential: false, isTiled: true });
  expect(plan.changes).toEqual([expect.objectContaining({ setting: 'tiled-vae' })]);
  expect(plan.changes[0]!.savedBytes).toBeCloseTo(peaks[0]! - peaks[1]!, -3);
});

test('where recomputation is not enough it is refused, with a batch that would fit', () => {
  const settings = { ...trainingDefaultsFor('sd15', 256).lora, batchSize: 8, previewCount: 0 };
  const asked = { checkpoint: weightlessCheckpoint('sd15', 'float16'), method: 'lora', settings } as const;
  const computes = { provider: 'webgpu', precision: 'float16', memoryBytes: 3.2e9 } as const;
  const { plan, saving } = fitted(
    computes, teachingChoices(asked, { ...computes, machineBytes: 24e9 }), teachingSuggestions(asked, computes));
  expect(saving).toEqual({ recompute: 'blocks', isSequential: true });
  expect(plan.changes.map(({ setting }) => setting)).toEqual(['sequential', 'recompute']);
  expect(plan.fits).toBe(false);
  expect(plan.suggestions[0]).toMatchObject({ setting: 'batch', from: '8' });
  expect(() => checkFits(plan)).toThrow(/graphics memory/);
  expect(() => checkFits({ ...plan, availableBytes: null })).not.toThrow();
});

test('the networks of a portrait are loaded together and run one at a time', () => {
  const parts = portraitParts(sd15, { ...form, widthPx: 512, heightPx: 512, rows: 1 });
  expect(parts.map(({ name }) => name)).toEqual(['text-encoder', 'unet', 'vae']);
  const [, unet] = parts;
  // 859.5 million parameters
  expect(unet!.weightBytes / 4).toBeCloseTo(859.5e6, -6);
});
