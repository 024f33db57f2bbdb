// What a procedural portrait shows: an identity (who), and a scene (how that person is pictured).
// Lengths are in picture units of 1/256 of the height, angles in degrees.

import type {
  BackgroundColour, ClothesColour, Colour, EyeColour, HairColour, LipColour, SkinTone,
} from './colours.ts';

export const ages = ['child', 'young', 'adult', 'middle-aged', 'old'] as const;
export const hairStyles = [
  'bald', 'receding', 'buzz cut', 'short', 'side part', 'quiff', 'slicked back', 'undercut', 'mohawk', 'curly', 'afro',
  'pixie', 'bob', 'bob with fringe', 'long', 'wavy', 'long curly', 'long with fringe', 'ponytail', 'pigtails', 'bun',
  'top knot', 'braids', 'dreadlocks',
] as const;
export const facialHairs = [
  'none', 'stubble', 'moustache', 'handlebar moustache', 'goatee', 'short beard', 'beard', 'long beard', 'sideburns',
] as const;
export const eyeShapes = ['almond', 'round', 'hooded', 'narrow', 'drooping', 'upturned'] as const;
export const browShapes = ['straight', 'soft', 'arched', 'angled'] as const;
export const noseShapes = ['straight', 'button', 'broad', 'pointed', 'hooked'] as const;
export const makeUps = ['none', 'natural', 'lipstick', 'bold'] as const;
export const moles = ['none', 'cheek', 'lip', 'chin'] as const;

export const glassesKinds = [
  'none', 'glasses', 'round glasses', 'square glasses', 'cat-eye glasses', 'sunglasses', 'round sunglasses',
] as const;
export const hatKinds = [
  'none', 'cap', 'beanie', 'hat', 'straw hat', 'beret', 'cowboy hat', 'headband', 'crown',
] as const;
export const earringKinds = ['none', 'studs', 'hoops', 'drops'] as const;
export const neckwearKinds = ['none', 'tie', 'bow tie', 'scarf', 'necklace', 'pearls'] as const;
export const clothesKinds = [
  't-shirt', 'shirt', 'suit', 'sweater', 'dress', 'hoodie', 'turtleneck', 'jacket', 'coat', 'tank top', 'blouse',
  'overalls',
] as const;
export const clothesPatterns = ['plain', 'striped', 'checked', 'dotted'] as const;
export const expressions = [
  'neutral', 'smile', 'laugh', 'sad', 'surprised', 'angry', 'wink', 'closed eyes',
] as const;
export const backdropScenes = [
  'wall', 'sky', 'sea', 'forest', 'mountains', 'city', 'night city', 'room', 'bookshelf', 'sunset', 'snow', 'garden',
  'stars', 'lights',
] as const;
export const backgroundKinds = ['plain', 'gradient', ...backdropScenes] as const;
export const pictureStyles = [
  'photo', 'illustration', 'cartoon', 'watercolour', 'oil painting', 'pencil', 'ink wash', 'pixel art', 'sepia',
  'pop art',
] as const;
export const temperatures = ['neutral', 'warm', 'cold'] as const;
export const moods = ['clear', 'pastel', 'vivid', 'muted', 'deep'] as const;

export type Age = (typeof ages)[number];
export type HairStyle = (typeof hairStyles)[number];
export type FacialHair = (typeof facialHairs)[number];
export type GlassesKind = (typeof glassesKinds)[number];
export type HatKind = (typeof hatKinds)[number];
export type EarringKind = (typeof earringKinds)[number];
export type NeckwearKind = (typeof neckwearKinds)[number];
export type ClothesKind = (typeof clothesKinds)[number];
export type ClothesPattern = (typeof clothesPatterns)[number];
export type Expression = (typeof expressions)[number];
export type BackdropScene = (typeof backdropScenes)[number];
export type BackgroundKind = (typeof backgroundKinds)[number];
export type PictureStyle = (typeof pictureStyles)[number];

/** What stays the same in every portrait of one Subject. */
export interface Identity {
  readonly classWord: 'man' | 'woman';
  readonly age: Age;
  readonly skinTone: SkinTone;
  readonly skin: Colour;
  /** Half the width of the face at the cheeks. */
  readonly faceHalfWidth: number;
  /** Height of the face below the eyes, as a share of the usual. */
  readonly faceLength: number;
  /** Width of the jaw as a share of the cheeks. */
  readonly jaw: number;
  /** 0 round, 1 square. */
  readonly jawSquareness: number;
  readonly chin: number;
  readonly cheeks: number;
  readonly hairColour: HairColour;
  readonly hair: Colour;
  readonly hairStyle: HairStyle;
  readonly hairVolume: number;
  readonly hairline: number;
  /** The side that the hair is parted on as seen: -1 left, 1 right. */
  readonly partSide: -1 | 1;
  readonly eyeColour: EyeColour;
  readonly eyeShape: (typeof eyeShapes)[number];
  readonly eyeSpacing: number;
  readonly eyeSize: number;
  readonly eyeTilt: number;
  /** 0 short, 1 long. */
  readonly lashes: number;
  readonly browShape: (typeof browShapes)[number];
  readonly browThickness: number;
  readonly browHeight: number;
  /** Darker than the hair (1) or as light (0). */
  readonly browDarkness: number;
  readonly noseShape: (typeof noseShapes)[number];
  readonly noseWidth: number;
  readonly noseLength: number;
  readonly mouthWidth: number;
  readonly lipFullness: number;
  readonly earSize: number;
  readonly facialHair: FacialHair;
  readonly freckles: boolean;
  readonly mole: (typeof moles)[number];
  readonly makeUp: (typeof makeUps)[number];
  readonly lipColour: LipColour;
}

/** What may change between two portraits of one Subject. */
export interface Scene {
  readonly style: PictureStyle;
  readonly glasses: GlassesKind;
  readonly glassesColour: 'black' | 'brown' | 'red' | 'gold';
  readonly hat: HatKind;
  readonly hatColour: ClothesColour;
  readonly earrings: EarringKind;
  readonly headphones: boolean;
  readonly neckwear: NeckwearKind;
  readonly neckwearColour: ClothesColour;
  readonly clothes: ClothesKind;
  readonly clothesColour: ClothesColour;
  readonly clothesPattern: ClothesPattern;
  readonly backgroundKind: BackgroundKind;
  /** Of plain and gradient backgrounds. */
  readonly backgroundColour: BackgroundColour;
  readonly background: Colour;
  /** What the colours of clothes and background have in common. */
  readonly mood: (typeof moods)[number];
  /** -1 lamp at the left, 1 at the right. */
  readonly lightSide: number;
  readonly lightStrength: number;
  readonly temperature: (typeof temperatures)[number];
  readonly isBacklit: boolean;
  readonly yawDegrees: number;
  /** Positive looks down. */
  readonly pitchDegrees: number;
  readonly rollDegrees: number;
  /** 1 a close portrait, 0.65 half the body. */
  readonly size: number;
  readonly shiftX: number;
  readonly shiftY: number;
  /** -1 left, 1 right. */
  readonly gaze: number;
  readonly expression: Expression;
  /** How strong the expression is, 0..1. */
  readonly intensity: number;
}

export interface PortraitAttributes extends Identity, Scene {}
