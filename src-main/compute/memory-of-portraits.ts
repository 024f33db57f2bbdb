// Ways to draw portraits with less memory: networks one after the other, and the picture decoded in tiles.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { GenerationSettings } from '../contract/settings.ts';
import type { MemoryChange, MemoryPart } from '../contract/memory-plan.ts';
import type { InstantId } from '../networks/instant-id.ts';
import { type MemoryForm, type PipelineSaving, decoderPart, peakOf, portraitParts } from '../networks/memory-plan.ts';
import type { Choice, Computes } from './memory-plan.ts';

export interface AskedPortraits {
  readonly checkpoint: Checkpoint;
  readonly settings: Required<Pick<GenerationSettings, 'widthPx' | 'heightPx'>>;
  readonly instantId?: InstantId;
}

type Machine = Omit<MemoryForm, 'favour'>;

const inTiles = { setting: 'tiled-vae', from: 'whole', to: 'tiles', timeFactor: 1.1 } as const;
const oneByOne = { setting: 'sequential', from: 'together', to: 'sequential', timeFactor: 1.2 } as const;

/** From the quickest to the one that takes least memory. */
export function drawingChoices(asked: AskedPortraits, machine: Machine): Choice<PipelineSaving>[] {
  let whole: MemoryPart[] | undefined;
  let tiled: MemoryPart | undefined;
  const partsOf = ({ isSequential, isTiled }: PipelineSaving): MemoryPart[] => {
    whole ??= wholeParts(asked, machine);
    if (isTiled) tiled ??= decoderPart(asked.checkpoint, formOf(asked, machine), true);
    const parts = isTiled ? [...whole.slice(0, -1), tiled!] : whole;
    return isSequential ? parts.map((part, stage) => ({ ...part, stage })) : parts;
  };
  const choice = (
    saving: PipelineSaving, changes: Choice<PipelineSaving>['changes'],
  ): Choice<PipelineSaving> => ({ saving, changes, parts: () => partsOf(saving) });
  return [
    choice({ isSequential: false, isTiled: false }, []),
    choice({ isSequential: false, isTiled: true }, [inTiles]),
    choice({ isSequential: true, isTiled: true }, [oneByOne]),
  ];
}

function wholeParts(asked: AskedPortraits, machine: Machine): MemoryPart[] {
  const { checkpoint, instantId } = asked;
  return portraitParts(checkpoint, { ...formOf(asked, machine), ...(instantId ? { instantId } : {}) });
}

/** Both sides of guidance are two calls. */
function formOf({ settings: { widthPx, heightPx } }: AskedPortraits, machine: Machine) {
  return { ...machine, favour: 'memory' as const, widthPx, heightPx, rows: 1 };
}

/** What a user can change: values take as much less as the picture has fewer pixels. */
export function drawingSuggestions(
  { settings: { widthPx, heightPx } }: AskedPortraits, { provider, precision }: Computes,
): (parts: readonly MemoryPart[], available: number) => MemoryChange[] {
  return (parts, available) => {
    const peak = peakOf(parts);
    const suggestions: MemoryChange[] = [];
    for (const share of [0.75, 0.5]) {
      const [width, height] = [widthPx, heightPx].map((px) => 64 * Math.round((px * share) / 64)) as [number, number];
      const smaller = peakOf(parts.map((part) => (
        { ...part, activationBytes: part.activationBytes * ((width * height) / (widthPx * heightPx)) })));
      if (smaller > available) continue;
      suggestions.push({
        setting: 'resolution', from: `${widthPx} × ${heightPx}`, to: `${width} × ${height}`,
        savedBytes: peak - smaller, timeFactor: 1,
      });
      break;
    }
    return [...suggestions, ...halfSuggestion(provider, precision, peak)];
  };
}

/** On a graphics card alone: the processor has no use for 16 bits. */
export function halfSuggestion(
  provider: Computes['provider'], precision: Computes['precision'], peak: number,
): MemoryChange[] {
  if (provider === 'cpu' || precision === 'float16') return [];
  return [{ setting: 'precision', from: 'float32', to: 'float16', savedBytes: peak / 2, timeFactor: 1 }];
}
