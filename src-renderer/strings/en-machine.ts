// English strings of what this machine computes with, how each provider did on its trials, and of memory.

import type { MemoryChange } from '../../src-main/contract/memory-plan.ts';
import { plural } from './plural.ts';

export const enMachine = {
  precision: 'Number type',
  precisions: { auto: 'Choose for me', float16: '16-bit (float16)', float32: '32-bit (float32)' },
  precisionHelp: 'On a graphics card. 16-bit takes half the memory and less time; the processor takes 32-bit.',
  short: { float16: '16-bit', float32: '32-bit' },
  withPrecision: (device: string, precision: string) => `${device}, ${precision}`,
  memory: 'Memory',
  memoryOf: (all: string, free: string) => `${all}, ${free} free`,
  graphicsMemory: 'Graphics memory',
  graphicsUnknown: 'not told by the driver',
  cores: 'Processor',
  processor: (name: string, cores: number) => [name, plural(cores, 'core', 'cores')].filter(Boolean).join(', '),
  versions: 'Versions',
  versionsOf: (runtime: string, node: string) => `ONNX Runtime ${runtime}, Node ${node}`,
  providers: 'What can do the arithmetic',
  providersText: 'In the order in which they are tried. Each operator is compared with what the processor computes.',
  inUse: 'in use',
  works: 'computes right',
  fails: 'not usable',
  notTried: 'not tried yet',
  why: 'Why',
  todo: 'What helps',
  device: 'Device',
  driver: 'Driver',
  canHalf: '16-bit is right, too',
  noHalf: '32-bit only',
  trial: (ms: number) => `trial ${ms} ms`,
  triedAt: (when: string) => `tried ${when}`,
  examine: 'Test again',
  examining: 'Each operator is being computed. This takes a minute or two; you can go on working.',
  firstExamine: 'Trying what this computer can do…',
  tableOf: (name: string) => `Operators on: ${name}`,
  table: (right: number, all: number) => `${right} of ${plural(all, 'trial', 'trials')} right`,
  tableRefused: (count: number) => `${count} refused`,
  tableBad: (count: number) => `${count} wrong`,
  operator: 'Operator',
  outcomes: { right: 'right', wrong: 'wrong', refused: 'refused', crashed: 'crashed' },
  outcomeTexts: {
    right: 'Within the tolerance.', wrong: 'The numbers differ from the processor’s.',
    refused: 'It has no kernel and says so; another way is taken.', crashed: 'The driver ended at it.',
  },
  error: (error: string, tolerance: string) => `error ${error}, allowed ${tolerance}`,
  untested: '–',
  onlyBad: 'Only those that are not right',
  showAll: 'All',
  cuda: 'CUDA’s libraries',
  cudaText: 'An NVIDIA card on Linux computes faster with them; without them WebGPU does the work.',
  cudaStates: {
    'not-needed': 'not needed here', missing: 'not here', fetching: 'Downloading', ready: 'ready',
    'wrong-version': 'of another version', failed: 'not usable', paused: 'Paused', checking: 'Checking and trying',
  },
  cudaUnfinished: 'did not finish',
  cudaActs: {
    get: 'Get them', goOn: 'Go on', again: 'Try again', pause: 'Pause', remove: 'Remove', discard: 'Discard',
  },
  cudaAct: (act: string) => `${act}: CUDA’s libraries`,
  cudaSize: (size: string) => `, ${size}`,
  cudaComes: (size: string, place: string) =>
    `About ${size} come from NuGet (ONNX Runtime’s part) and PyPI (NVIDIA’s), each checked byte for byte. They are `
    + `kept in ${place}, where they take twice as much, and are tried before they are used.`,
  cudaRemove: (size: string) => `Remove CUDA’s libraries (${size} came)? They can be fetched again.`,
};

export const enMemory = {
  title: 'Memory',
  planning: 'Counting the memory…',
  needsOf: (peak: string, all: string, kind: 'graphics' | 'machine') =>
    `Needs ${peak} of your ${all} ${kind === 'graphics' ? 'of graphics memory' : 'of memory'}`,
  needsOnly: (peak: string, kind: 'graphics' | 'machine') =>
    `Needs ${peak} ${kind === 'graphics' ? 'of graphics memory' : 'of memory'}`,
  short: (peak: string) => `Needs about ${peak} of memory`,
  shortOf: (peak: string, all: string) => `Needs ${peak} of your ${all}`,
  changed: 'So that it fits:',
  tooLarge: (peak: string, all: string) => `This does not fit: it needs ${peak}, and ${all} are there.`,
  tooLargeShort: 'It does not fit into the memory. See what helps above.',
  help: 'What would help:',
  apply: 'Do this',
  applyHelp: (what: string) => `Do this: ${what}`,
  nothingHelps: 'A smaller model would fit, or a machine with more memory.',
  settings: {
    recompute: (_from: string, to: string) =>
      (to === 'none' ? 'intermediate results are kept' : 'intermediate results are computed twice'),
    'attention-slices': () => 'attention is computed in smaller slices',
    precision: (_from: string, to: string) => `numbers of ${to === 'float16' ? '16' : '32'} bits`,
    batch: (from: string, to: string) => `${to} at a time instead of ${from}`,
    resolution: (from: string, to: string) => `${to} pixels instead of ${from}`,
    sequential: () => 'text encoder, UNet and VAE are loaded one after the other',
    'tiled-vae': () => 'the picture is decoded in tiles',
  } as Record<MemoryChange['setting'], (from: string, to: string) => string>,
  /** Between what is changed, what it saves and what it costs. */
  separator: ', ',
  saves: (size: string) => `saves ${size}`,
  slower: (factor: string) => `takes ${factor} times as long`,
  details: 'What takes it',
  stage: (index: number) => `Loaded together, ${index}`,
  parts: {
    'text-encoder': 'text encoder', unet: 'UNet', vae: 'VAE', 'vae-encoder': 'VAE encoder',
    'identity-net': 'IdentityNet', resampler: 'resampler',
    trainer: 'training', validation: 'validation', likeness: 'likeness', 'control-net': 'ControlNet',
  } as Record<string, string>,
  columns: { part: 'Part', weights: 'Weights', values: 'Values', learning: 'Learning', sum: 'Sum' },
  most: 'the most',
};
