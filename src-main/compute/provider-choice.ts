// Which provider does the work: the one that was asked for, else the first of the platform's order that computes right
// and is faster than the processor. Whenever another than the asked one takes its place, the choice says why.

import { availableParallelism } from 'node:os';
import { UserError } from '../contract/errors.ts';
import type { Precision, ProviderName } from '../contract/machine.ts';
import type { PrecisionChoice, ProviderChoice } from '../contract/settings.ts';
import { type GraphicsCard, graphicsCards } from './graphics-cards.ts';
import type { Reporter } from './reporter.ts';
import { type Trial, shortReason, tryProvider, tryProviderApart } from './provider-trial.ts';

export interface ChosenProvider {
  readonly provider: ProviderName;
  readonly precision: Precision;
  readonly fallbackReason: string | null;
  readonly deviceName: string;
  /** Of the graphics card; null where it is not told, and for the processor. */
  readonly memoryBytes: number | null;
}

/** What a request asks for. */
export interface AskedProvider {
  readonly provider: ProviderChoice;
  readonly precision: PrecisionChoice;
}

/** Remembers what was tried, for as long as the engine lives. */
export interface ProviderChooser {
  choose(asked: AskedProvider): Promise<ChosenProvider>;
  trial(provider: ProviderName): Promise<Trial>;
}

export type Trials = (provider: ProviderName) => Promise<Trial>;

/** Providers add in different orders; more than this apart is wrong, not rounding. */
const relativeTolerance = 1e-2;

const names: Readonly<Record<ProviderName, string>> = {
  cpu: 'The processor', webgpu: 'WebGPU', cuda: 'CUDA', dml: 'DirectML',
};

/** In the order in which they are used: CUDA is prebuilt for Linux alone, DirectML is Windows' own. */
export function providersOf(platform: NodeJS.Platform = process.platform): ProviderName[] {
  if (platform === 'win32') return ['dml', 'webgpu', 'cpu'];
  return platform === 'linux' ? ['cuda', 'webgpu', 'cpu'] : ['webgpu', 'cpu'];
}

export function openProviderChooser(platform = process.platform, cards = graphicsCards): ProviderChooser {
  const trials = new Map<ProviderName, Promise<Trial>>();
  const trial = (provider: ProviderName): Promise<Trial> => {
    const found = trials.get(provider) ?? (provider === 'cpu' ? tryProvider('cpu') : tryProviderApart(provider));
    trials.set(provider, found);
    return found;
  };
  let found: Promise<GraphicsCard[]> | undefined;
  return {
    trial,
    choose: async (asked) => {
      const choice = await choose(asked, providersOf(platform), trial);
      return choice.provider === 'cpu' ? choice : ofCard(choice, await (found ??= cards()));
    },
  };
}

/** The first card stands for all: ONNX Runtime takes the one that its driver names first. */
function ofCard(choice: ChosenProvider, [card]: readonly GraphicsCard[]): ChosenProvider {
  if (!card) return choice;
  return { ...choice, deviceName: `${card.name} (${names[choice.provider]})`, memoryBytes: card.memoryBytes };
}

/**
 * Does the work on the provider that was asked for; when a GPU fails in it, does it again on the processor and says so.
 * What float16 cannot hold is done again in float32, unless float16 was asked for by name. Anything else that a person
 * can act on (a UserError) is no failing GPU and is thrown on.
 */
export async function onProvider<T>(
  chooser: Pick<ProviderChooser, 'choose'>, asked: AskedProvider, reporter: Pick<Reporter, 'provider'>,
  work: (chosen: ChosenProvider) => Promise<T>,
): Promise<T> {
  for (let chosen = await chooser.choose(asked); ;) {
    reporter.provider(chosen);
    try {
      return await work(chosen);
    } catch (error) {
      const next = insteadOf(chosen, asked, error);
      if (!next) throw error;
      chosen = next;
    }
  }
}

/** What does the work after it failed; undefined where nothing else would help. */
function insteadOf(failed: ChosenProvider, asked: AskedProvider, error: unknown): ChosenProvider | undefined {
  if (error instanceof UserError) {
    const mayWiden = error.code.endsWith('.exceeds-half') && failed.precision === 'float16';
    if (!mayWiden || asked.precision === 'float16') return undefined;
    const fallbackReason = 'The work goes on in 32-bit numbers, because 16 bits cannot hold those of this model.';
    return { ...failed, precision: 'float32', fallbackReason };
  }
  if (failed.provider === 'cpu') return undefined;
  return processor(`The processor does the work, because the GPU failed in the middle of it: ${shortReason(error)}`);
}

/** The decision alone: `order` ends with the processor; only what is looked at is tried. */
export async function choose(
  { provider: asked, precision }: AskedProvider, order: readonly ProviderName[], trial: Trials,
): Promise<ChosenProvider> {
  if (asked === 'cpu') return processor(null);
  const wanted = order.filter((name) => name !== 'cpu' && (asked === 'auto' || name === asked));
  if (wanted.length === 0) {
    return processor(`The processor does the work, because this system has no ${names[asked as ProviderName]}.`);
  }
  const cpu = await trial('cpu');
  const reasons: string[] = [];
  for (const name of wanted) {
    const reason = whyNot(name, await trial(name), cpu, asked === 'auto');
    if (reason === undefined) return graphics(name, await trial(name), precision, reasons);
    reasons.push(reason);
  }
  return processor(`The processor does the work, because ${inOrder(reasons)}`);
}

/** As half a sentence with its full stop; undefined where the provider serves. */
function whyNot(name: ProviderName, own: Trial, cpu: Trial, mustBeFaster: boolean): string | undefined {
  if (!own.works) return `${names[name]} cannot be used here: ${own.reason.replace(/\.$/, '')}.`;
  if (Math.abs(own.checksum - cpu.checksum) > relativeTolerance * Math.abs(cpu.checksum)) {
    return `${names[name]} computed a wrong result on this machine.`;
  }
  if (!mustBeFaster || own.durationMs < cpu.durationMs) return undefined;
  const times = `${own.durationMs.toFixed(0)} ms against ${cpu.durationMs.toFixed(0)} ms`;
  return `${names[name]} is slower on this machine (${times}).`;
}

/** The last reason is that of the provider which every platform has; an earlier one stands in front. */
function inOrder(reasons: readonly string[]): string {
  return reasons.map((reason) => reason.slice(0, -1)).join(', and ').concat('.');
}

/** That CUDA or DirectML could not be used is only worth a word where the user asked for nothing else. */
function graphics(
  provider: ProviderName, { canHalf }: Trial, asked: PrecisionChoice, reasons: readonly string[],
): ChosenProvider {
  const precision = canHalf && asked !== 'float32' ? 'float16' : 'float32';
  const cannot = asked === 'float16' && !canHalf
    ? [`${names[provider]} computes in float32, because its float16 is not right or not there.`] : [];
  const passed = reasons.filter((reason) => !/cannot be used here/.test(reason))
    .map((reason) => `${names[provider]} does the work, because ${reason}`);
  const fallbackReason = [...passed, ...cannot].join(' ') || null;
  return { provider, precision, fallbackReason, deviceName: `GPU (${names[provider]})`, memoryBytes: null };
}

function processor(fallbackReason: string | null): ChosenProvider {
  const cores = availableParallelism();
  const deviceName = `${cores} processor ${cores === 1 ? 'core' : 'cores'}`;
  return { provider: 'cpu', precision: 'float32', fallbackReason, deviceName, memoryBytes: null };
}
