// Procedural textures that widen what the autoencoder sees beyond faces: gradients, smooth noise, gratings and
// overlapping shapes (the "dead leaves" model of natural images: Lee, Mumford and Huang 2001).

import { seededRandom, type Random } from './seeded-random.ts';

type Rgb = [number, number, number];

const randomColour = (random: Random): Rgb => [random.between(0, 255), random.between(0, 255), random.between(0, 255)];

/** Fills a picture from a function of the pixel giving a share between two colours. */
function blended(sizePx: number, from: Rgb, to: Rgb, share: (x: number, y: number) => number): Float32Array {
  const out = new Float32Array(sizePx * sizePx * 3);
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) {
      const t = Math.max(0, Math.min(1, share(x / sizePx, y / sizePx)));
      for (let c = 0; c < 3; c++) out[(y * sizePx + x) * 3 + c] = from[c]! + (to[c]! - from[c]!) * t;
    }
  }
  return out;
}

function grating(sizePx: number, random: Random): Float32Array {
  const angle = random.between(0, Math.PI);
  const [fx, fy] = [Math.cos(angle), Math.sin(angle)];
  const frequency = 2 ** random.between(0, 5);
  const bend = random.between(0, 4);
  return blended(sizePx, randomColour(random), randomColour(random), (x, y) =>
    0.5 + 0.5 * Math.sin(2 * Math.PI * frequency * (x * fx + y * fy) + bend * Math.sin(5 * (y * fx - x * fy))));
}

/** Value noise in octaves, amplitudes falling as 1/f. */
function smoothNoise(sizePx: number, random: Random): Float32Array {
  const from = randomColour(random);
  const to = randomColour(random);
  const octaves = [2, 4, 8, 16, 32].map((cells) =>
    ({ cells, values: Float32Array.from({ length: (cells + 1) ** 2 }, () => random.uniform() - 0.5) }));
  const at = ({ cells, values }: { cells: number; values: Float32Array }, x: number, y: number) => {
    const [i, j] = [Math.floor(x * cells), Math.floor(y * cells)];
    const [u, v] = [x * cells - i, y * cells - j];
    const [su, sv] = [u * u * (3 - 2 * u), v * v * (3 - 2 * v)];
    const row = (k: number) => values[k * (cells + 1) + i]! * (1 - su) + values[k * (cells + 1) + i + 1]! * su;
    return row(j) * (1 - sv) + row(j + 1) * sv;
  };
  return blended(sizePx, from, to, (x, y) =>
    0.5 + octaves.reduce((sum, octave) => sum + at(octave, x, y) * (3 / octave.cells), 0));
}

/** Discs and boxes falling on one another, sizes by the cube law that makes natural statistics. */
function deadLeaves(sizePx: number, random: Random): Float32Array {
  const out = blended(sizePx, randomColour(random), randomColour(random), (x, y) => (x + y) / 2);
  for (let leaf = 0; leaf < 60; leaf++) {
    const radius = Math.min(0.45, 0.03 / Math.sqrt(random.uniform() + 0.004)) * sizePx;
    const [cx, cy] = [random.uniform() * sizePx, random.uniform() * sizePx];
    const isRound = random.chance(0.6);
    const tall = random.between(0.4, 1.6);
    const from = randomColour(random);
    const to = random.chance(0.5) ? from : randomColour(random);
    for (let y = Math.max(0, Math.floor(cy - radius * tall)); y < Math.min(sizePx, cy + radius * tall); y++) {
      for (let x = Math.max(0, Math.floor(cx - radius)); x < Math.min(sizePx, cx + radius); x++) {
        const [u, v] = [(x - cx) / radius, (y - cy) / (radius * tall)];
        if (isRound && u * u + v * v > 1) continue;
        for (let c = 0; c < 3; c++) out[(y * sizePx + x) * 3 + c] = from[c]! + (to[c]! - from[c]!) * (0.5 + 0.5 * v);
      }
    }
  }
  return out;
}

/** The texture of a seed: interleaved 8-bit RGB, sizePx x sizePx. */
export function renderTexture(seed: number, sizePx = 128): Uint8Array {
  const random = seededRandom(seed, 9);
  const draw = random.weighted([[grating, 2], [smoothNoise, 3], [deadLeaves, 5]] as const);
  const values = draw(sizePx, random);
  const noise = random.chance(0.4) ? random.between(2, 14) : 1;
  return Uint8Array.from(values, (value) => Math.max(0, Math.min(255, value + random.normal() * noise)));
}
