// What of InstantID is there for a pack, or the words for what is missing.

import type { InstantIdPlaces } from '../contract/engine-faces.ts';
import { noFastAdapter } from '../generation/fast-mode.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { StudioContext } from './context.ts';
import { notInstant } from './portrait-refusals.ts';

/** The files of InstantID for this pack; throws portraits.not-instant with what is missing. */
export function readyInstantId({ companions }: StudioContext, pack: ShelvedPack): InstantIdPlaces {
  const { places, missing } = companions.instantIdFor(pack);
  if (!places) throw notInstant(pack.name, missing);
  return places;
}

/** The LCM-LoRA for this pack; throws generation.no-fast-adapter where there is none. */
export function readyFastAdapter({ companions }: StudioContext, pack: ShelvedPack): string {
  const { fastAdapterFile } = companions.instantIdFor(pack);
  if (fastAdapterFile === null) throw noFastAdapter();
  return fastAdapterFile;
}
