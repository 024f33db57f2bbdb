// Which provider does the work: the one that was asked for, else the faster of those that compute right.
// Whenever the processor takes the place of a GPU, the choice says why.

import { availableParallelism } from 'node:os';
import { UserError } from '../contract/errors.ts';
import type { ProviderChoice } from '../contract/settings.ts';
import type { Reporter } from './reporter.ts';
import { type Trial, type TriedProvider, shortReason, tryProvider, tryProviderApart } from './provider-trial.ts';

export interface ChosenProvider {
  readonly provider: TriedProvider;
  readonly fallbackReason: string | null;
  readonly deviceName: string;
}

/** Remembers what was tried, for as long as the engine lives. */
export interface ProviderChooser {
  choose(asked: ProviderChoice): Promise<ChosenProvider>;
  trial(provider: TriedProvider): Promise<Trial>;
}

/** Providers add in different orders; more than this apart is wrong, not rounding. */
const relativeTolerance = 1e-2;

export function openProviderChooser(): ProviderChooser {
  const trials = new Map<TriedProvider, Promise<Trial>>();
  const trial = (provider: TriedProvider): Promise<Trial> => {
    const found = trials.get(provider) ?? (provider === 'cpu' ? tryProvider('cpu') : tryProviderApart(provider));
    trials.set(provider, found);
    return found;
  };
  return {
    trial,
    async choose(asked) {
      if (asked === 'cpu') return processor(null);
      return decide(asked, await trial('cpu'), await trial('webgpu'));
    },
  };
}

/**
 * Does the work on the provider that was asked for; when a GPU fails in it, does it again on the processor and says so.
 * What a person can act on (a UserError) is no failing GPU and is thrown on.
 */
export async function onProvider<T>(
  chooser: ProviderChooser, asked: ProviderChoice, reporter: Pick<Reporter, 'provider'>,
  work: (provider: TriedProvider) => Promise<T>,
): Promise<T> {
  const first = await chooser.choose(asked);
  reporter.provider(first.provider, first.fallbackReason, first.deviceName);
  try {
    return await work(first.provider);
  } catch (error) {
    if (first.provider === 'cpu' || error instanceof UserError) throw error;
    const reason = shortReason(error);
    const second = processor(`The processor does the work, because the GPU failed in the middle of it: ${reason}`);
    reporter.provider(second.provider, second.fallbackReason, second.deviceName);
    return await work(second.provider);
  }
}

/** The decision alone, from what the trials gave. */
export function decide(asked: ProviderChoice, cpu: Trial, webgpu: Trial): ChosenProvider {
  if (asked === 'cpu') return processor(null);
  if (!webgpu.works) {
    return processor(`The processor does the work, because WebGPU cannot be used here: ${webgpu.reason}`);
  }
  if (Math.abs(webgpu.checksum - cpu.checksum) > relativeTolerance * Math.abs(cpu.checksum)) {
    return processor('The processor does the work, because WebGPU computed a wrong result on this machine.');
  }
  if (asked === 'auto' && webgpu.durationMs >= cpu.durationMs) {
    const times = `${webgpu.durationMs.toFixed(0)} ms against ${cpu.durationMs.toFixed(0)} ms`;
    return processor(`The processor does the work, because WebGPU is slower on this machine (${times}).`);
  }
  return { provider: 'webgpu', fallbackReason: null, deviceName: 'GPU (WebGPU)' };
}

function processor(fallbackReason: string | null): ChosenProvider {
  const cores = availableParallelism();
  return { provider: 'cpu', fallbackReason, deviceName: `${cores} processor ${cores === 1 ? 'core' : 'cores'}` };
}
