// Draws what hangs about the neck of a procedural portrait: ties, scarves, chains.

import { clothesColours, type Colour, lighten, mix, shade } from '../colours.ts';
import { inMood } from '../scene.ts';
import type { Path, Point } from './canvas.ts';
import { bodyOf } from './clothes.ts';
import { type Figure, line, mark, shape, sideShadow } from './figure.ts';
import { blob, curve, ellipse, tapered } from './path.ts';

/** What hangs about the neck. */
export function drawNeckwear(figure: Figure): void {
  const { a } = figure;
  const { x, neck } = bodyOf(figure);
  const colour = inMood(clothesColours[a.neckwearColour], a.mood);
  const chain = curve([[x - neck - 6, 88], [x - neck * 0.7, 106], [x, 119], [x + neck * 0.7, 106], [x + neck + 6, 88]]);
  switch (a.neckwear) {
    case 'none': return;
    case 'tie':
      shape(figure, [[[x - 7, 104], [x + 7, 104], [x + 5, 117], [x - 5, 117]]], shade(colour, 0.15));
      shape(figure, [[[x - 5, 117], [x + 5, 117], [x + 13, 190], [x, 208], [x - 13, 190]]], colour);
      return mark(figure, [[[x - 6, 130], [x + 7, 124], [x + 8, 131], [x - 7, 138]]], lighten(colour, 0.5), 0.6);
    case 'bow tie':
      for (const side of [-1, 1]) shape(figure,
        blob([[x, 107], [x + side * 12, 99], [x + side * 21, 99], [x + side * 21, 116], [x + side * 12, 116]]), colour);
      return void shape(figure, [ellipse(x, 107.5, 4.6, 5.4)], shade(colour, 0.2));
    case 'scarf': return scarf(figure, x, neck, colour);
    case 'necklace':
      line(figure, chain, [226, 184, 88], 2);
      return void shape(figure, [ellipse(x, 123, 4.4, 5.4)], mix(colour, [255, 255, 255], 0.1));
    case 'pearls':
      for (let i = 0; i < chain.length; i += 2) shape(figure, [ellipse(chain[i]![0], chain[i]![1], 3.7)],
        [246, 240, 232], { hasLine: figure.look.line > 0 });
  }
}

function scarf(figure: Figure, x: number, neck: number, colour: Colour): void {
  const end: Path = [[[x + 8, 100], [x + 34, 98], [x + 40, 172], [x + 14, 176]]];
  const hanging = shape(figure, end, shade(colour, 0.12));
  for (const y of [150, 160]) line(figure, [[x + 10, y + 3], [x + 42, y]], lighten(colour, 0.6), 4, 0.8, hanging);
  const loop: Path = [[
    ...curve([[x - neck - 6, 70], [x - neck * 0.5, 82], [x, 84], [x + neck * 0.5, 82], [x + neck + 6, 70]]),
    ...curve([[x + neck + 17, 84], [x + neck + 13, 104], [x, 122], [x - neck - 13, 104], [x - neck - 17, 84]]),
  ]];
  const covered = shape(figure, loop, colour);
  sideShadow(figure, loop, covered, colour, { depth: 9, strength: 0.42 });
  const fold = (points: readonly Point[]) =>
    line(figure, curve(points), shade(colour, 0.42), tapered(2.6), 0.6, covered);
  fold([[x - neck - 12, 84], [x, 104], [x + neck + 8, 88]]);
  fold([[x - neck - 6, 96], [x, 114], [x + neck, 104]]);
}
