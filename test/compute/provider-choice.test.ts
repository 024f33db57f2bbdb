// Which provider does the work, in which precision, and that a processor in a GPU's place always says why.

import { expect, test } from 'vitest';
import { UserError } from '../../src-main/contract/errors.ts';
import type { ProviderName } from '../../src-main/contract/machine.ts';
import {
  type AskedProvider, choose, type ChosenProvider, onProvider, providersOf,
} from '../../src-main/compute/provider-choice.ts';
import { type Trial, tryProvider } from '../../src-main/compute/provider-trial.ts';

const processor: Trial = { works: true, reason: '', durationMs: 20, checksum: 1.5, canHalf: false };
const graphics: Trial = { works: true, reason: '', durationMs: 5, checksum: 1.501, canHalf: true };
const missing: Trial = { works: false, reason: 'No supported adapters', durationMs: 0, checksum: 0, canHalf: false };
const auto: AskedProvider = { provider: 'auto', precision: 'auto' };

type Told = Pick<ChosenProvider, 'fallbackReason'>;

/** The choice on a platform whose GPU providers gave these trials; and which of them were tried. */
async function chosen(asked: Partial<AskedProvider>, trials: Partial<Record<ProviderName, Trial>>, platform = 'linux') {
  const tried: ProviderName[] = [];
  const choice = await choose({ ...auto, ...asked }, providersOf(platform as NodeJS.Platform), async (name) => {
    tried.push(name);
    return name === 'cpu' ? processor : trials[name] ?? missing;
  });
  return { ...choice, tried };
}

test('each platform has its own order, and the first that works is taken', async () => {
  expect(providersOf('win32')).toEqual(['dml', 'webgpu', 'cpu']);
  expect(providersOf('linux')).toEqual(['cuda', 'webgpu', 'cpu']);
  expect(providersOf('darwin')).toEqual(['webgpu', 'cpu']);
  const both = { cuda: graphics, webgpu: graphics, dml: graphics };
  expect(await chosen({}, both)).toMatchObject({ provider: 'cuda', fallbackReason: null });
  expect(await chosen({}, both, 'win32')).toMatchObject({ provider: 'dml', fallbackReason: null });
  expect(await chosen({}, both, 'darwin')).toMatchObject({ provider: 'webgpu', fallbackReason: null });
  // what is not looked at is not tried: a driver may take long over it
  expect((await chosen({}, both)).tried).not.toContain('webgpu');
});

test('a provider that is not there gives way without a word, one that is wrong or slow with one', async () => {
  expect(await chosen({}, { webgpu: graphics })).toMatchObject({ provider: 'webgpu', fallbackReason: null });
  const wrong = await chosen({}, { cuda: { ...graphics, checksum: 1.7 }, webgpu: graphics });
  expect(wrong.provider).toBe('webgpu');
  expect(wrong.fallbackReason).toContain('CUDA computed a wrong');
  const slow = await chosen({}, { webgpu: { ...graphics, durationMs: 90 } });
  expect(slow.provider).toBe('cpu');
  expect(slow.fallbackReason).toContain('90 ms against 20 ms');
  expect(slow.fallbackReason).toContain('CUDA cannot be used here: No supported adapters');
});

test('who asks for one gets it even where it is slower, but not where it is wrong or missing', async () => {
  const asked = { provider: 'webgpu' } as const;
  expect((await chosen(asked, { webgpu: { ...graphics, durationMs: 90 } })).provider).toBe('webgpu');
  expect((await chosen(asked, { webgpu: { ...graphics, checksum: 1.7 } })).fallbackReason).toContain('wrong result');
  expect(await chosen(asked, { cuda: graphics })).toMatchObject({ provider: 'cpu' });
  expect((await chosen(asked, {})).fallbackReason).toContain('No supported adapters');
  const elsewhere = await chosen({ provider: 'dml' }, { cuda: graphics });
  expect(elsewhere).toMatchObject({ provider: 'cpu', tried: [] });
  expect(elsewhere.fallbackReason).toContain('no DirectML');
});

test('who asks for the processor gets it without an excuse, in float32', async () => {
  expect(await chosen({ provider: 'cpu', precision: 'float16' }, { webgpu: graphics })).toMatchObject({
    provider: 'cpu', precision: 'float32', fallbackReason: null, tried: [],
  });
});

test('float16 where it computes right, float32 where it does not or is asked for', async () => {
  expect((await chosen({}, { webgpu: graphics })).precision).toBe('float16');
  expect((await chosen({ precision: 'float32' }, { webgpu: graphics })).precision).toBe('float32');
  const without = { webgpu: { ...graphics, canHalf: false } };
  expect(await chosen({}, without)).toMatchObject({ precision: 'float32', fallbackReason: null });
  const asked = await chosen({ precision: 'float16' }, without);
  expect(asked).toMatchObject({ provider: 'webgpu', precision: 'float32' });
  expect(asked.fallbackReason).toContain('float16 is not right');
});

test('a GPU that fails in the middle of the work is replaced by the processor, and that is said', async () => {
  const said: (string | null)[] = [];
  const reporter = { provider: ({ fallbackReason }: Told) => void said.push(fallbackReason) };
  const chooser = { choose: () => chosen({}, { webgpu: graphics }) };
  const result = await onProvider(chooser, auto, reporter, async ({ provider, precision }) => {
    if (provider === 'webgpu') throw new Error('device lost');
    return [provider, precision];
  });
  expect(result).toEqual(['cpu', 'float32']);
  expect(said).toEqual([null, expect.stringContaining('device lost')]);
  const wrongSize = new UserError('generation.size', { what: 'w.', safe: 's.', todo: 't.' });
  await expect(onProvider(chooser, auto, reporter, () => Promise.reject(wrongSize))).rejects.toBe(wrongSize);
});

test('what 16 bits cannot hold is done again in 32, unless 16 were asked for by name', async () => {
  const said: (string | null)[] = [];
  const reporter = { provider: ({ fallbackReason }: Told) => void said.push(fallbackReason) };
  const exceeds = new UserError('generation.exceeds-half', { what: 'w.', safe: 's.', todo: 't.' });
  const withHalf = { choose: async (): Promise<ChosenProvider> => ({
    ...await chosen({}, { webgpu: graphics }), precision: 'float16',
  }) };
  const work = async ({ provider, precision }: ChosenProvider): Promise<string[]> => {
    if (precision === 'float16') throw exceeds;
    if (provider === 'webgpu') throw new Error('out of memory');
    return [provider, precision];
  };
  expect(await onProvider(withHalf, auto, reporter, work)).toEqual(['cpu', 'float32']);
  expect(said).toEqual([null, expect.stringContaining('32-bit'), expect.stringContaining('out of memory')]);
  await expect(onProvider(withHalf, { ...auto, precision: 'float16' }, reporter, work)).rejects.toBe(exceeds);
});

test('the trial really computes', async () => {
  const trial = await tryProvider('cpu');
  expect(trial).toMatchObject({ works: true, reason: '', canHalf: false });
  expect(trial.durationMs).toBeGreaterThan(0);
  expect(trial.checksum).toBeGreaterThan(0.01);
  expect(Number.isFinite(trial.checksum)).toBe(true);
});
