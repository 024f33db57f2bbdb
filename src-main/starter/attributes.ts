// What a procedural portrait shows: an identity (who), and a scene (how that person is pictured).
// Lengths are in picture units of 1/256 of the height, angles in degrees.

import {
  type BackgroundColour, backgroundColours, type ClothesColour, clothesColours, type Colour, type EyeColour, eyeColours,
  type HairColour, hairColours, mix, type SkinTone, skinTones,
} from './colours.ts';
import type { Random } from './seeded-random.ts';

export const hairStyles = [
  'bald', 'buzz cut', 'short', 'side part', 'curly', 'afro', 'bob', 'long', 'wavy', 'bun', 'ponytail',
] as const;
export const facialHairs = ['none', 'stubble', 'moustache', 'goatee', 'beard'] as const;
export const glassesKinds = ['none', 'glasses', 'round glasses', 'sunglasses'] as const;
export const hatKinds = ['none', 'cap', 'beanie', 'hat'] as const;
export const clothesKinds = ['t-shirt', 'shirt', 'suit', 'sweater', 'dress', 'hoodie'] as const;
export const pictureStyles = ['photo', 'cartoon', 'sepia', 'pencil'] as const;

export type HairStyle = (typeof hairStyles)[number];
export type FacialHair = (typeof facialHairs)[number];
export type GlassesKind = (typeof glassesKinds)[number];
export type HatKind = (typeof hatKinds)[number];
export type ClothesKind = (typeof clothesKinds)[number];
export type PictureStyle = (typeof pictureStyles)[number];

/** What stays the same in every portrait of one Subject. */
export interface Identity {
  readonly classWord: 'man' | 'woman';
  readonly age: 'young' | 'adult' | 'old';
  readonly skinTone: SkinTone;
  readonly skin: Colour;
  /** Half the width of the face at the cheeks. */
  readonly faceHalfWidth: number;
  /** Width of the jaw as a share of the cheeks. */
  readonly jaw: number;
  readonly chin: number;
  readonly hairColour: HairColour;
  readonly hair: Colour;
  readonly hairStyle: HairStyle;
  readonly hairVolume: number;
  readonly hairline: number;
  readonly eyeColour: EyeColour;
  readonly eyeSpacing: number;
  readonly eyeSize: number;
  readonly eyeTilt: number;
  readonly browThickness: number;
  readonly browArch: number;
  readonly noseWidth: number;
  readonly noseLength: number;
  readonly mouthWidth: number;
  readonly lipFullness: number;
  readonly facialHair: FacialHair;
  readonly freckles: boolean;
}

/** What may change between two portraits of one Subject. */
export interface Scene {
  readonly style: PictureStyle;
  readonly glasses: GlassesKind;
  readonly hat: HatKind;
  readonly hatColour: ClothesColour;
  readonly clothes: ClothesKind;
  readonly clothesColour: ClothesColour;
  readonly backgroundColour: BackgroundColour;
  readonly backgroundKind: 'plain' | 'gradient';
  readonly background: Colour;
  /** -1 lamp at the left, 1 at the right. */
  readonly lightSide: number;
  readonly lightStrength: number;
  /** Multiplies red and divides blue. */
  readonly warmth: number;
  readonly yawDegrees: number;
  readonly rollDegrees: number;
  readonly pitch: number;
  readonly size: number;
  readonly shiftX: number;
  readonly shiftY: number;
  /** 0 serious, 1 a wide smile. */
  readonly smile: number;
  readonly eyesOpen: number;
}

export interface PortraitAttributes extends Identity, Scene {}

/** A colour a little lighter or darker, and less so of another hue. */
function jittered(random: Random, colour: Colour, spread: number): Colour {
  const tone = random.normal() * spread;
  return colour.map((c) => Math.max(8, Math.min(248, c + tone + random.normal() * spread * 0.25))) as unknown as Colour;
}

function neighbour(random: Random, table: Readonly<Record<string, Colour>>, name: string): Colour {
  const names = Object.keys(table);
  const other = names[Math.min(names.length - 1, Math.max(0, names.indexOf(name) + (random.chance(0.5) ? 1 : -1)))]!;
  return mix(table[name]!, table[other]!, random.between(0, 0.3));
}

function hairOf(random: Random, isMan: boolean, age: Identity['age'], skinTone: SkinTone) {
  const darkSkin = skinTone === 'brown' || skinTone === 'dark';
  const old: readonly (readonly [HairColour, number])[] = [['grey', 5], ['white', 5]];
  const other: readonly (readonly [HairColour, number])[] = darkSkin
    ? [['black', 6], ['dark brown', 3], ['brown', 0.7], ['red', 0.3]]
    : [['black', 2.4], ['dark brown', 2], ['brown', 2.4], ['blonde', 2.6], ['red', 2], ['grey', 0.4]];
  const hairStyle = random.weighted<HairStyle>(isMan
    ? [['bald', age === 'old' ? 2.5 : 1], ['buzz cut', 1.2], ['short', 3], ['side part', 2.4], ['curly', 1.4],
      ['afro', darkSkin ? 1 : 0.2], ['long', 0.6], ['bun', 0.2]]
    : [['short', 0.8], ['curly', 1.2], ['afro', darkSkin ? 1 : 0.2], ['bob', 2], ['long', 3], ['wavy', 2.4],
      ['bun', 1.6],
      ['ponytail', 1.4]]);
  return { hairColour: random.weighted(age === 'old' && random.chance(0.85) ? old : other), hairStyle };
}

