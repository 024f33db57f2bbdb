// The named colours of procedural portraits, and the little colour arithmetic that drawing needs.
// Colours are [red, green, blue] in 0..255, display-referred (sRGB).

export type Colour = readonly [number, number, number];

export const skinTones = {
  pale: [246, 218, 202], fair: [236, 200, 176], light: [222, 178, 148],
  tan: [196, 148, 112], brown: [150, 104, 76], dark: [98, 66, 50],
} as const satisfies Record<string, Colour>;

export const hairColours = {
  black: [30, 26, 26], 'dark brown': [66, 44, 32], brown: [110, 74, 46], blonde: [214, 176, 106],
  red: [172, 72, 32], grey: [146, 144, 144], white: [226, 224, 220],
} as const satisfies Record<string, Colour>;

export const eyeColours = {
  brown: [92, 56, 30], blue: [74, 126, 176], green: [84, 132, 84], grey: [122, 134, 142],
} as const satisfies Record<string, Colour>;

export const clothesColours = {
  white: [234, 234, 232], black: [34, 34, 38], grey: [128, 130, 134], red: [186, 38, 40], orange: [226, 124, 40],
  yellow: [230, 198, 62], green: [52, 128, 70], blue: [44, 84, 170], purple: [118, 62, 150], pink: [228, 138, 168],
} as const satisfies Record<string, Colour>;

export const backgroundColours = {
  white: [238, 238, 238], black: [24, 24, 28], grey: [140, 142, 146], red: [190, 48, 46], orange: [232, 140, 58],
  yellow: [236, 208, 88], green: [70, 146, 88], blue: [70, 122, 196], purple: [132, 84, 168], pink: [236, 160, 186],
} as const satisfies Record<string, Colour>;

export type SkinTone = keyof typeof skinTones;
export type HairColour = keyof typeof hairColours;
export type EyeColour = keyof typeof eyeColours;
export type ClothesColour = keyof typeof clothesColours;
export type BackgroundColour = keyof typeof backgroundColours;

/** `share` 0 gives `from`, 1 gives `to`. */
export function mix(from: Colour, to: Colour, share: number): Colour {
  return [0, 1, 2].map((i) => from[i]! + (to[i]! - from[i]!) * share) as unknown as Colour;
}

export const lighten = (colour: Colour, share: number): Colour => mix(colour, [255, 255, 255], share);
export const darken = (colour: Colour, share: number): Colour => mix(colour, [0, 0, 0], share);

/** Darkening that keeps warmth, as skin and hair do in shadow. */
export const shade = (colour: Colour, share: number): Colour =>
  [colour[0] * (1 - 0.8 * share), colour[1] * (1 - share), colour[2] * (1 - share)];

/** The colour as an SVG attribute value. */
export function css(colour: Colour): string {
  return `rgb(${colour.map((c) => Math.max(0, Math.min(255, Math.round(c)))).join(',')})`;
}

/** The name in a table whose colour is nearest. */
export function nearestName<Name extends string>(table: Readonly<Record<Name, Colour>>, colour: Colour): Name {
  const distance = (name: Name) => table[name].reduce((sum, c, i) => sum + (c - colour[i]!) ** 2, 0);
  return (Object.keys(table) as Name[]).reduce((best, name) => (distance(name) < distance(best) ? name : best));
}
