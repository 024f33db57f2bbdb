// The people that the face encoder, InstantID and the judge learn from: identities in several pictures each, in seeds
// of their own, far from those of any test, bench or other stage.

import type { Identity } from './attributes.ts';
import { drawIdentity } from './identity.ts';
import { type RenderedPortrait, renderPortrait } from './portrait-renderer.ts';
import type { StarterRecipe } from './recipe.ts';
import { seededRandom } from './seeded-random.ts';

const firstPersonSeed = 5_000_000;
const firstPictureSeed = 50_000_000;
/** More than any recipe draws of one person. */
const picturesApart = 16;

export const trainingIdentity = (person: number): Identity => drawIdentity(seededRandom(firstPersonSeed + person, 21));

/**
 * One picture of a person. Its caption says what is worn and where, and of the person 'a man', 'a girl' or 'a person'
 * alone: the rest is to come from the face. All but the last picture of a person are photos.
 */
export async function renderPersonPicture(
  recipe: StarterRecipe, person: number, picture: number,
): Promise<RenderedPortrait> {
  const seed = firstPictureSeed + person * picturesApart + picture;
  const identity = trainingIdentity(person);
  const isPhoto = picture < recipe.people.pictures - 1;
  const isChild = identity.age === 'child';
  const own = isChild ? ({ man: 'boy', woman: 'girl' } as const)[identity.classWord] : identity.classWord;
  const noun = seededRandom(seed, 5).chance(0.2) ? (isChild ? 'child' : 'person') : own;
  return await renderPortrait(seed, {
    resolutionPx: recipe.resolutionPx, subject: `a ${noun}`,
    attributes: { ...identity, ...(isPhoto ? { style: 'photo' } : {}) },
  });
}
