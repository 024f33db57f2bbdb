// Ways to teach with less memory: on a graphics card one session at a time instead of several beside each other,
// activations computed again instead of kept, previews decoded in tiles, and at last attention in smaller slices.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { PlanRequest } from '../contract/engine-plan.ts';
import type { MemoryChange, MemoryPart } from '../contract/memory-plan.ts';
import {
  type MemoryForm, decoderPart, encodingParts, peakOf, portraitParts, unetPart,
} from '../networks/memory-plan.ts';
import { adapterFormOf } from '../training/learned.ts';
import { teachingPart } from '../training/memory-plan.ts';
import { halfSuggestion, inSlices, inTiles } from './memory-of-portraits.ts';
import type { Choices, Computes } from './memory-plan.ts';
import { planTeaching } from './teach-plan.ts';

export type AskedTeaching = Omit<Extract<PlanRequest['work'], { kind: 'teaching' }>, 'kind' | 'likenessNetworks'> & {
  readonly checkpoint: Checkpoint;
  /** Networks that measure the previews' likeness, see likenessPart(). */
  readonly likeness?: MemoryPart;
};

export interface TeachingSaving {
  readonly recompute: 'none' | 'blocks';
  /** One session at a time. */
  readonly isSequential: boolean;
  /** Previews are decoded in tiles. */
  readonly isTiled: boolean;
  /** Attention in smaller slices. */
  readonly isSliced: boolean;
}

type Machine = Omit<MemoryForm, 'favour'> & { readonly provider: Computes['provider'] };

const oneByOne = { setting: 'sequential', from: 'together', to: 'sequential', timeFactor: 1.1 } as const;
const previewsInTiles = { ...inTiles, timeFactor: 1 } as const;
const again = { setting: 'recompute', from: 'none', to: 'blocks', timeFactor: 1.2 } as const;

/** On the processor sessions share the weights of one file: nothing is won by opening one at a time. */
export function teachingChoices(asked: AskedTeaching, machine: Machine): Choices<TeachingSaving> {
  const { recompute } = asked.settings;
  const isShared = machine.provider === 'cpu';
  return {
    usual: { recompute, isSequential: isShared, isTiled: false, isSliced: false },
    choices: [
      ...(isShared ? [] : [{ saving: { isSequential: true }, change: oneByOne }]),
      ...(recompute === 'blocks' ? [] : [{ saving: { recompute: 'blocks' as const }, change: again }]),
      { saving: { isTiled: true }, change: previewsInTiles },
      { saving: { isSliced: true }, change: inSlices },
    ],
    partsOf: (saving) => partsOf(asked, machine, saving),
  };
}

/** Photos and captions are encoded first; then it learns; then previews are drawn, and so on in turns. */
function partsOf(asked: AskedTeaching, machine: Machine, saving: TeachingSaving): MemoryPart[] {
  const { checkpoint, settings, method, likeness } = asked;
  const { isSequential, isSliced } = saving;
  const { resolutionPx, prior, previewCount } = settings;
  const form = { ...machine, favour: 'memory' as const };
  const size = { widthPx: resolutionPx, heightPx: resolutionPx };
  const trainer = trainerPart(asked, form, saving);
  const encoding = encodingParts(checkpoint, { ...form, ...size });
  const learning = [trainer, ...(prior === 'prediction' && method !== 'textual-inversion'
    ? [{ ...unetPart(checkpoint, { ...form, isSliced, ...size, rows: 1 }), activationBytes: 0 }] : [])];
  const previews = previewCount === 0 ? [] : previewParts(asked, { ...form, isSliced }, saving);
  const measuring = likeness ? [likeness] : [];
  if (isSequential) return staged([encoding, [...learning, ...measuring], [...previews, ...measuring]]);
  // the loss on photos that are held out has a session of its own, which holds the weights again
  const validation = { ...trainer, name: 'validation', activationBytes: 0, trainingBytes: 0 };
  return staged([encoding, [...learning, validation, ...previews, ...measuring]]);
}

function trainerPart(
  { checkpoint, method, settings }: AskedTeaching, form: MemoryForm & Pick<Machine, 'provider'>,
  { recompute, isSliced }: TeachingSaving,
): MemoryPart {
  const { resolutionPx, batchSize, clipSkip: skipLayers, gradientAccumulationSteps } = settings;
  const { trainables, optimizer } = planTeaching({ method, settings }, { checkpoint });
  return teachingPart({ checkpoint, trainables, optimizer, recompute, skipLayers, ...form, isSliced }, {
    resolutionPx, batchSize, accumulates: gradientAccumulationSteps > 1,
  });
}

/** With what was learned so far beside the model; a model that learned whole takes its place. */
function previewParts(
  { checkpoint, method, settings }: AskedTeaching, form: MemoryForm, { isTiled }: TeachingSaving,
): MemoryPart[] {
  const { trainables } = planTeaching({ method, settings }, { checkpoint });
  const adapter = adapterFormOf(trainables);
  const size = { widthPx: settings.resolutionPx, heightPx: settings.resolutionPx };
  const parts = portraitParts(checkpoint, { ...form, ...size, rows: 1, adapter });
  return isTiled ? [...parts.slice(0, -1), decoderPart(checkpoint, { ...form, ...size }, true)] : parts;
}

function staged(stages: readonly (readonly MemoryPart[])[]): MemoryPart[] {
  return stages.flatMap((parts, stage) => parts.map((part) => ({ ...part, stage })));
}

/** What a user can change, each as far as it must go. */
export function teachingSuggestions(
  { settings: { batchSize, resolutionPx } }: AskedTeaching, { provider, precision }: Computes,
): (parts: readonly MemoryPart[], available: number) => MemoryChange[] {
  return (parts, available) => {
    const peak = peakOf(parts);
    const withShare = (share: number): number => (
      peakOf(parts.map((part) => ({ ...part, activationBytes: part.activationBytes * share }))));
    const change = (
      setting: 'batch' | 'resolution', from: number, steps: readonly number[], shareOf: (to: number) => number,
    ): MemoryChange[] => {
      const to = steps.find((step) => step < from && withShare(shareOf(step)) <= available);
      return to === undefined ? [] : [{
        setting, from: String(from), to: String(to), savedBytes: peak - withShare(shareOf(to)), timeFactor: 1,
      }];
    };
    return [
      ...change('batch', batchSize, [8, 4, 2, 1], (to) => to / batchSize),
      ...change('resolution', resolutionPx, [1536, 1024, 896, 768, 640, 512, 448, 384, 320, 256], (to) => (
        (to / resolutionPx) ** 2)),
      ...halfSuggestion(provider, precision, peak),
    ];
  };
}
