// Portraits in which rare hats, cuts of clothes, glasses, styles, beards and hair colours come more often than chance
// would give, so that each is learned, and told, as surely as the common ones.

import {
  backdropScenes, clothesKinds, facialHairs, glassesKinds, hairStyles, hatKinds, type Identity, pictureStyles,
  type PortraitAttributes,
} from './attributes.ts';
import { hairColours, namesOf } from './colours.ts';
import { drawIdentity, jittered } from './identity.ts';
import { portraitAttributes } from './portrait-renderer.ts';
import { type Random, seededRandom } from './seeded-random.ts';

/** Portraits of the training set from this seed on are varied. */
export const firstVariedSeed = 24_000;

/** A person whose hair colour, cut or beard may be another than chance would give. */
export function variedIdentity(random: Random): Identity {
  const identity = drawIdentity(random);
  const hairColour = random.chance(0.4) ? random.pick(namesOf(hairColours)) : identity.hairColour;
  const isBearded = identity.classWord === 'man' && identity.age !== 'child' && random.chance(0.5);
  return {
    ...identity, hairColour, hair: jittered(random, hairColours[hairColour], 7),
    hairStyle: random.chance(0.3) ? random.pick(hairStyles) : identity.hairStyle,
    facialHair: isBearded ? random.pick(facialHairs) : identity.facialHair,
  };
}

/** What such a person wears and where; in a photo or in any style. */
export function variedScene(random: Random, isPhoto: boolean): Partial<PortraitAttributes> {
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
export function withRoom(seed: number, given: Partial<PortraitAttributes>): Partial<PortraitAttributes> {
  if (given.hat === undefined || given.hat === 'none') return given;
  const { size, shiftY } = portraitAttributes(seed, given);
  return { ...given, size: Math.min(size, 1.08), shiftY: Math.max(shiftY, 5) };
}

/** What is given of a seed's training portrait; the rest is left to the seed. Every second varied one is a photo. */
export function trainingAttributes(seed: number): Partial<PortraitAttributes> {
  if (seed < firstVariedSeed) return {};
  const scene = variedScene(seededRandom(seed, 44), seed % 2 === 0);
  return withRoom(seed, { ...variedIdentity(seededRandom(seed, 43)), ...scene });
}