/** Draws a person. */
export function drawIdentity(random: Random): Identity {
  const classWord = random.chance(0.5) ? 'man' : 'woman';
  const isMan = classWord === 'man';
  const age = random.weighted<Identity['age']>([['young', 3], ['adult', 5], ['old', 2]]);
  const skinTone = random.weighted<SkinTone>(
    [['pale', 1.6], ['fair', 2.6], ['light', 2.2], ['tan', 1.6], ['brown', 1.4], ['dark', 1.2]]);
  const { hairColour, hairStyle } = hairOf(random, isMan, age, skinTone);
  const darkSkin = skinTone === 'brown' || skinTone === 'dark';
  const facialHair = isMan
    ? random.weighted<FacialHair>([['none', 4], ['stubble', 1.6], ['moustache', 1.2], ['goatee', 1], ['beard', 2.6]])
    : 'none';
  return {
    classWord, age, skinTone, skin: jittered(random, neighbour(random, skinTones, skinTone), 3),
    faceHalfWidth: random.between(52, 61) - (isMan ? 0 : 2),
    jaw: random.between(0.76, 0.92) - (isMan ? 0 : 0.07), chin: random.between(0.3, 0.46) - (isMan ? 0 : 0.06),
    hairColour, hair: jittered(random, hairColours[hairColour], 7), hairStyle,
    hairVolume: random.between(0.7, 1.3), hairline: random.between(-78, -68) - (age === 'old' && isMan ? 6 : 0),
    eyeColour: random.weighted<EyeColour>(darkSkin ? [['brown', 9], ['green', 0.6]]
      : [['brown', 4], ['blue', 3], ['green', 1.6], ['grey', 1.2]]),
    eyeSpacing: random.between(24.5, 29), eyeSize: random.between(0.86, 1.16) + (isMan ? 0 : 0.06),
    eyeTilt: random.between(-5, 7), browThickness: random.between(2.4, 5) + (isMan ? 1.2 : -0.5),
    browArch: random.between(0.5, 4.5), noseWidth: random.between(9, 14.5), noseLength: random.between(-3, 4),
    mouthWidth: random.between(17, 23), lipFullness: random.between(0.75, 1.25) + (isMan ? -0.1 : 0.2),
    facialHair, freckles: !darkSkin && random.chance(0.1),
  };
}

/** Draws how a person is pictured. */
export function drawScene(random: Random, identity: Identity): Scene {
  const backgroundColour = random.pick(Object.keys(backgroundColours) as BackgroundColour[]);
  const isMan = identity.classWord === 'man';
  return {
    style: random.weighted<PictureStyle>([['photo', 76], ['cartoon', 10], ['sepia', 7], ['pencil', 7]]),
    glasses: random.weighted<GlassesKind>([['none', 7.4], ['glasses', 1.1], ['round glasses', 0.8],
      ['sunglasses', 0.7]]),
    hat: random.weighted<HatKind>([['none', 8.4], ['cap', 0.6], ['beanie', 0.6], ['hat', 0.4]]),
    hatColour: random.pick(Object.keys(clothesColours) as ClothesColour[]),
    clothes: random.weighted<ClothesKind>([['t-shirt', 3], ['shirt', 2], ['suit', isMan ? 2 : 0.8], ['sweater', 2],
      ['dress', isMan ? 0 : 2], ['hoodie', 1.2]]),
    clothesColour: random.pick(Object.keys(clothesColours) as ClothesColour[]),
    backgroundColour, backgroundKind: random.chance(0.5) ? 'plain' : 'gradient',
    background: jittered(random, backgroundColours[backgroundColour], 6),
    lightSide: random.between(-1, 1), lightStrength: random.between(0.5, 1), warmth: random.between(0.96, 1.05),
    yawDegrees: Math.max(-25, Math.min(25, random.normal() * 11)), rollDegrees: random.normal() * 3,
    pitch: random.normal() * 1.5, size: random.between(0.97, 1.03),
    shiftX: random.between(-6, 6), shiftY: random.between(-6, 6),
    smile: random.chance(0.4) ? random.between(0.5, 1) : random.between(0, 0.4), eyesOpen: random.between(0.82, 1.08),
  };
}

/** A colour table's value by name, as the scene names it. */
export const eyeColourOf = (identity: Identity): Colour => eyeColours[identity.eyeColour];
export const clothesColourOf = (scene: Scene): Colour => clothesColours[scene.clothesColour];
