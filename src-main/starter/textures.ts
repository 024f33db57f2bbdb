// Procedural textures that widen what the autoencoder sees beyond faces: gradients, smooth noise, gratings, strands,
// cloth and overlapping shapes (the "dead leaves" model of natural images: Lee, Mumford and Huang 2001).

import { mix } from './colours.ts';
import { Canvas, type Point } from './drawing/canvas.ts';
import { box, curve, stroke, tapered } from './drawing/path.ts';
import { type Random, seededRandom } from './seeded-random.ts';

type Rgb = [number, number, number];

/** Mostly of little saturation, as in nature; some of any. */
function randomColour(random: Random): Rgb {
  const grey = random.between(10, 245);
  const spread = random.chance(0.65) ? 24 : 90;
  const each = () => Math.max(0, Math.min(255, grey + random.normal() * spread));
  return [each(), each(), each()];
}

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

/** Fine lines that lean one way, light over dark, as hair, grass and fur do. */
function strands(sizePx: number, random: Random): Float32Array {
  const canvas = new Canvas(sizePx);
  const [dark, light] = [randomColour(random), randomColour(random)];
  canvas.paint(canvas.mask([box(0, 0, 256, 256)]), dark);
  const [lean, bend, width] = [random.between(-1, 1), random.between(-30, 30), random.between(1.5, 6)];
  for (let i = 0; i < 220; i++) {
    const [x, y, long] = [random.between(-60, 316), random.between(-40, 270), random.between(24, 90)];
    const way: Point[] = [[x, y], [x + lean * long * 0.5 + bend * 0.3, y + long * 0.5],
      [x + lean * long + bend, y + long]];
    const colour = mix(dark, light, i / 220 + random.between(-0.2, 0.2));
    canvas.paint(canvas.mask(stroke(curve(way), tapered(width * random.between(0.5, 1.5)))), colour);
  }
  return canvas.pixels;
}

/** Threads over and under one another, in squares or stripes of two colours. */
function weave(sizePx: number, random: Random): Float32Array {
  const threads = random.between(10, 44);
  const repeat = 2 + random.integer(6);
  const tilt = random.between(-0.3, 0.3);
  return blended(sizePx, randomColour(random), randomColour(random), (x, y) => {
    const [u, v] = [(x + tilt * y) * threads, (y - tilt * x) * threads];
    const isOver = (Math.floor(u) + Math.floor(v)) % 2 === 0;
    const across = isOver ? u : v;
    const round = Math.sin(Math.PI * (across - Math.floor(across)));
    const isSecond = Math.floor(Math.abs(across) / repeat) % 2 === 0;
    return (isSecond ? 0.15 : 0.65) + 0.35 * round;
  });
}

/** The texture of a seed: interleaved 8-bit RGB, sizePx x sizePx. */
export function renderTexture(seed: number, sizePx = 128): Uint8Array {
  const random = seededRandom(seed, 9);
  const draw = random.weighted([[grating, 1.5], [smoothNoise, 3], [deadLeaves, 5], [strands, 1.5],
    [weave, 1]] as const);
  const values = draw(sizePx, random);
  const noise = random.chance(0.4) ? random.between(2, 14) : 1;
  return Uint8Array.from(values, (value) => Math.max(0, Math.min(255, value + random.normal() * noise)));
}
