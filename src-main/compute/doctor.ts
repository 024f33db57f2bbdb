// Says what this machine has to compute with, from trials rather than from lists.

import { createRequire } from 'node:module';
import { availableParallelism, freemem, totalmem } from 'node:os';
import type { DoctorRequest, DoctorResult } from '../contract/engine.ts';
import type { OperatorTrial, ProviderName, ProviderReport } from '../contract/machine.ts';
import { type GraphicsCard, graphicsCards } from './graphics-cards.ts';
import { operatorTrialsApart } from './operator-trials-apart.ts';
import { type ProviderChooser, providersOf } from './provider-choice.ts';

/** Trials one after the other, each GPU in a process of its own; a minute where a software driver does the work. */
export async function doctor({ provider, precision }: DoctorRequest, chooser: ProviderChooser): Promise<DoctorResult> {
  const cards = await graphicsCards();
  const order = providersOf();
  const providers: ProviderReport[] = [];
  for (const name of order) providers.push(await examine(name, chooser, cards));
  const chosen = await chooser.choose({ provider, precision });
  return {
    kind: 'doctor', providers, order, chosen: chosen.provider, precision: chosen.precision,
    why: chosen.fallbackReason ?? `${chosen.deviceName} does the work.`,
    graphicsMemoryBytes: cards[0]?.memoryBytes ?? null,
    nodeVersion: process.versions.node, onnxRuntimeVersion: onnxRuntimeVersion(),
    processorCores: availableParallelism(), memoryBytes: totalmem(), freeMemoryBytes: freemem(),
  };
}

async function examine(
  name: ProviderName, chooser: ProviderChooser, [card]: readonly GraphicsCard[],
): Promise<ProviderReport> {
  const { works, reason, durationMs, canHalf } = await chooser.trial(name);
  const operators = works ? await operatorTrialsApart(name) : [];
  const isGraphics = name !== 'cpu';
  return {
    name, works, reason, durationMs, operators, canHalf: canHalf && isRight(operators, 'float16'),
    todo: works ? '' : todoFor(name, reason),
    device: isGraphics ? card?.name ?? '' : `${availableParallelism()} cores`,
    driver: isGraphics ? card?.driver ?? '' : '', triedAtMs: Date.now(),
  };
}

/** What is refused is worked around by ONNX Runtime, which computes it on the processor. */
function isRight(operators: readonly OperatorTrial[], precision: OperatorTrial['precision']): boolean {
  return operators.filter((one) => one.precision === precision)
    .every(({ outcome }) => outcome === 'right' || outcome === 'refused');
}

function todoFor(name: ProviderName, reason: string): string {
  if (name === 'cuda') {
    return 'Only needed for NVIDIA cards: install NVIDIA’s driver, then get CUDA’s libraries '
      + '(likeness machine cuda --get).';
  }
  if (name === 'dml') return 'Install the newest driver of the graphics card from its maker, and Windows’ updates.';
  const isLoader = /libvulkan|adapter/i.test(reason);
  return process.platform === 'linux' && isLoader
    ? 'Install the Vulkan loader (Debian and Ubuntu: libvulkan1) and the graphics card’s driver.'
    : 'Install the newest driver of the graphics card from its maker.';
}

function onnxRuntimeVersion(): string {
  const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return manifest.version;
}
