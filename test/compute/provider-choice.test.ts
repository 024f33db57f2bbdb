// Which provider does the work, and that a processor in a GPU's place always says why.

import { expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import { decide, onProvider } from '../../src-main/compute/provider-choice.ts';
import { type Trial, tryProvider } from '../../src-main/compute/provider-trial.ts';

const processor: Trial = { works: true, reason: '', durationMs: 20, checksum: 1.5 };
const graphics: Trial = { works: true, reason: '', durationMs: 5, checksum: 1.501 };
const missing: Trial = { works: false, reason: 'No supported adapters', durationMs: 0, checksum: 0 };

test('the faster of those that compute right does the work', () => {
  expect(decide('auto', processor, graphics)).toMatchObject({ provider: 'webgpu', fallbackReason: null });
  const slow = decide('auto', processor, { ...graphics, durationMs: 90 });
  expect(slow.provider).toBe('cpu');
  expect(slow.fallbackReason).toContain('90 ms against 20 ms');
});

test('who asks for WebGPU gets it even where it is slower, but not where it is wrong or missing', () => {
  expect(decide('webgpu', processor, { ...graphics, durationMs: 90 }).provider).toBe('webgpu');
  expect(decide('webgpu', processor, { ...graphics, checksum: 1.7 }).fallbackReason).toContain('wrong result');
  expect(decide('webgpu', processor, missing)).toMatchObject({ provider: 'cpu' });
  expect(decide('webgpu', processor, missing).fallbackReason).toContain('No supported adapters');
});

test('who asks for the processor gets it without an excuse', () => {
  expect(decide('cpu', processor, graphics)).toMatchObject({ provider: 'cpu', fallbackReason: null });
});

test('a GPU that fails in the middle of the work is replaced by the processor, and that is said', async () => {
  const said: (string | null)[] = [];
  const reporter = { provider: (_name: string, reason: string | null) => void said.push(reason) };
  const chooser = { trial: async () => graphics, choose: async () => decide('auto', processor, graphics) };
  const result = await onProvider(chooser, 'auto', reporter, async (provider) => {
    if (provider === 'webgpu') throw new Error('device lost');
    return provider;
  });
  expect(result).toBe('cpu');
  expect(said).toEqual([null, expect.stringContaining('device lost')]);
  const wrongSize = new UserError('generation.size', { what: 'w.', safe: 's.', todo: 't.' });
  await expect(onProvider(chooser, 'auto', reporter, () => Promise.reject(wrongSize))).rejects.toBe(wrongSize);
});

test('the trial really computes', async () => {
  const trial = await tryProvider('cpu');
  expect(trial).toMatchObject({ works: true, reason: '' });
  expect(trial.durationMs).toBeGreaterThan(0);
  expect(trial.checksum).toBeGreaterThan(0.01);
  expect(Number.isFinite(trial.checksum)).toBe(true);
});
