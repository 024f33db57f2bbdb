// What a style does to the pixels of its sample picture: the grade of a film, or the hand of a painter. Each works on
// sRGB of 8 bits and returns a new picture; random numbers are seeded.

import sharp, { type Sharp } from 'sharp';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';

export interface Pixels {
  readonly rgb: Uint8Array;
  readonly edgePx: number;
}

export type Finish = (picture: Pixels) => Promise<Pixels>;

const open = ({ rgb, edgePx }: Pixels): Sharp => sharp(rgb, { raw: { width: edgePx, height: edgePx, channels: 3 } });

async function done(picture: Sharp, edgePx: number): Promise<Pixels> {
  return { rgb: new Uint8Array(await picture.removeAlpha().toColourspace('srgb').raw().toBuffer()), edgePx };
}

/** Each pixel by its colour and place, the place as fractions. */
function perPixel(change: (rgb: readonly [number, number, number], x: number, y: number) => readonly number[]): Finish {
  return ({ rgb, edgePx }) => {
    const out = new Uint8Array(rgb.length);
    for (let i = 0; i < rgb.length; i += 3) {
      const at = i / 3;
      const [x, y] = [(at % edgePx) / edgePx, Math.floor(at / edgePx) / edgePx];
      const changed = change([rgb[i]!, rgb[i + 1]!, rgb[i + 2]!], x, y);
      changed.forEach((value, k) => { out[i + k] = Math.max(0, Math.min(255, Math.round(value))); });
    }
    return Promise.resolve({ rgb: out, edgePx });
  };
}

const lumaOf = ([r, g, b]: readonly [number, number, number]): number => 0.299 * r + 0.587 * g + 0.114 * b;

/** Black to one colour and white to another, with contrast about the middle. */
export const tone = (dark: readonly number[], light: readonly number[], contrast = 1): Finish => perPixel((rgb) => {
  const t = Math.max(0, Math.min(1, (lumaOf(rgb) / 255 - 0.5) * contrast + 0.5));
  return dark.map((value, k) => value + (light[k]! - value) * t);
});

export const monochrome = (contrast = 1.15): Finish => tone([8, 8, 8], [248, 248, 248], contrast);

/** Colours multiplied, shadows lifted to `floor`, saturation about grey. */
export const grade = (gains: readonly number[], saturation = 1, floor = 0): Finish => perPixel((rgb) => {
  const grey = lumaOf(rgb);
  return rgb.map((value, k) => floor + (grey + (value - grey) * saturation) * gains[k]! * (1 - floor / 255));
});

/** Coloured light from the two sides. */
export const gels = (left: readonly number[], right: readonly number[]): Finish => perPixel((rgb, x) => {
  const grey = lumaOf(rgb) / 255;
  const [l, r] = [Math.max(0, 1 - x * 1.5), Math.max(0, x * 1.5 - 0.5)];
  return rgb.map((value, k) => value * (0.55 + 0.1 * grey) + grey * (left[k]! * l + right[k]! * r) * 0.75);
});

export const vignette = (strength: number): Finish => perPixel((rgb, x, y) => {
  const fall = 1 - strength * 2 * ((x - 0.5) ** 2 + (y - 0.5) ** 2);
  return rgb.map((value) => value * fall);
});

export function grain(amount: number): Finish {
  const random = seededRandom(7, 41);
  return perPixel((rgb) => {
    const noise = (random.uniform() + random.uniform() - 1) * amount;
    return rgb.map((value) => value + noise);
  });
}

export const posterize = (levels: number): Finish => perPixel((rgb) => rgb.map((value) => (
  (Math.round((value / 255) * (levels - 1)) / (levels - 1)) * 255)));

/** Dots that grow where the picture is dark, in one ink over its colours. */
export const halftone = (cells: number, ink: readonly number[], strength: number): Finish => perPixel((rgb, x, y) => {
  const [u, v] = [(x + y) * cells, (x - y) * cells];
  const distance = Math.hypot(u - Math.floor(u) - 0.5, v - Math.floor(v) - 0.5);
  const isInk = distance < 0.62 * Math.sqrt(1 - lumaOf(rgb) / 255) - 0.08;
  return rgb.map((value, k) => (isInk ? value + (ink[k]! - value) * strength : value));
});

/** Flat patches as of a brush, with the light of their ridges. */
export const brush = (size: number): Finish => async (picture) => {
  const patches = open(picture).median(size).sharpen({ sigma: 2.5 }).modulate({ saturation: 1.15 });
  const flat = await done(patches, picture.edgePx);
  const random = seededRandom(8, 42);
  const strokes = Array.from({ length: 4096 }, () => random.between(-9, 9));
  return perPixel((rgb, x, y) => {
    const stroke = strokes[(Math.floor(x * 90 + y * 22) * 61 + Math.floor(y * 34) * 7) % 4096]!;
    return rgb.map((value) => value + stroke);
  })(flat);
};

/** Pigment that pales into paper and gathers at edges. */
export const wash = (paper: readonly number[]): Finish => async (picture) => {
  const soft = await done(open(picture).median(9).blur(2).modulate({ saturation: 1.2 }), picture.edgePx);
  const edges = await outlines(picture, 1.2);
  return perPixel((rgb, x, y) => {
    const at = Math.floor(y * picture.edgePx) * picture.edgePx + Math.floor(x * picture.edgePx);
    const away = Math.max(0, Math.hypot((x - 0.5) * 1.05, (y - 0.52) * 0.92) * 2.6 - 0.72);
    const share = Math.min(1, away) * 0.95 + 0.18 * (1 - Math.min(1, away));
    const line = edges[at]! * 0.35;
    return rgb.map((value, k) => (value + (paper[k]! - value) * share) * (1 - line));
  })(soft);
};

/** Where lightness changes: 0 nowhere to 1 at a hard edge. */
async function outlines(picture: Pixels, sigma: number): Promise<Float32Array> {
  const { edgePx } = picture;
  const { rgb } = await done(open(picture).blur(sigma), edgePx);
  const luma = Float32Array.from({ length: edgePx * edgePx }, (_, i) => (
    lumaOf([rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!])));
  return luma.map((value, i) => {
    const [right, below] = [luma[i + 1] ?? value, luma[i + edgePx] ?? value];
    return Math.min(1, Math.hypot(right - value, below - value) / 14);
  });
}

/** Lines of ink over flat tones; `keep` is how much of the colours stays. */
export const inked = (keep: number, paper: readonly number[], weight = 1): Finish => async (picture) => {
  const edges = await outlines(picture, 1.4);
  return perPixel((rgb, x, y) => {
    const at = Math.floor(y * picture.edgePx) * picture.edgePx + Math.floor(x * picture.edgePx);
    const line = Math.min(1, edges[at]! * weight);
    return rgb.map((value, k) => (paper[k]! + (value - paper[k]!) * keep) * (1 - 0.88 * line));
  })(picture);
};

export const soft = (sigma: number, share = 0.5): Finish => async (picture) => {
  const blurred = await done(open(picture).blur(sigma), picture.edgePx);
  const rgb = picture.rgb.map((value, i) => Math.min(255, value * (1 - share) + blurred.rgb[i]! * share * 1.06));
  return { rgb, edgePx: picture.edgePx };
};
