// Draws the hair and the beard of a procedural portrait.
// Back hair goes behind the neck, front hair over the forehead; strands give direction in shaded styles.

import type { HairStyle } from './attributes.ts';
import { type Colour, css, lighten, shade } from './colours.ts';
import { type Drawing, ellipse, gradient, line, pathData, shape, softMark } from './drawing.ts';
import { skullTopY } from './face.ts';

const volumes: Readonly<Record<HairStyle, number>> = {
  bald: 0, 'buzz cut': 2, short: 7, 'side part': 9, curly: 13, afro: 24, bob: 10, long: 8, wavy: 11, bun: 5,
    ponytail: 5,
};

const volumeOf = ({ attributes: a }: Drawing) => volumes[a.hairStyle] * a.hairVolume;

/** Light and dark strands following `curve(t)`, kept inside the clip path of this id. */
function strands(drawing: Drawing, clipId: string, count: number, curve: (t: number) => string): string {
  if (!drawing.isShaded) return '';
  const { attributes: a, random } = drawing;
  const lines = Array.from({ length: count }, () => {
    const colour = random.chance(0.5) ? lighten(a.hair, random.between(0.1, 0.32))
      : shade(a.hair, random.between(0.25, 0.6));
    return line(curve(random.uniform()), colour, random.between(1, 2.6), random.between(0.25, 0.6));
  }).join('');
  return `<g clip-path="url(#${clipId})">${lines}</g>`;
}

/** A round sheen and a dark rim over a mass of hair. */
function sheen(drawing: Drawing, clipId: string): string {
  if (!drawing.isShaded) return '';
  const { attributes: a } = drawing;
  const id = `${clipId}sheen`;
  const defs = gradient(id, 'radial', `cx="${a.lightSide * 26}" cy="-84" r="80"`,
    [[0, lighten(a.hair, 0.55), 0.5 * a.lightStrength], [0.4, a.hair, 0], [1, shade(a.hair, 0.8), 0.7]]);
  return `<defs>${defs}</defs><g clip-path="url(#${clipId})"><rect x="-140" y="-160" width="280" height="320" ` +
    `fill="url(#${id})"/></g>`;
}

function curls(drawing: Drawing, points: readonly (readonly [number, number])[], radius: number): string {
  const { attributes: a, random } = drawing;
  return points.map(([x, y]) => {
    const colour = drawing.isShaded ? lighten(shade(a.hair, random.between(0, 0.4)), random.between(0, 0.14)) : a.hair;
    const r = radius * random.between(0.8, 1.2);
    const curl = shape(drawing, ellipse(x, y, r, r), colour);
    return drawing.isShaded
      ? curl + line(pathData('M', x - r * 0.6, y, 'Q', x, y - r * 0.9, x + r * 0.6, y - r * 0.1),
        lighten(a.hair, 0.3), 1.6, 0.4)
      : curl;
  }).join('');
}

const arc = (drawing: Drawing, count: number, fromDegrees: number, toDegrees: number, grow: number) => {
  const w = drawing.attributes.faceHalfWidth;
  return Array.from({ length: count }, (_, i) => {
    const angle = ((fromDegrees + ((toDegrees - fromDegrees) * i) / (count - 1)) * Math.PI) / 180;
    return [Math.cos(angle) * (w + grow) - drawing.turn * 6, -36 - Math.sin(angle) * (-skullTopY - 36 + grow)] as const;
  });
};

function fallingHair(drawing: Drawing, bottom: number, wave: number): string {
  const { attributes: a, turn } = drawing;
  const w = a.faceHalfWidth + volumeOf(drawing);
  const top = skullTopY - volumeOf(drawing) * 0.6;
  const x = -turn * 8;
  const outer = w + 10 + wave;
  const data = pathData('M', x, top, 'C', x - w * 0.9, top, x - w - 2, -70, x - w - 1, -25,
    'C', x - w, 10, x - outer - wave, bottom * 0.45, x - outer + wave, bottom * 0.75, 'Q', x - outer, bottom,
      x - w * 0.7, bottom,
    'L', x + w * 0.7, bottom, 'Q', x + outer, bottom, x + outer - wave, bottom * 0.75,
    'C', x + outer + wave, bottom * 0.45, x + w, 10, x + w + 1, -25, 'C', x + w + 2, -70, x + w * 0.9, top, x, top,
      'Z');
  const strand = (t: number) => {
    const at = x + (t * 2 - 1) * outer;
    return pathData('M', x + (at - x) * 0.85, -70, 'C', at - wave, -20, at + wave * 1.6, bottom * 0.4, at - wave,
      bottom);
  };
  return `<clipPath id="fall"><path d="${data}"/></clipPath>` + shape(drawing, data, shade(a.hair, 0.22)) +
    strands(drawing, 'fall', 34, strand) + sheen(drawing, 'fall');
}

