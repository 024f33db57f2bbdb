// `likeness plan` through the real program: what teaching and portraits would take, in a table or as a document, with
// nothing started and no library made; and the table's words for what is changed and for what does not fit.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryPlanSchema, type MemoryPlan } from '../../src-main/contract/memory-plan.ts';
import { memoryLines } from '../../src-main/host/memory-lines.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { runProgram } from './run-program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-plan-'));
  await writeTinyPack(join(folder, 'pack'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan = (...words: string[]) => (
  runProgram(folder, ['plan', '--pack', 'pack', '--provider', 'cpu', ...words]));

interface Planned { readonly teaching: unknown; readonly portraits: unknown }

test('teaching and portraits are told, by what was asked for, and no library is made', async () => {
  const { code, output } = await plan('--json', '--rank', '2', '--upscale', '2', '--width', '64', '--height', '64');
  expect(code).toBe(0);
  const document = JSON.parse(output) as Planned;
  const [teaching, portraits] = [document.teaching, document.portraits].map((one) => memoryPlanSchema.parse(one));
  expect(teaching!.fits && portraits!.fits).toBe(true);
  expect(teaching!.parts.find(({ name }) => name === 'trainer')!.trainingBytes).toBeGreaterThan(0);
  expect(portraits!.parts.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['text-encoder', 'unet', 'vae', 'vae-encoder', 'likeness']));
  expect(existsSync(join(folder, 'data', 'likeness'))).toBe(false);
});

test('in words it is a table', async () => {
  const { code, output } = await plan('--rank', '2');
  expect(code).toBe(0);
  expect(output).toMatch(/^Teaching .+ \(lora\): 0\.\d GB of the [\d.]+ GB that can be used\. It fits\.$/m);
  expect(output).toMatch(/^ +training +\d+ MB +[\d.]+ [MG]B +\d+ MB$/m);
  expect(output).toMatch(/^Portraits with .+ It fits\.$/m);
});

test('what is changed so that it fits, and what would help, stands below', () => {
  const part = { name: 'unet', weightBytes: 5e9, activationBytes: 3e9, trainingBytes: 0, stage: 1 };
  const tooLarge: MemoryPlan = {
    provider: 'webgpu', precision: 'float16', memory: 'graphics', peakBytes: 8e9, availableBytes: 7e9, fits: false,
    parts: [{ ...part, name: 'text-encoder', stage: 0 }, part],
    changes: [{ setting: 'attention-slices', from: '1', to: '4', savedBytes: 1e9, timeFactor: 1.1 }],
    suggestions: [{ setting: 'batch', from: '4', to: '2', savedBytes: 2e9, timeFactor: 1 }],
  };
  expect(memoryLines('Teaching', tooLarge)).toEqual([
    'Teaching: 8.0 GB of the 7.0 GB that can be used. It does not fit.',
    '  on webgpu in float16, graphics memory',
    '                     weights    values    learns',
    '  loaded together, 1', '    text encoder      5.0 GB    3.0 GB      0 MB',
    '  loaded together, 2', '    UNet              5.0 GB    3.0 GB      0 MB',
    '  So that it fits: attention is computed in smaller slices (saves 1.0 GB, takes 1.1 times as long)',
    '  What would help: a batch of 2 instead of 4 (saves 2.0 GB)',
  ]);
});
