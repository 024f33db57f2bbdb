// Whom and what the judge learns from: people in two pictures each, in seeds of their own, with rare values drawn more
// often than the renderer does, so that each is told as surely as the common ones.

import type { Identity } from './attributes.ts';
import { type RenderedPortrait, renderPortrait } from './portrait-renderer.ts';
import { seededRandom } from './seeded-random.ts';
import { variedIdentity, variedScene, withRoom } from './varied-portraits.ts';

/** Pictures of each person. */
export const judgedPictures = 2;

const firstPersonSeed = 6_000_000;
const firstPictureSeed = 60_000_000;
/** People from here on are never trained on: what is said of the judge is measured on them. */
export const firstFreshPerson = 500_000;

export const judgedIdentity = (person: number): Identity => variedIdentity(seededRandom(firstPersonSeed + person, 41));

/** What a picture of a person shows; every second person is shown in photos alone, the others in every style. */
export function judgedAttributes(person: number, picture: number) {
  const seed = firstPictureSeed + person * judgedPictures + picture;
  const scene = variedScene(seededRandom(seed, 42), person % 2 === 0);
  return { seed, attributes: withRoom(seed, { ...judgedIdentity(person), ...scene }) };
}

export async function renderJudged(person: number, picture: number, resolutionPx: number): Promise<RenderedPortrait> {
  const { seed, attributes } = judgedAttributes(person, picture);
  return await renderPortrait(seed, { resolutionPx, attributes });
}
