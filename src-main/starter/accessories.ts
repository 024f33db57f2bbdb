// Draws glasses and hats on a procedural portrait.

import { type Colour, clothesColours, css, darken, lighten } from './colours.ts';
import { type Drawing, ellipse, gradient, line, pathData, shape, softMark } from './drawing.ts';
import { skullTopY } from './face.ts';

/** Frames and lenses at the eyes, with the arms running to the ears. */
export function drawGlasses(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  if (a.glasses === 'none') return '';
  const isDark = a.glasses === 'sunglasses';
  const frame: Colour = [28, 24, 26];
  const lens = isDark ? css([18, 18, 24]) : 'white';
  const rims = ([-1, 1] as const).map((side) => {
    const [x, y] = place(side * (a.eyeSpacing + 0.5), -25, 3);
    const squeeze = Math.max(0.72, 1 - Math.max(0, side * drawing.turn) * 0.5);
    const rx = (a.glasses === 'round glasses' ? 16 : 18.5) * squeeze;
    const ry = a.glasses === 'round glasses' ? 16 : 13;
    const data = a.glasses === 'round glasses' ? ellipse(x, y, rx, ry)
      : pathData('M', x - rx, y - ry * 0.7, 'Q', x - rx, y - ry, x - rx * 0.7, y - ry, 'L', x + rx * 0.7, y - ry,
        'Q', x + rx, y - ry, x + rx, y - ry * 0.7, 'Q', x + rx, y + ry, x, y + ry, 'Q', x - rx, y + ry, x - rx,
          y - ry * 0.7, 'Z');
    const ear = side * a.faceHalfWidth * 0.98 - drawing.turn * 5;
    return `<path d="${data}" fill="${lens}" fill-opacity="${isDark ? 0.93 : 0.1}"/>` +
      line(data, frame, isDark ? 2.6 : 3) + line(pathData('M', x + side * rx, y - 6, 'L', ear, -24), frame, 2.6) +
      (isDark ? line(pathData('M', x - rx * 0.5, y - 4, 'L', x - rx * 0.1, y - 9), [210, 220, 230], 2.4, 0.5) : '');
  }).join('');
  const left = place(-a.eyeSpacing + 16, -28, 6);
  const right = place(a.eyeSpacing - 16, -28, 6);
  return rims + line(pathData('M', left[0], left[1], 'Q', (left[0] + right[0]) / 2, -33, right[0], right[1]), frame, 3);
}

function shadedBody(drawing: Drawing, data: string, colour: Colour, id: string): string {
  if (!drawing.isShaded) return shape(drawing, data, colour);
  const side = drawing.attributes.lightSide;
  const defs = gradient(id, 'linear', `x1="${side * 60}" y1="-110" x2="${-side * 60}" y2="-60"`,
    [[0, lighten(colour, 0.22), 1], [0.5, colour, 1], [1, darken(colour, 0.4), 1]]);
  return `<defs>${defs}</defs><path d="${data}" fill="url(#${id})"/>`;
}

/** A cap, a beanie or a brimmed hat over the hair. */
export function drawHat(drawing: Drawing): string {
  const { attributes: a, turn } = drawing;
  if (a.hat === 'none') return '';
  const colour: Colour = clothesColours[a.hatColour];
  const w = a.faceHalfWidth + 5;
  const x = -turn * 4;
  const top = skullTopY - 8;
  const dome = pathData('M', x - w, -58, 'C', x - w - 1, -96, x - w * 0.6, top, x, top, 'C', x + w * 0.6, top, x + w +
    1, -96, x + w, -58,
    'Q', x, -68, x - w, -58, 'Z');
  const shadow = `<g clip-path="url(#head)">` +
    `${softMark(drawing, ellipse(turn * 20, -56, w * 0.95, 9), [30, 16, 12], 0.5)}</g>`;
  const lean = turn * 26;
  if (a.hat === 'cap') {
    const brim = pathData('M', lean - w * 0.82, -62, 'Q', lean, -88, lean + w * 0.82, -62, 'Q', lean + w * 0.5, -52,
      lean, -52,
      'Q', lean - w * 0.5, -52, lean - w * 0.82, -62, 'Z');
    return shadow + shadedBody(drawing, dome, colour, 'hat') + shape(drawing, brim, darken(colour, 0.25));
  }
  if (a.hat === 'beanie') {
    const band = pathData('M', x - w - 1, -76, 'Q', x, -86, x + w + 1, -76, 'L', x + w, -55, 'Q', x, -65, x - w, -55,
      'Z');
    const ribs = Array.from({ length: 11 }, (_, i) => {
      const at = x - w + (2 * w * (i + 0.5)) / 11;
      return line(pathData('M', at, -79, 'L', at, -60), darken(colour, 0.5), 1.4, 0.5);
    }).join('');
    return shadow + shadedBody(drawing, dome, colour, 'hat') + shape(drawing, band, darken(colour, 0.14)) + ribs;
  }
  const brim = ellipse(x, -64, w * 1.5, 11);
  const band = pathData('M', x - w * 0.9, -78, 'Q', x, -70, x + w * 0.9, -78, 'L', x + w * 0.92, -67, 'Q', x, -58,
    x - w * 0.92, -67, 'Z');
  const crown = pathData('M', x - w * 0.92, -64, 'L', x - w * 0.78, top + 4, 'Q', x, top - 8, x + w * 0.78, top + 4,
    'L', x + w * 0.92, -64, 'Q', x, -56, x - w * 0.92, -64, 'Z');
  return shadow + shadedBody(drawing, brim, darken(colour, 0.1), 'brim') + shadedBody(drawing, crown, colour, 'hat') +
    shape(drawing, band, darken(colour, 0.55));
}
