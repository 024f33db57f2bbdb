// Whom and what the judge learns from: people in two pictures each, in seeds of their own, with rare values drawn more
// often than the renderer does, so that each is told as surely as the common ones.

import {
  backdropScenes, clothesKinds, facialHairs, glassesKinds, hairStyles, hatKinds, type Identity, pictureStyles,
  type PortraitAttributes,
} from './attributes.ts';
import { hairColours, namesOf } from './colours.ts';
import { drawIdentity, jittered } from './identity.ts';
import { portraitAttributes, type RenderedPortrait, renderPortrait } from './portrait-renderer.ts';
import { type Random, seededRandom } from './seeded-random.ts';

/** Pictures of each person. */
export const judgedPictures = 2;

const firstPersonSeed = 6_000_000;
const firstPictureSeed = 60_000_000;
/** People from here on are never trained on: what is said of the judge is measured on them. */
export const firstFreshPerson = 500_000;

/** A person whose hair colour, cut or beard may be another than chance would give. */
export function judgedIdentity(person: number): Identity {
  const random = seededRandom(firstPersonSeed + person, 41);
  const identity = drawIdentity(random);
  const hairColour = random.chance(0.4) ? random.pick(namesOf(hairColours)) : identity.hairColour;
  const isBearded = identity.classWord === 'man' && identity.age !== 'child' && random.chance(0.5);
  return {
    ...identity, hairColour, hair: jittered(random, hairColours[hairColour], 7),
    hairStyle: random.chance(0.3) ? random.pick(hairStyles) : identity.hairStyle,
    facialHair: isBearded ? random.pick(facialHairs) : identity.facialHair,
  };
}

function sceneOf(random: Random, isPhoto: boolean): Partial<PortraitAttributes> {
  const hat = random.chance(0.3) ? random.pick(hatKinds) : undefined;
  return {
    style: isPhoto ? 'photo' : random.pick(pictureStyles),
    ...(random.chance(0.35) ? { glasses: random.pick(glassesKinds) } : {}),
    ...(hat ? { hat } : {}),
    ...(random.chance(0.5) ? { clothes: random.pick(clothesKinds), neckwear: 'none' } : {}),
    ...(random.chance(0.15) ? { backgroundKind: random.pick(backdropScenes) } : {}),
  };
}

/** A given hat needs the room that a drawn one is given. */
function withRoom(seed: number, given: Partial<PortraitAttributes>): Partial<PortraitAttributes> {
  if (given.hat === undefined || given.hat === 'none') return given;
  const { size, shiftY } = portraitAttributes(seed, given);
  return { ...given, size: Math.min(size, 1.08), shiftY: Math.max(shiftY, 5) };
}

/** What a picture of a person shows; every second person is shown in photos alone, the others in every style. */
export function judgedAttributes(person: number, picture: number) {
  const seed = firstPictureSeed + person * judgedPictures + picture;
  const scene = sceneOf(seededRandom(seed, 42), person % 2 === 0);
  return { seed, attributes: withRoom(seed, { ...judgedIdentity(person), ...scene }) };
}

export async function renderJudged(person: number, picture: number, resolutionPx: number): Promise<RenderedPortrait> {
  const { seed, attributes } = judgedAttributes(person, picture);
  return await renderPortrait(seed, { resolutionPx, attributes });
}
