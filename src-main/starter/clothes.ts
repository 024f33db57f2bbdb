// Draws neck, shoulders and clothes of a procedural portrait.

import { clothesColourOf } from './attributes.ts';
import { type Colour, css, darken, lighten, shade } from './colours.ts';
import { type Drawing, ellipse, gradient, line, pathData, shape, softMark } from './drawing.ts';

const shoulders = (wide: number, neck: number) => pathData('M', -neck, 70, 'C', -neck - 2, 84, -wide * 0.6, 86,
  -wide * 0.86, 98,
  'C', -wide * 1.05, 108, -wide * 1.1, 125, -wide * 1.14, 170, 'L', wide * 1.14, 170, 'C', wide * 1.1, 125,
    wide * 1.05, 108,
  wide * 0.86, 98, 'C', wide * 0.6, 86, neck + 2, 84, neck, 70, 'Z');

function cloth(drawing: Drawing, data: string, colour: Colour): string {
  if (!drawing.isShaded) return shape(drawing, data, colour);
  const { lightSide } = drawing.attributes;
  const defs = gradient('cloth', 'linear', `x1="${lightSide * 90}" y1="80" x2="${-lightSide * 90}" y2="140"`,
    [[0, lighten(colour, 0.16), 1], [0.45, colour, 1], [1, darken(colour, 0.42), 1]]);
  return `<defs>${defs}</defs><path d="${data}" fill="url(#cloth)"/>`;
}

function folds(drawing: Drawing, colour: Colour): string {
  if (!drawing.isShaded) return '';
  const { random } = drawing;
  return Array.from({ length: 5 }, () => {
    const x = random.between(-90, 90);
    const data = pathData('M', x, random.between(98, 112), 'q', random.between(-9, 9), 16, random.between(-14, 14), 36);
    return line(data, random.chance(0.5) ? darken(colour, 0.4) : lighten(colour, 0.2), random.between(2, 4), 0.35);
  }).join('');
}

function neckSkin(drawing: Drawing, neck: number): string {
  const { attributes: a, turn } = drawing;
  const data = pathData('M', -neck, 20, 'L', -neck, 74, 'Q', -neck, 92, -neck - 22, 98, 'L', 0, 126, 'L', neck + 22, 98,
    'Q', neck, 92, neck, 74, 'L', neck, 20, 'Z');
  const shadow = softMark(drawing, ellipse(turn * 12, 62, neck * 1.3, 14), shade(a.skin, 0.8), 0.7, 'blur4');
  return `<clipPath id="throat"><path d="${data}"/></clipPath>` + shape(drawing, data, shade(a.skin, 0.1)) +
    `<g clip-path="url(#throat)">` + shadow +
    softMark(drawing, pathData('M', -Math.sign(a.lightSide) * neck, 30, 'l', 0, 64, 'l', Math.sign(a.lightSide) * 12,
      0, 'l', 0, -64, 'Z'),
      shade(a.skin, 0.7), 0.45 * a.lightStrength) + '</g>';
}

function suit(drawing: Drawing, data: string, colour: Colour): string {
  const white: Colour = [236, 236, 238];
  const tie: Colour = drawing.attributes.clothesColour === 'red' ? [40, 44, 90] : [150, 30, 40];
  const shirt = shape(drawing, pathData('M', -27, 84, 'L', 0, 98, 'L', 27, 84, 'L', 30, 150, 'L', -30, 150, 'Z'),
    white);
  const lapels = [-1, 1].map((side) => shape(drawing,
    pathData('M', side * 26, 80, 'L', side * 4, 150, 'L', side * 52, 150,
    'L', side * 44, 104, 'Z'), darken(colour, 0.14))).join('');
  return cloth(drawing, data, colour) + shirt + (drawing.attributes.classWord === 'man'
    ? shape(drawing, pathData('M', -6, 97, 'L', 6, 97, 'L', 9, 150, 'L', -9, 150, 'Z'), tie) : '') + lapels;
}

function collar(drawing: Drawing, colour: Colour): string {
  const edge = shade(colour, 0.16);
  return [-1, 1].map((side) => shape(drawing, pathData('M', 0, 100, 'L', side * 30, 76, 'L', side * 40, 90, 'L',
    side * 20, 112, 'Z'),
    edge)).join('') + line(pathData('M', 0, 100, 'L', 0, 150), darken(colour, 0.5), 1.8, 0.7);
}

/** Neck and clothes, to be drawn after the back hair and before the head. */
export function drawClothes(drawing: Drawing): string {
  const { attributes: a } = drawing;
  const isMan = a.classWord === 'man';
  const neck = isMan ? 31 : 24;
  const colour = clothesColourOf(a);
  const body = shoulders(isMan ? 116 : 102, neck + (a.clothes === 'sweater' ? 4 : 12));
  const skin = neckSkin(drawing, neck);
  const opening = (depth: number, half: number) => shape(drawing,
    pathData('M', -half, 72, 'Q', -half, depth, 0, depth, 'Q', half, depth, half, 72, 'Z'), shade(a.skin, 0.14));
  switch (a.clothes) {
    case 'suit': return skin + suit(drawing, body, colour) + folds(drawing, colour);
    case 'shirt': return skin + cloth(drawing, body, colour) + folds(drawing, colour) + opening(98, neck) +
      collar(drawing, colour);
    case 't-shirt': return cloth(drawing, body, colour) + folds(drawing, colour) + opening(104, neck + 10) +
      line(pathData('M', -neck - 10, 82, 'Q', -neck - 4, 106, 0, 106, 'Q', neck + 4, 106, neck + 10, 82),
        darken(colour, 0.3), 3) + skinOver(skin);
    case 'dress': return cloth(drawing, body, colour) + folds(drawing, colour) + opening(124, neck + 22) +
      skinOver(skin);
    case 'sweater': return skin + cloth(drawing, body, colour) + folds(drawing, colour) +
      shape(drawing, pathData('M', -neck - 5, 70, 'Q', 0, 86, neck + 5, 70, 'L', neck + 8, 90, 'Q', 0, 108, -neck - 8,
        90, 'Z'), shade(colour, 0.14));
    case 'hoodie': return shape(drawing, ellipse(0, 84, neck + 30, 30), shade(colour, 0.3)) + skin +
      cloth(drawing, body, colour) +
      folds(drawing, colour) + opening(102, neck + 4) + [-1, 1].map((side) =>
      line(pathData('M', side * 14, 104, 'q', side * 3, 12, 0, 30), lighten(colour, 0.5), 2.4)).join('');
  }
}

/** Only the part of the neck above the collar. */
function skinOver(skin: string): string {
  return `<clipPath id="neck"><rect x="-60" y="0" width="120" height="94"/></clipPath>` +
    `<g clip-path="url(#neck)">${skin}</g>`;
}

/** The shadow that head and shoulders throw on a near background. */
export function drawCastShadow(drawing: Drawing): string {
  const { attributes: a } = drawing;
  if (!drawing.isShaded) return '';
  const x = -a.lightSide * 22;
  return `<path d="${ellipse(x, -10, 66, 88)}" fill="${css([0, 0, 0])}" ` +
    `opacity="${(0.16 * a.lightStrength).toFixed(2)}" filter="url(#blur8)"/>`;
}
