// The named colours of procedural portraits, and the little colour arithmetic that drawing needs.
// Colours are [red, green, blue] in 0..255, display-referred (sRGB).

export type Colour = readonly [number, number, number];

export const skinTones = {
  pale: [249, 222, 205], fair: [243, 206, 181], light: [230, 186, 154], olive: [206, 164, 122],
  tan: [190, 138, 100], brown: [146, 98, 70], dark: [94, 62, 48],
} as const satisfies Record<string, Colour>;

export const hairColours = {
  black: [38, 34, 38], 'dark brown': [74, 50, 40], brown: [122, 80, 52], blonde: [226, 186, 112],
  red: [186, 82, 40], grey: [152, 152, 156], white: [232, 230, 226],
  pink: [232, 128, 168], blue: [70, 126, 200], purple: [134, 88, 176], green: [86, 156, 112],
} as const satisfies Record<string, Colour>;

export const eyeColours = {
  brown: [104, 66, 38], hazel: [142, 104, 52], blue: [66, 128, 190], green: [82, 142, 88], grey: [124, 140, 150],
} as const satisfies Record<string, Colour>;

export const clothesColours = {
  white: [240, 238, 232], black: [42, 42, 48], grey: [138, 142, 148], red: [204, 58, 54], orange: [234, 134, 58],
  yellow: [242, 202, 84], green: [70, 146, 94], teal: [42, 146, 148], blue: [58, 108, 192], navy: [40, 54, 98],
  purple: [128, 82, 164], pink: [238, 146, 172], brown: [124, 84, 60], beige: [218, 196, 162],
} as const satisfies Record<string, Colour>;

export const backgroundColours = {
  white: [244, 242, 238], black: [32, 32, 38], grey: [156, 160, 164], red: [206, 72, 66], orange: [242, 156, 80],
  yellow: [248, 216, 112], green: [110, 176, 122], teal: [88, 180, 176], blue: [94, 152, 216], purple: [152, 114, 192],
  pink: [246, 180, 196], brown: [142, 106, 82], beige: [228, 210, 180],
} as const satisfies Record<string, Colour>;

export const lipColours = {
  red: [196, 44, 54], pink: [222, 104, 132], berry: [142, 44, 80], coral: [226, 100, 84],
} as const satisfies Record<string, Colour>;

export type SkinTone = keyof typeof skinTones;
export type HairColour = keyof typeof hairColours;
export type EyeColour = keyof typeof eyeColours;
export type ClothesColour = keyof typeof clothesColours;
export type BackgroundColour = keyof typeof backgroundColours;
export type LipColour = keyof typeof lipColours;

export const namesOf = <Name extends string>(table: Readonly<Record<Name, Colour>>): Name[] => (
  Object.keys(table) as Name[]);

/** `share` 0 gives `from`, 1 gives `to`. */
export const mix = (from: Colour, to: Colour, share: number): Colour => [
  from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share, from[2] + (to[2] - from[2]) * share,
];

export const lighten = (colour: Colour, share: number): Colour => mix(colour, [255, 255, 255], share);
export const darken = (colour: Colour, share: number): Colour => mix(colour, [0, 0, 0], share);

/** Darkening that keeps warmth, as skin and hair do in shadow. */
export const shade = (colour: Colour, share: number): Colour =>
  [colour[0] * (1 - 0.8 * share), colour[1] * (1 - share), colour[2] * (1 - share)];

/** Rec. 601. */
export const lumaOf = ([r, g, b]: Colour): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** Too alike in brightness to be told apart at an edge. */
export const isNear = (one: Colour, other: Colour): boolean => Math.abs(lumaOf(one) - lumaOf(other)) < 34;

/** Saturation about the colour's own grey. */
export function saturated(colour: Colour, by: number): Colour {
  const grey = lumaOf(colour);
  return mix([grey, grey, grey], colour, by);
}

/** The name in a table whose colour is nearest. */
export function nearestName<Name extends string>(table: Readonly<Record<Name, Colour>>, colour: Colour): Name {
  const distance = (name: Name) => table[name].reduce((sum, c, i) => sum + (c - colour[i]!) ** 2, 0);
  return namesOf(table).reduce((best, name) => (distance(name) < distance(best) ? name : best));
}
