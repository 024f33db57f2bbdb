// The memory of a step and of a portrait, told from the graphs of the model that comes with Likeness.

import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src-main/checkpoint/open-checkpoint.ts';
import { peakOf, portraitParts } from '../../src-main/networks/memory-plan.ts';
import { unetLoraModules } from '../../src-main/networks/lora-graph.ts';
import { openPackShelf } from '../../src-main/packs/pack-shelf.ts';
import { defaultAdamW } from '../../src-main/training/adamw.ts';
import { teachingPart } from '../../src-main/training/memory-plan.ts';

const shelf = await openPackShelf('resources', { list: () => [], add: () => undefined } as never);
const checkpoint = await openCheckpoint(shelf.list()[0]!.checkpointPath);
const modules = unetLoraModules(checkpoint.unetConfig, 'attention', { rank: 4, loraAlpha: 4 });
const trainables = { unet: { kind: 'lora', modules } } as const;
const step = { checkpoint, provider: 'cpu', optimizer: defaultAdamW, trainables } as const;

test('recomputing takes less memory, a larger batch more, and what learns is the same', () => {
  const size = { resolutionPx: 128, batchSize: 1 };
  const whole = teachingPart({ ...step, recompute: 'none' }, size);
  const lean = teachingPart({ ...step, recompute: 'blocks' }, size);
  const large = teachingPart({ ...step, recompute: 'none' }, { ...size, batchSize: 2 });
  expect(lean.activationBytes).toBeLessThan(0.8 * whole.activationBytes);
  expect(large.activationBytes).toBeGreaterThan(1.2 * whole.activationBytes);
  expect(lean.trainingBytes).toBe(whole.trainingBytes);
});

test('the networks of a portrait are loaded together and run one at a time', () => {
  const parts = portraitParts(checkpoint, { widthPx: 128, heightPx: 128, rows: 2, precision: 'float32' });
  const weights = parts.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  expect(parts.map(({ name }) => name)).toEqual(['text-encoder', 'unet', 'vae']);
  expect(peakOf(parts)).toBe(weights + Math.max(...parts.map(({ activationBytes }) => activationBytes)));
});