/** Hair behind the head and neck. */
export function drawBackHair(drawing: Drawing): string {
  const { attributes: a, turn } = drawing;
  const x = -turn * 10;
  switch (a.hairStyle) {
    case 'long': return fallingHair(drawing, 112, 0);
    case 'wavy': return fallingHair(drawing, 104, 9);
    case 'bob': return fallingHair(drawing, 50, 2);
    case 'afro': return shape(drawing, ellipse(x, -52, a.faceHalfWidth + volumeOf(drawing) + 4, 62 +
      volumeOf(drawing) * 0.7),
      shade(a.hair, 0.2)) + curls(drawing, arc(drawing, 26, -22, 202, volumeOf(drawing)), 10);
    case 'curly': return curls(drawing, [...arc(drawing, 18, -24, 204, 5), ...arc(drawing, 16, -18, 198, 11)], 10);
    case 'bun': return shape(drawing, ellipse(x, skullTopY - 6, 22, 18), a.hair) +
      softMark(drawing, ellipse(x + a.lightSide * 8, skullTopY - 12, 8, 5), lighten(a.hair, 0.5), 0.5);
    case 'ponytail': {
      const side = turn > 0 ? -1 : 1;
      const from = side * a.faceHalfWidth;
      return shape(drawing, pathData('M', from * 0.6, -86, 'C', from * 1.7, -90, from * 1.75, 0, from * 1.5, 70,
        'C', from * 1.3, 50, from * 1.15, 0, from * 0.8, -40, 'Z'), shade(a.hair, 0.15));
    }
    default: return '';
  }
}

/** The outline of hair lying on the skull, down to the hairline. */
function capOutline(drawing: Drawing): string {
  const { attributes: a, turn, place } = drawing;
  const v = volumeOf(drawing);
  const w = a.faceHalfWidth;
  const x = -turn * 5;
  const top = skullTopY - v;
  const outer = w + v * 0.55;
  const side = ['long', 'wavy', 'bob'].includes(a.hairStyle) ? 12 : -16;
  const line1 = place(-w * 0.74, a.hairline + 8);
  const line2 = place(w * 0.74, a.hairline + 8);
  const line0 = place(a.hairStyle === 'side part' ? w * 0.34 : 0, a.hairline - 3);
  const temple = w * 0.985;
  return pathData('M', x - outer, side, 'C', x - outer - 2, -70, x - w * 0.72, top, x, top,
    'C', x + w * 0.72, top, x + outer + 2, -70, x + outer, side, 'L', temple, side, 'C', temple * 0.98, -44,
      line2[0] + 4, -52,
    line2[0], line2[1], 'Q', (line2[0] + line0[0]) / 2, a.hairline - 5, line0[0], line0[1],
    'Q', (line1[0] + line0[0]) / 2, a.hairline - 5, line1[0], line1[1], 'C', line1[0] - 4, -52, -temple * 0.98, -44,
      -temple, side, 'Z');
}

function fringe(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  const w = a.faceHalfWidth;
  if (a.hairStyle === 'side part') {
    const part = place(w * 0.36, a.hairline - 12);
    const data = pathData('M', part[0], part[1], 'C', -w * 0.2, a.hairline - 22, -w * 0.98, a.hairline - 8, -w * 1.02,
      -34,
      'C', -w * 0.8, -54, -w * 0.3, a.hairline + 18, part[0], part[1], 'Z');
    return shape(drawing, data, lighten(a.hair, 0.04));
  }
  if (a.hairStyle === 'short') {
    const tips = [-0.6, -0.35, -0.1, 0.15, 0.4, 0.65];
    return tips.map((t) => {
      const [x, y] = place(t * w, a.hairline + 7);
      return shape(drawing, pathData('M', x - 10, a.hairline - 12, 'Q', x - 3, y - 4, x - 4, y, 'Q', x + 6, y - 6, x +
        10,
        a.hairline - 12, 'Z'), a.hair);
    }).join('');
  }
  return '';
}

