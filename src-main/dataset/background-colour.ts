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

/** The border's pixels, three bytes each. */
function borderPixels({ width, height, data }: RgbPicture): Uint8Array {
  const pixels = new Uint8Array(data.length);
  let end = 0;
  const take = (y: number, from: number, to: number): void => {
    const row = data.subarray((y * width + from) * 3, (y * width + to) * 3);
    pixels.set(row, end);
    end += row.length;
  };
  const deep = (size: number): number => Math.max(1, Math.round(size * border.depth));
  const [deepX, deepY] = [deep(width), deep(height)];
  for (let y = 0; y < height * border.sides; y++) {
    if (y < deepY || 2 * deepX >= width) take(y, 0, width);
    else {
      take(y, 0, deepX);
      take(y, width - deepX, width);
    }
  }
  return pixels.subarray(0, end);
}

/** Of one channel, by counting. */
function median(pixels: Uint8Array, channel: number): number {
  const counts = new Uint32Array(256);
  for (let i = channel; i < pixels.length; i += 3) counts[pixels[i]!]! += 1;
  let left = Math.floor(pixels.length / 3 / 2);
  return counts.findIndex((count) => (left -= count) < 0);
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
  const middle: Rgb = [median(pixels, 0), median(pixels, 1), median(pixels, 2)];
  let near = 0;
  for (let i = 0; i < pixels.length; i += 3) {
    const away = (c: number): number => (pixels[i + c]! - middle[c]!) ** 2;
    near += Number(away(0) + away(1) + away(2) < nearDistance ** 2);
  }
  return near >= (neededShare * pixels.length) / 3 ? colourWord(middle) : undefined;
}
