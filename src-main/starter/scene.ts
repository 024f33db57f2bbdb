// Draws how a person is pictured: style, pose, light, expression, clothes and what lies behind.

import {
  type Age, backdropScenes, type BackgroundKind, type ClothesKind, type EarringKind, type Expression, type GlassesKind,
  type HairStyle, type HatKind, type Identity, moods, type NeckwearKind, type PictureStyle, type Scene,
} from './attributes.ts';
import {
  type BackgroundColour, backgroundColours, type ClothesColour, clothesColours, type Colour, darken, isNear, lighten,
    namesOf,
  saturated,
} from './colours.ts';
import { jittered } from './identity.ts';
import type { Random } from './seeded-random.ts';

const styles: readonly (readonly [PictureStyle, number])[] = [
  ['photo', 32], ['illustration', 20], ['cartoon', 9], ['watercolour', 7], ['oil painting', 7], ['pencil', 6],
  ['ink wash', 4], ['pixel art', 5], ['sepia', 5], ['pop art', 5],
];

/** A named colour as a mood has it; black, white and grey stay. */
export function inMood(colour: Colour, mood: Scene['mood']): Colour {
  if (Math.max(...colour) - Math.min(...colour) < 14) return colour;
  switch (mood) {
    case 'clear': return colour;
    case 'pastel': return lighten(saturated(colour, 0.92), 0.2);
    case 'vivid': return saturated(colour, 1.2);
    case 'muted': return saturated(colour, 0.8);
    case 'deep': return darken(colour, 0.14);
  }
}

function wornBy(random: Random, isMan: boolean, age: Age) {
  const isChild = age === 'child';
  const clothes = random.weighted<ClothesKind>([
    ['t-shirt', 2.6], ['shirt', 2], ['suit', isChild ? 0.1 : isMan ? 1.8 : 0.8], ['sweater', 2],
    ['dress', isMan ? 0 : 2], ['hoodie', 1.5], ['turtleneck', 1], ['jacket', 1.3], ['coat', 1], ['tank top', 0.8],
    ['blouse', isMan ? 0 : 1.2], ['overalls', isChild ? 1.6 : 0.6],
  ]);
  const hasCollar = clothes === 'shirt' || clothes === 'suit';
  const isOpen = clothes === 'dress' || clothes === 'blouse' || clothes === 'tank top' || clothes === 't-shirt';
  const neckwear = random.weighted<NeckwearKind>([
    ['none', 7], ['tie', hasCollar && !isChild ? (isMan ? 4 : 0.6) : 0], ['bow tie', hasCollar ? 1.2 : 0],
    ['scarf', clothes === 'coat' || clothes === 'jacket' || clothes === 'sweater' ? 2 : 0.4],
    ['necklace', isOpen && !isMan ? 2 : 0.1], ['pearls', isOpen && !isMan && !isChild ? 1 : 0],
  ]);
  return {
    clothes, neckwear,
    clothesPattern: random.weighted<Scene['clothesPattern']>(
      clothes === 'suit' || clothes === 'coat' || clothes === 'jacket' ? [['plain', 1]]
        : [['plain', 7], ['striped', 1.6], ['checked', 0.9], ['dotted', 0.8]]),
    glasses: random.weighted<GlassesKind>([
      ['none', 13], ['glasses', 1.6], ['round glasses', 1.3], ['square glasses', 1], ['cat-eye glasses', isMan ? 0 : 1],
      ['sunglasses', 1.1], ['round sunglasses', 0.6],
    ]),
    glassesColour: random.weighted<Scene['glassesColour']>([['black', 5], ['brown', 2], ['red', 1], ['gold', 1.4]]),
    hat: random.weighted<HatKind>([
      ['none', 19], ['cap', 1.2], ['beanie', 1.2], ['hat', 0.9], ['straw hat', 0.7], ['beret', 0.7],
      ['cowboy hat', 0.5], ['headband', isMan ? 0.3 : 0.7], ['crown', 0.4],
    ]),
    earrings: isMan ? random.weighted<EarringKind>([['none', 14], ['studs', 1]])
      : random.weighted<EarringKind>([['none', 4], ['studs', 1], ['hoops', isChild ? 0 : 1.3],
        ['drops', isChild ? 0 : 1.1]]),
    headphones: random.chance(0.04),
  };
}

/** Clothes and background never share a colour, so that the figure stands out. */
function coloursOf(random: Random) {
  const backgroundColour = random.pick(namesOf(backgroundColours));
  const others = namesOf(clothesColours).filter((name) => name !== (backgroundColour as ClothesColour));
  const clothesColour = random.pick(others);
  const accents = others.filter((name) => name !== clothesColour);
  return { backgroundColour, clothesColour, hatColour: random.pick(accents), neckwearColour: random.pick(accents) };
}

/** What stands so high that the picture has to make room. */
const tallHair: readonly HairStyle[] = ['afro', 'mohawk', 'quiff', 'bun', 'top knot', 'long curly'];

function poseOf(random: Random, isTall: boolean) {
  const isHalfLength = random.chance(0.1);
  return {
    yawDegrees: Math.max(-32, Math.min(32, random.normal() * 13)),
    pitchDegrees: Math.max(-11, Math.min(11, random.normal() * 4.5)),
    rollDegrees: Math.max(-14, Math.min(14, random.normal() * 4.5)),
    size: isHalfLength ? random.between(0.6, 0.72) : random.between(0.93, 1.16) - (isTall ? 0.06 : 0),
    shiftX: random.between(-9, 9), shiftY: isHalfLength ? random.between(-36, -24)
      : random.between(-6, 7) + (isTall ? 10 : 0),
    gaze: random.chance(0.75) ? random.between(-0.15, 0.15) : random.between(-1, 1),
  };
}

const expressionOf = (random: Random): Expression => random.weighted([
  ['neutral', 3.4], ['smile', 5], ['laugh', 2.2], ['sad', 0.75], ['surprised', 0.8], ['angry', 0.75], ['wink', 0.6],
  ['closed eyes', 0.55],
]);

export const backgroundOf = (random: Random, name: BackgroundColour, mood: Scene['mood']): Colour => (
  jittered(random, inMood(backgroundColours[name], mood), 4));

/** Draws how a person is pictured. */
export function drawScene(random: Random, identity: Identity): Scene {
  const mood = random.pick(moods);
  const colours = coloursOf(random);
  const background = backgroundOf(random, colours.backgroundColour, mood);
  const drawn: BackgroundKind = random.chance(0.6) ? random.pick(['plain', 'plain', 'gradient'])
    : random.pick(backdropScenes);
  // hair of the background's own brightness stands against a lighter middle
  const backgroundKind = drawn === 'plain' && isNear(identity.hair, background) ? 'gradient' : drawn;
  const worn = wornBy(random, identity.classWord === 'man', identity.age);
  const isTall = worn.hat !== 'none' || tallHair.includes(identity.hairStyle);
  return {
    style: random.weighted(styles), ...worn,
    ...colours, backgroundKind, background, mood,
    lightSide: (random.chance(0.5) ? 1 : -1) * random.between(0.25, 1), lightStrength: random.between(0.45, 1),
    temperature: random.weighted([['neutral', 5], ['warm', 1.5], ['cold', 1.2]]), isBacklit: random.chance(0.08),
    ...poseOf(random, isTall), expression: expressionOf(random), intensity: random.between(0.7, 1),
  };
}
