// What may not be used commercially, because a model that it was made with may not.

import type { Look, Pack, Portrait } from '../../src-main/contract/nouns.ts';

type OfModel = Pick<Look, 'packId'> | Pick<Portrait, 'packId' | 'instantly'>;

/** Whether a look or a portrait was made with a model, or by way of networks, whose licence forbids commercial use. */
export function isNonCommercial(packs: readonly Pack[], made: OfModel): boolean {
  const pack = packs.find(({ id }) => id === made.packId);
  if (!pack) return false;
  const isInstant = 'instantly' in made && made.instantly !== null;
  return !pack.isCommercialUseAllowed || (isInstant && (pack.instantly?.isResearchOnly ?? false));
}
