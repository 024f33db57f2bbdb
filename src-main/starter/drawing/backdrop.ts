// What lies behind a procedural portrait: a plain colour, a gradient, or a simple scene; out of focus in soft looks.

import type { BackdropScene } from '../attributes.ts';
import { darken, isNear, lighten } from '../colours.ts';
import type { Mask } from './canvas.ts';
import { blurredSquare } from './coverage.ts';
import { type Figure, painted } from './figure.ts';
import { box } from './path.ts';
import { drawBookshelf, drawCity, drawNightCity, drawRoom, drawWall } from './scenes-indoors.ts';
import {
  drawForest, drawGarden, drawLights, drawMountains, drawSea, drawSky, drawSnow, drawStars, drawSunset,
} from './scenes-outdoors.ts';

const scenes: Readonly<Record<BackdropScene, (figure: Figure) => void>> = {
  wall: drawWall, sky: drawSky, sea: drawSea, forest: drawForest, mountains: drawMountains, city: drawCity,
  'night city': drawNightCity, room: drawRoom, bookshelf: drawBookshelf, sunset: drawSunset, snow: drawSnow,
  garden: drawGarden, stars: drawStars, lights: drawLights,
};

/** Fills the whole picture; the canvas's matrix must be the picture's own. */
export function drawBackdrop(figure: Figure): void {
  const { a, canvas } = figure;
  const all = canvas.mask([box(0, 0, 256, 256)]);
  drawColours(figure, all);
  // drawings on paper leave what is behind pale
  if (a.style === 'pencil') canvas.paint(all, [250, 250, 250], 0.62);
  if (a.style === 'ink wash') canvas.paint(all, [246, 246, 246], 0.42);
}

function drawColours(figure: Figure, all: Mask): void {
  const { a, canvas, isSoft } = figure;
  const colour = painted(figure, a.background);
  if (a.backgroundKind === 'gradient') {
    const isRound = a.partSide > 0 || isNear(a.hair, a.background);
    return canvas.paint(all, {
      kind: isRound ? 'radial' : 'linear', from: lighten(colour, 0.4), to: darken(colour, 0.26),
      at: isRound ? [128, 96] : [128 + a.lightSide * 100, 0],
      end: isRound ? [128, 270] : [128 - a.lightSide * 100, 256],
    });
  }
  if (a.backgroundKind !== 'plain') {
    scenes[a.backgroundKind](figure);
    return isSoft ? defocus(figure) : undefined;
  }
  if (!isSoft) return canvas.paint(all, colour);
  const x = 128 + a.lightSide * 50;
  canvas.paint(all, {
    kind: 'radial', from: lighten(colour, 0.06), to: darken(colour, 0.07), at: [x, 90], end: [x, 290],
  });
}

/** Softens what has been painted so far, as a camera does behind its subject. */
function defocus({ canvas: { pixels, edgePx } }: Figure): void {
  const radius = Math.max(1, Math.round(edgePx / 128));
  const plane = new Float32Array(edgePx * edgePx);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < plane.length; i++) plane[i] = pixels[i * 3 + c]!;
    const out = blurredSquare(blurredSquare(plane, edgePx, radius), edgePx, radius);
    for (let i = 0; i < plane.length; i++) pixels[i * 3 + c] = out[i]!;
  }
}
