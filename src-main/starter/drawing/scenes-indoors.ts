// Backdrops of walls, rooms and streets, in units of 1/256 of the picture.

import { type Colour, darken, lighten, mix } from '../colours.ts';
import type { Figure } from './figure.ts';
import { box, ellipse } from './path.ts';
import { airOf, fillOf } from './scenes-outdoors.ts';

/** Bricks. */
export function drawWall(figure: Figure): void {
  const { random } = figure;
  const own: Colour = random.pick([[184, 98, 78], [206, 196, 186], [150, 110, 92]]);
  fillOf(figure, [box(0, 0, 256, 256)], mix(lighten(own, 0.45), [206, 196, 186], 0.4));
  for (let row = 0; row < 13; row++) {
    for (let i = -1; i < 7; i++) {
      const [x, y] = [i * 42 + (row % 2) * 21, row * 20.5];
      fillOf(figure, [box(x + 1.6, y + 1.6, x + 40.4, y + 18.9)],
        mix(own, random.chance(0.5) ? darken(own, 0.2) : lighten(own, 0.15), random.uniform()));
    }
  }
}

function skyline(figure: Figure, wall: Colour, pane: Colour, share: number): void {
  const { random } = figure;
  for (const [layer, tone] of [[0, 0.35], [1, 0]] as const) {
    for (let i = 0; i < 8; i++) {
      const [x, top, wide] = [i * 36 - 16 + layer * 14, random.between(26, 130) + layer * 36, random.between(24, 36)];
      const own = lighten(wall, tone);
      fillOf(figure, [box(x, top, x + wide, 256)], random.chance(0.5) ? own : mix(own, [150, 120, 110], 0.25));
      if (layer === 0) continue;
      for (let y = top + 8; y < 240; y += 15) {
        for (let k = 0; k < 3; k++) {
          if (random.chance(share)) fillOf(figure,
            [box(x + 4 + k * wide * 0.3, y, x + 4 + k * wide * 0.3 + wide * 0.18, y + 8)], pane);
        }
      }
    }
  }
}

export function drawCity(figure: Figure): void {
  airOf(figure, [154, 202, 236], [238, 232, 222]);
  skyline(figure, [130, 144, 166], [212, 230, 240], 0.85);
}

export function drawNightCity(figure: Figure): void {
  airOf(figure, [24, 26, 62], [88, 62, 110]);
  skyline(figure, [38, 40, 70], [252, 214, 120], 0.55);
}

export function drawRoom(figure: Figure): void {
  const { random } = figure;
  const wall: Colour = random.pick([[232, 214, 188], [196, 214, 204], [226, 200, 196], [204, 208, 222]]);
  fillOf(figure, [box(0, 0, 256, 256)], wall);
  fillOf(figure, [box(0, 206, 256, 256)], [156, 112, 82]);
  fillOf(figure, [box(0, 201, 256, 207)], lighten(wall, 0.5));
  const left = random.chance(0.5);
  const x = left ? 14 : 180;
  fillOf(figure, [box(x, 26, x + 62, 112)], [250, 248, 242]);
  fillOf(figure, [box(x + 5, 31, x + 57, 107)], [160, 206, 236]);
  fillOf(figure, [box(x + 29, 31, x + 33, 107), box(x + 5, 66, x + 57, 70)], [250, 248, 242]);
  const p = left ? 214 : 36;
  fillOf(figure, [box(p - 24, 36, p + 24, 84)], [122, 84, 62]);
  fillOf(figure, [box(p - 19, 41, p + 19, 79)], random.pick([[236, 164, 110], [120, 170, 160], [230, 206, 120]]));
  fillOf(figure, [-0.9, -0.45, 0, 0.45,
    0.9].map((turn) => ellipse(p + turn * 20, 150 - Math.cos(turn) * 10, 8, 25, turn)), [70, 136, 88]);
  fillOf(figure, [[[p - 15, 172], [p + 15, 172], [p + 11, 206], [p - 11, 206]]], [206, 112, 78]);
}

export function drawBookshelf(figure: Figure): void {
  const { random } = figure;
  fillOf(figure, [box(0, 0, 256, 256)], [84, 56, 42]);
  const bindings: readonly Colour[] = [[186, 70, 62], [62, 104, 146], [222, 182, 96], [84, 130, 98], [232, 220, 196],
    [124, 76, 124], [206, 122, 70]];
  for (let row = 0; row < 5; row++) {
    const floor = 46 + row * 54;
    for (let x = 2; x < 256;) {
      const [wide, high] = [random.between(8, 15), random.between(30, 44)];
      const colour = random.pick(bindings);
      fillOf(figure, [box(x, floor - high, x + wide, floor)], colour);
      fillOf(figure, [box(x + 2, floor - high * 0.8, x + wide - 2, floor - high * 0.72)], lighten(colour, 0.5));
      x += wide + 1.2;
    }
    fillOf(figure, [box(0, floor, 256, floor + 7)], [140, 98, 68]);
  }
}