/** Hair over the skull and forehead; nothing for a bald head. */
export function drawFrontHair(drawing: Drawing): string {
  const { attributes: a, turn } = drawing;
  if (a.hairStyle === 'bald') {
    return softMark(drawing, ellipse(a.lightSide * 22, -80, 15, 9), lighten(a.skin, 0.85), 0.45);
  }
  const outline = capOutline(drawing);
  const w = a.faceHalfWidth;
  const clip = `<clipPath id="cap"><path d="${outline}"/></clipPath>`;
  const shadow = `<g clip-path="url(#head)">${softMark(drawing, outline, shade(a.skin, 0.8), 0.4)}</g>`;
  if (a.hairStyle === 'buzz cut') {
    const opacity = 'opacity="0.8" filter="url(#blur1)"';
    return clip + shadow + shape(drawing, outline, a.hair, drawing.isShaded ? opacity : '') + sheen(drawing, 'cap');
  }
  const partX = a.hairStyle === 'side part' ? w * 0.34 : -turn * 8;
  const strand = (t: number) => {
    const at = (t * 2 - 1) * (w + volumeOf(drawing));
    const bend = at < partX ? -1 : 1;
    return pathData('M', partX + at * 0.1, skullTopY - 8, 'C', at * 0.6, -98, at * 0.98, -80, at + bend * 3, -20);
  };
  const curly = a.hairStyle === 'curly' || a.hairStyle === 'afro'
    ? curls(drawing, [...arc(drawing, 11, 20, 160, -8), ...arc(drawing, 9, 34, 146, -20)], 9.5) : '';
  return clip + shadow + shape(drawing, outline, a.hair) + strands(drawing, 'cap', 30, strand) + sheen(drawing, 'cap') +
    fringe(drawing) + curly;
}

function beardOutline({ attributes: a, place, turn }: Drawing): string {
  const w = a.faceHalfWidth;
  const jaw = w * a.jaw;
  const lean = turn * w * 0.22;
  const upperLip = 20;
  const l = place(-a.mouthWidth - 6, upperLip);
  const r = place(a.mouthWidth + 6, upperLip);
  const c = place(0, 16 + a.noseLength * 0.5, 6);
  return pathData('M', -w * 0.99, -22, 'C', -w, 8, -jaw + lean * 0.5 - 1, 26, -jaw * 0.9 + lean * 0.6, 40,
    'C', -jaw * 0.7 + lean, 60, -20 + lean, 68, lean, 68, 'C', 20 + lean, 68, jaw * 0.7 + lean, 60, jaw * 0.9 +
      lean * 0.6, 40,
    'C', jaw + lean * 0.5 + 1, 26, w, 8, w * 0.99, -22, 'C', w * 0.93, 4, r[0] + 14, 12, r[0], upperLip,
    'Q', c[0] + 6, c[1] - 1, c[0], c[1] + 1, 'Q', c[0] - 6, c[1] - 1, l[0], upperLip, 'C', l[0] - 14, 12, -w * 0.93,
      4, -w * 0.99, -22, 'Z');
}

function moustache({ attributes: a, place }: Drawing, spread: number): string {
  const y = 19 + a.noseLength * 0.5;
  const l = place(-a.mouthWidth * spread, y + 8);
  const r = place(a.mouthWidth * spread, y + 8);
  const c = place(0, y, 7);
  return pathData('M', c[0], c[1] - 3, 'C', c[0] - 9, c[1] - 6, l[0] + 6, l[1] - 9, l[0], l[1],
    'C', l[0] + 8, l[1] - 1, c[0] - 5, c[1] + 7, c[0], c[1] + 5, 'C', c[0] + 5, c[1] + 7, r[0] - 8, r[1] - 1, r[0],
      r[1],
    'C', r[0] - 6, r[1] - 9, c[0] + 9, c[1] - 6, c[0], c[1] - 3, 'Z');
}

function whiskers(drawing: Drawing, clipId: string): string {
  const strand = (t: number) => {
    const x = (t * 2 - 1) * 58;
    return pathData('M', x, -5 + 30 * (1 - (x / 58) ** 2), 'q', x * 0.04, 18, -x * 0.05, 42);
  };
  return strands(drawing, clipId, 34, strand);
}

/** Facial hair; goes over the cheeks and under the mouth, which is drawn again on top by the caller. */
export function drawBeard(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  const colour: Colour = shade(a.hair, 0.12);
  const [cx, cy] = place(0, 48, 3);
  const soft = drawing.isShaded ? 'filter="url(#blur1)"' : '';
  switch (a.facialHair) {
    case 'none': return '';
    case 'stubble': {
      const tint = css(colour);
      return `<g clip-path="url(#head)"><path d="${beardOutline(drawing)}" ` +
        `fill="${tint}" opacity="0.34" filter="url(#blur4)"/></g>`;
    }
    case 'moustache': return shape(drawing, moustache(drawing, 1.05), colour, soft);
    case 'goatee': return shape(drawing, ellipse(cx, cy + 3, 15, 15), colour, soft) +
      shape(drawing, moustache(drawing, 1), colour, soft);
    case 'beard': {
      const data = beardOutline(drawing);
      return `<clipPath id="beard"><path d="${data}"/></clipPath>` + softMark(drawing, data, shade(a.skin, 0.7), 0.5) +
        shape(drawing, data, colour, soft) + whiskers(drawing, 'beard') +
        softMark(drawing, ellipse(a.lightSide * 24, 44, 14, 9), lighten(a.hair, 0.4), 0.3 * a.lightStrength);
    }
  }
}
