// Backdrops under the sky, in units of 1/256 of the picture.

import { type Colour, lighten, mix } from '../colours.ts';
import type { Path, Point } from './canvas.ts';
import { type Figure, painted } from './figure.ts';
import { box, curve, ellipse } from './path.ts';

/** A sky from above to the horizon. */
export function airOf(figure: Figure, above: Colour, below: Colour, horizon = 256): void {
  const { canvas } = figure;
  canvas.paint(canvas.mask([box(0, 0, 256, 256)]), {
    kind: 'linear', from: painted(figure, above), to: painted(figure, below), at: [0, 0], end: [0, horizon],
  });
}

export function fillOf(figure: Figure, path: Path, colour: Colour, opacity = 1): void {
  figure.canvas.paint(figure.canvas.mask(path), painted(figure, colour), opacity);
}

/** Land from a line downwards. */
function land(figure: Figure, heights: readonly Point[], colour: Colour): void {
  fillOf(figure, [[...curve(heights), [276, 276], [-20, 276]]], colour);
}

function cloud(figure: Figure, x: number, y: number, size: number, colour: Colour, opacity = 0.95): void {
  fillOf(figure, [
    ellipse(x, y, size * 1.5, size * 0.5), ellipse(x - size * 0.6, y - size * 0.3, size * 0.55),
    ellipse(x + size * 0.25, y - size * 0.5, size * 0.72), ellipse(x + size * 0.95, y - size * 0.2, size * 0.45),
  ], colour, opacity);
}

export function drawSky(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [86, 158, 226], [196, 228, 246]);
  for (const x of [20, 92, 200, 250]) cloud(figure, x + random.between(-22, 22), random.between(30, 200),
    random.between(20, 34), [252, 252, 250]);
}

export function drawSea(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [128, 196, 236], [222, 240, 244], 150);
  cloud(figure, random.between(10, 70), random.between(30, 70), 22, [254, 254, 252]);
  cloud(figure, random.between(190, 250), random.between(20, 60), 26, [254, 254, 252]);
  fillOf(figure, [box(0, 138, 256, 256)], [38, 134, 178]);
  for (let i = 0; i < 16; i++) {
    const [x, y] = [random.between(-10, 256), random.between(144, 206)];
    fillOf(figure, [ellipse(x, y, random.between(10, 24), 1.5)], [150, 212, 228], 0.8);
  }
  land(figure, [[-20, 216], [60, 208], [140, 218], [276, 206]], [238, 216, 168]);
}

function fir(figure: Figure, x: number, top: number, bottom: number, colour: Colour): void {
  const wide = (bottom - top) * 0.24;
  fillOf(figure, [0, 1, 2].map((i): readonly Point[] => {
    const from = top + (bottom - top) * i * 0.26;
    const half = wide * (0.55 + i * 0.22);
    return [[x, from], [x + half, from + (bottom - top) * 0.42], [x - half, from + (bottom - top) * 0.42]];
  }), colour);
}

export function drawForest(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [198, 226, 190], [146, 196, 146]);
  for (let i = 0; i < 11; i++) fir(figure, i * 26 + random.between(-8, 8), random.between(10, 60), 240,
    [104, 160, 116]);
  for (let i = 0; i < 8; i++) fir(figure, i * 38 + random.between(-10, 10), random.between(34, 96), 290, [52, 112, 82]);
  land(figure, [[-20, 226], [90, 218], [180, 228], [276, 216]], [78, 128, 70]);
}

export function drawMountains(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [142, 190, 232], [238, 230, 220], 180);
  const peaks: Point[] = Array.from({ length: 6 },
    (_, i) => [i * 56 - 12, i % 2 ? random.between(40, 84) : random.between(126, 150)]);
  fillOf(figure, [[...peaks, [290, 276], [-20, 276]]], [116, 136, 168]);
  for (const [x, y] of peaks.filter((_, i) => i % 2)) {
    fillOf(figure, [[[x, y], [x + 15, y + 24], [x + 5, y + 20], [x - 3, y + 28], [x - 13, y + 22]]], [248, 250, 252]);
  }
  land(figure, [[-20, 176], [50, 156], [120, 184], [200, 152], [276, 178]], [88, 128, 120]);
  land(figure, [[-20, 216], [80, 200], [190, 218], [276, 198]], [96, 148, 86]);
}

