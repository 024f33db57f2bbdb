// What words can say of a procedural portrait, exactly: one value of each kind, where the picture shows it.

import {
  ages, backdropScenes, clothesKinds, clothesPatterns, earringKinds, expressions, facialHairs, glassesKinds, hairStyles,
  type HairStyle, hatKinds, makeUps, neckwearKinds, pictureStyles, type PortraitAttributes, temperatures,
} from './attributes.ts';
import {
  backgroundColours, clothesColours, eyeColours, hairColours, namesOf, skinTones,
} from './colours.ts';

/** Every kind of label with all its values, in a fixed order. */
export const labelValues = {
  style: pictureStyles, subject: ['man', 'woman'], age: ages, skinTone: namesOf(skinTones),
  hairStyle: hairStyles, hairColour: namesOf(hairColours), eyeColour: namesOf(eyeColours), facialHair: facialHairs,
  freckles: ['no', 'yes'], makeUp: makeUps,
  expression: expressions, glasses: glassesKinds, hat: hatKinds, hatColour: namesOf(clothesColours),
  earrings: earringKinds, headphones: ['no', 'yes'], neckwear: neckwearKinds, neckwearColour: namesOf(clothesColours),
  clothes: clothesKinds, clothesColour: namesOf(clothesColours), clothesPattern: clothesPatterns,
  background: [...namesOf(backgroundColours), ...backdropScenes], light: ['left', 'right', 'behind'],
  temperature: temperatures, view: ['front', 'left', 'right'], framing: ['close', 'half-length'],
} as const;

export type LabelName = keyof typeof labelValues;
export const labelNames = Object.keys(labelValues) as LabelName[];

/** A kind is left out where the picture does not show it: the cut under a hat, any colour in a sketch. */
export type PortraitLabels = { readonly [Name in LabelName]?: (typeof labelValues)[Name][number] };

/** Styles without the colours of what they show. */
export const isColourless = ({ style }: Pick<PortraitAttributes, 'style'>): boolean => (
  style === 'pencil' || style === 'ink wash' || style === 'sepia');

/** Degrees from which a head is said to look aside. */
export const asideDegrees = 12;
/** Sizes below this show half of the body. */
export const halfLengthSize = 0.8;

const seenUnderHats: readonly HairStyle[] = [
  'bob', 'bob with fringe', 'long', 'wavy', 'long curly', 'long with fringe', 'braids', 'pigtails', 'dreadlocks',
];

/** Whether a hat leaves enough of the hair to tell its cut. */
export const showsCut = ({ hat, hairStyle }: Pick<PortraitAttributes, 'hat' | 'hairStyle'>): boolean => (
  hat === 'none' || hat === 'headband' || hat === 'crown' || seenUnderHats.includes(hairStyle));

const yesOrNo = (is: boolean): 'yes' | 'no' => (is ? 'yes' : 'no');

export function portraitLabels(a: PortraitAttributes): PortraitLabels {
  const isDarkLens = a.glasses === 'sunglasses' || a.glasses === 'round sunglasses';
  const seesEyes = !isDarkLens && a.expression !== 'closed eyes';
  const isPlain = a.backgroundKind === 'plain' || a.backgroundKind === 'gradient';
  const hasHatColour = a.hat !== 'none' && a.hat !== 'crown' && a.hat !== 'straw hat';
  const colours: PortraitLabels = isColourless(a) ? {} : {
    skinTone: a.skinTone, clothesColour: a.clothesColour, temperature: a.temperature,
    ...(a.hairStyle === 'bald' ? {} : { hairColour: a.hairColour }),
    ...(seesEyes ? { eyeColour: a.eyeColour } : {}), ...(hasHatColour ? { hatColour: a.hatColour } : {}),
    ...(a.neckwear === 'none' || a.neckwear === 'pearls' || a.neckwear === 'necklace' ? {}
      : { neckwearColour: a.neckwearColour }),
    ...(isPlain ? { background: a.backgroundColour } : {}),
  };
  return {
    style: a.style, subject: a.classWord, age: a.age, ...(showsCut(a) ? { hairStyle: a.hairStyle } : {}),
      facialHair: a.facialHair,
    freckles: yesOrNo(a.freckles), makeUp: a.makeUp, expression: a.expression, glasses: a.glasses, hat: a.hat,
    earrings: a.earrings, headphones: yesOrNo(a.headphones), neckwear: a.neckwear, clothes: a.clothes,
    clothesPattern: a.clothesPattern, light: a.isBacklit ? 'behind' : a.lightSide < 0 ? 'left' : 'right',
    view: Math.abs(a.yawDegrees) < asideDegrees ? 'front' : a.yawDegrees < 0 ? 'left' : 'right',
    framing: a.size < halfLengthSize ? 'half-length' : 'close',
    ...(isPlain ? {} : { background: a.backgroundKind }), ...colours,
  };
}

/** The place of each kind's value among its values, in the order of labelNames; -1 where it is not shown. */
export const labelIndices = (labels: PortraitLabels): number[] => labelNames.map((name) => {
  const values: readonly string[] = labelValues[name];
  const value = labels[name];
  return value === undefined ? -1 : values.indexOf(value);
});
