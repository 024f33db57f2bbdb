// A plan of memory, in lines for a terminal.

import type { MemoryChange, MemoryPart, MemoryPlan } from '../contract/memory-plan.ts';

const gigabytes = (bytes: number): string => (
  bytes < 1e8 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

const partNames: Readonly<Record<string, string>> = {
  'text-encoder': 'text encoder', unet: 'UNet', vae: 'VAE', 'vae-encoder': 'VAE encoder', trainer: 'training',
  validation: 'validation', resampler: 'resampler', likeness: 'likeness',
};

const changeWords: Readonly<Record<MemoryChange['setting'], (change: MemoryChange) => string>> = {
  recompute: () => 'intermediate results are computed twice',
  'attention-slices': () => 'attention is computed in smaller slices',
  precision: ({ to }) => `numbers of ${to === 'float16' ? '16' : '32'} bits (float16 in the settings)`,
  batch: ({ from, to }) => `a batch of ${to} instead of ${from}`,
  resolution: ({ from, to }) => `${to} pixels instead of ${from}`,
  sequential: () => 'networks are loaded one after the other',
  'tiled-vae': () => 'the picture is decoded in tiles',
};

/** `title`: what would be done. */
export function memoryLines(title: string, plan: MemoryPlan): string[] {
  const { provider, precision, peakBytes, availableBytes, fits, parts, changes, suggestions } = plan;
  const room = availableBytes === null ? '' : ` of the ${gigabytes(availableBytes)} that can be used`;
  const stages = [...new Set(parts.map(({ stage }) => stage))];
  return [
    `${title}: ${gigabytes(peakBytes)}${room}. ${fits ? 'It fits.' : 'It does not fit.'}`,
    `  on ${provider} in ${precision}, ${plan.memory === 'graphics' ? 'graphics memory' : 'the machine\'s memory'}`,
    row('', ['weights', 'values', 'learns']),
    ...stages.flatMap((stage) => [
      ...(stages.length > 1 ? [`  loaded together, ${stages.indexOf(stage) + 1}`] : []),
      ...parts.filter((part) => part.stage === stage).map(partLine),
    ]),
    ...changes.map((change) => `  So that it fits: ${changeLine(change)}`),
    ...suggestions.map((change) => `  What would help: ${changeLine(change)}`),
  ];
}

function partLine({ name, weightBytes, activationBytes, trainingBytes }: MemoryPart): string {
  return row(partNames[name] ?? name, [weightBytes, activationBytes, trainingBytes].map(gigabytes));
}

function row(name: string, cells: readonly string[]): string {
  return `    ${name.padEnd(14)}${cells.map((cell) => cell.padStart(10)).join('')}`;
}

function changeLine(change: MemoryChange): string {
  const slower = change.timeFactor > 1 ? `, takes ${change.timeFactor} times as long` : '';
  return `${changeWords[change.setting](change)} (saves ${gigabytes(change.savedBytes)}${slower})`;
}