export function drawSunset(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [92, 66, 140], [255, 176, 96], 190);
  const x = random.chance(0.5) ? random.between(26, 60) : random.between(196, 230);
  fillOf(figure, [ellipse(x, 122, 46)], [255, 210, 130], 0.4);
  fillOf(figure, [ellipse(x, 122, 28)], [255, 232, 168]);
  for (let i = 0; i < 4; i++) fillOf(figure,
    [ellipse(random.between(0, 256), random.between(30, 120), random.between(34, 60), 4)], [232, 112, 110], 0.75);
  land(figure, [[-20, 176], [70, 162], [150, 178], [276, 164]], [112, 62, 102]);
  land(figure, [[-20, 214], [100, 198], [200, 214], [276, 204]], [66, 40, 80]);
}

export function drawSnow(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [176, 204, 230], [230, 238, 246], 200);
  for (let i = 0; i < 6; i++) {
    const x = i * 50 + random.between(-14, 14);
    const top = random.between(56, 110);
    fir(figure, x, top, 250, [98, 132, 142]);
    const high = 250 - top;
    fillOf(figure, [[[x, top - 2], [x + high * 0.09, top + high * 0.24], [x + high * 0.03, top + high * 0.2],
      [x - high * 0.03, top + high * 0.25], [x - high * 0.09, top + high * 0.22]]], [240, 246, 250]);
  }
  land(figure, [[-20, 196], [70, 182], [170, 198], [276, 186]], [244, 248, 252]);
  fillOf(figure, Array.from({ length: 46 },
    () => ellipse(random.between(0, 256), random.between(0, 256), random.between(1.6, 3.8))), [255, 255, 255], 0.95);
}

const petals: readonly Colour[] = [[236, 104, 132], [250, 206, 92], [244, 244, 240], [182, 122, 204], [240, 136, 88]];

export function drawGarden(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [190, 224, 180], [112, 170, 100]);
  for (let i = 0; i < 26; i++) {
    const [x, y] = [random.between(0, 256), random.between(10, 256)];
    fillOf(figure, [ellipse(x, y, random.between(12, 26), random.between(6, 12), random.between(0, 3))], [74, 140, 82],
      0.6);
  }
  for (let i = 0; i < 26; i++) {
    const [x, y, r] = [random.between(0, 256), random.between(20, 250), random.between(3.6, 6.4)];
    const colour = random.pick(petals);
    fillOf(figure, [0, 1, 2, 3, 4].map((k) =>
      ellipse(x + r * Math.cos(k * 1.257), y + r * Math.sin(k * 1.257), r * 0.74)), colour);
    fillOf(figure, [ellipse(x, y, r * 0.5)], lighten(mix(colour, [250, 200, 60], 0.8), 0.1));
  }
}

export function drawStars(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [18, 20, 56], [58, 58, 120]);
  fillOf(figure, Array.from({ length: 60 },
    () => ellipse(random.between(0, 256), random.between(0, 250), random.between(0.8, 2.4))), [252, 246, 220]);
  const [x, y] = [random.chance(0.5) ? random.between(24, 52) : random.between(204, 232), random.between(28, 64)];
  fillOf(figure, [ellipse(x, y, 19)], [252, 240, 200]);
  fillOf(figure, [ellipse(x + 8, y - 4, 16)], [26, 28, 68]);
}

/** Lamps far out of focus. */
export function drawLights(figure: Figure): void {
  const { random } = figure;
  airOf(figure, [44, 34, 62], [92, 56, 74]);
  const colours: readonly Colour[] = [[255, 206, 120], [255, 150, 110], [140, 190, 250], [250, 232, 190],
    [236, 130, 170]];
  for (let i = 0; i < 30; i++) {
    const [x, y, r] = [random.between(-6, 262), random.between(-6, 240), random.between(7, 19)];
    const colour = random.pick(colours);
    fillOf(figure, [ellipse(x, y, r)], colour, random.between(0.35, 0.75));
  }
}
