// Base models in the store of downloads as packs: what is known of them is remembered, so that one whose drive is away
// at the start is still a model that is gone, and not one that nobody knows.

import { z } from 'zod';
import type { CatalogueEntry } from '../contract/models.ts';
import { packSchema } from '../contract/nouns.ts';
import type { Library } from '../library/library.ts';
import type { ModelCatalogue, PublishedModel } from '../packs/catalogue.ts';
import { goneNote } from '../packs/found-files.ts';
import { type PackShelf, type PackWords, ownPack } from '../packs/pack-shelf.ts';

interface StoredPackParts {
  readonly library: Pick<Library, 'modelSettings'>;
  readonly packs: PackShelf;
  readonly catalogue: ModelCatalogue;
}

const { shape: { architecture, resolutionPx, sizeMultiplePx, sizeBytes } } = packSchema;
const factsSchema = z.object({
  checkpointPath: z.string(), architecture, resolutionPx, sizeMultiplePx: sizeMultiplePx.unwrap(), sizeBytes,
  vaeFile: z.string().nullable(),
});

/** Throws what openCheckpoint throws. */
export async function addStoredPack(
  { library, packs, catalogue }: StoredPackParts, model: PublishedModel, place: string,
): Promise<CatalogueEntry['packId']> {
  const pack = await packs.add(place, { origin: 'download', words: wordsOf(model, catalogue) });
  library.modelSettings.set(`stored-pack ${model.id}`, JSON.stringify(factsSchema.parse(pack)));
  return pack.id;
}

/** Its drive is away; null where it was never there, or nothing is known of it. */
export function placeAwayPack(
  { library, packs, catalogue }: StoredPackParts, model: PublishedModel,
): CatalogueEntry['packId'] {
  const facts = factsSchema.safeParse(JSON.parse(library.modelSettings.get(`stored-pack ${model.id}`) || 'null')).data;
  if (!facts) return null;
  const pack = ownPack(facts);
  packs.place({ ...pack, ...wordsOf(model, catalogue), origin: 'download', state: 'gone', note: goneNote });
  return pack.id;
}

export function removeStoredPack(
  { library, packs }: Pick<StoredPackParts, 'library' | 'packs'>, model: PublishedModel,
  packId: CatalogueEntry['packId'],
): void {
  if (packId === null) return;
  packs.remove(packId);
  library.modelSettings.set(`stored-pack ${model.id}`, '');
}

function wordsOf({ name, description, license: id }: PublishedModel, { licenses }: ModelCatalogue): PackWords {
  const license = licenses.find((each) => each.id === id)!;
  return { name, description, license: license.name, isCommercialUseAllowed: license.isCommercialUseAllowed };
}
