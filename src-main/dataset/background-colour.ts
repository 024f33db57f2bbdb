// The background's colour in one word, from the pixels along the upper border, where no shoulders are.
// The words are those that the starter pack's captions use.

import type { RgbPicture } from '../photos/pixels.ts';

export const backgroundWords = [
  'white', 'black', 'grey', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink',
] as const;
export type BackgroundWord = (typeof backgroundWords)[number];

type Rgb = readonly [number, number, number];

/** Shares of the edge: how deep the border is, and how far down the sides it reaches. */
const border = { depth: 0.06, sides: 0.45 } as const;
/** So many of the border's pixels must be near its middle colour for one word to be true. */
const neededShare = 0.6;
const nearDistance = 60;

function borderPixels({ width, height, data }: RgbPicture): Rgb[] {
  const pixels: Rgb[] = [];
  const deep = (size: number): number => Math.max(1, Math.round(size * border.depth));
  const [deepX, deepY] = [deep(width), deep(height)];
  for (let y = 0; y < height * border.sides; y++) {
    for (let x = 0; x < width; x++) {
      if (y >= deepY && x >= deepX && x < width - deepX) continue;
      const at = (y * width + x) * 3;
      pixels.push([data[at]!, data[at + 1]!, data[at + 2]!]);
    }
  }
  return pixels;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

// Upper ends of hues in degrees, red at 0. Light and dark tones of a hue have words of their own.
const hues: readonly (readonly [number, BackgroundWord])[] = [
  [16, 'red'], [42, 'orange'], [68, 'yellow'], [170, 'green'], [250, 'blue'], [305, 'purple'], [342, 'pink'],
  [360, 'red'],
];

function hueDegrees([red, green, blue]: Rgb, spread: number): number {
  const most = Math.max(red, green, blue);
  if (most === red) return (((green - blue) / spread) * 60 + 360) % 360;
  return most === green ? (2 + (blue - red) / spread) * 60 : (4 + (red - green) / spread) * 60;
}

/** The word for one colour, sRGB 0..255. */
export function colourWord([red, green, blue]: Rgb): BackgroundWord {
  const [least, most] = [Math.min(red, green, blue), Math.max(red, green, blue)];
  const spread = most - least;
  if (most < 48) return 'black';
  if (spread < 0.16 * most || spread < 20) return most >= 218 ? 'white' : most < 60 ? 'black' : 'grey';
  const hue = hueDegrees([red, green, blue], spread);
  const word = hues.find(([end]) => hue <= end)![1];
  // a light red is called pink
  return word === 'red' && most > 200 && least > 0.5 * most ? 'pink' : word;
}

/** The word for a picture's background, or undefined when it has no one colour. */
export function backgroundWord(picture: RgbPicture): BackgroundWord | undefined {
  const pixels = borderPixels(picture);
  const middle = [0, 1, 2].map((c) => median(pixels.map((pixel) => pixel[c]!))) as unknown as Rgb;
  const near = pixels.filter((pixel) => Math.hypot(...pixel.map((value, c) => value - middle[c]!)) < nearDistance);
  return near.length >= neededShare * pixels.length ? colourWord(middle) : undefined;
}
