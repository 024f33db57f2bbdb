// Draws the head of a procedural portrait: outline, ears, eyes, brows, nose and mouth, and the light on them.

import { eyeColourOf } from './attributes.ts';
import { type Colour, css, darken, lighten, mix, shade } from './colours.ts';
import { type Drawing, ellipse, gradient, line, pathData, shape, softMark } from './drawing.ts';

const chinY = 58;
export const skullTopY = -100;

/** Path data of the head from skull to chin. */
export function headOutline({ attributes: a, turn }: Drawing): string {
  const w = a.faceHalfWidth;
  const jaw = w * a.jaw;
  const chin = w * a.chin;
  const lean = turn * w * 0.22;
  const left = -w * (1 + Math.max(0, turn) * 0.05);
  const right = w * (1 - Math.min(0, turn) * 0.05);
  return pathData('M', left, -30, 'C', left, 0, -jaw + lean * 0.5, 22, -jaw * 0.93 + lean * 0.6, 32,
    'C', -jaw * 0.8 + lean * 0.8, 46, -chin + lean, chinY, lean, chinY,
    'C', chin + lean, chinY, jaw * 0.8 + lean * 0.8, 46, jaw * 0.93 + lean * 0.6, 32,
    'C', jaw + lean * 0.5, 22, right, 0, right, -30,
    'C', right, -80, w * 0.6, skullTopY, -lean * 0.3, skullTopY, 'C', -w * 0.6, skullTopY, left, -80, left, -30, 'Z');
}

function ears(drawing: Drawing): string {
  const { attributes: a, turn } = drawing;
  const w = a.faceHalfWidth;
  return [-1, 1].map((side) => {
    const x = side * w * 0.99 - turn * 8;
    const ear = shape(drawing, ellipse(x, -14, 8, 15), shade(a.skin, 0.08));
    return ear + line(pathData('M', x + side * 3, -22, 'Q', x - side * 3, -14, x + side * 2, -6), shade(a.skin, 0.4),
      2, 0.6);
  }).join('');
}

/** Light from the side, the darker rim of a round head, and the colour of cheeks, all inside the head's outline. */
function headLight(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  if (!drawing.isShaded) {
    const [x1, y1] = place(-30, 8);
    const [x2, y2] = place(30, 8);
    return [[x1, y1], [x2, y2]].map(([x, y]) =>
      `<path d="${ellipse(x!, y!, 9, 6)}" fill="${css([240, 110, 100])}" opacity="0.25"/>`).join('');
  }
  const w = a.faceHalfWidth;
  const away = -a.lightSide;
  const shadow = shade(a.skin, 0.75);
  const strength = a.lightStrength * Math.abs(a.lightSide);
  const defs = gradient('side', 'linear', `x1="${-away * w}" y1="-70" x2="${away * w}" y2="40"`,
    [[0, lighten(a.skin, 0.6), 0.3 * strength], [0.4, a.skin, 0], [1, shadow, 0.75 * strength]]) +
    gradient('rim', 'radial', `cx="${-away * w * 0.2}" cy="-30" r="${w * 1.75}"`,
      [[0, lighten(a.skin, 0.5), 0.35], [0.3, a.skin, 0], [0.62, shadow, 0.12], [1, shadow, 0.75]]);
  const cheeks = [-1, 1].map((side) => {
    const [x, y] = place(side * 31, 7);
    return softMark(drawing, ellipse(x, y, 12, 9), mix(a.skin, [214, 70, 60], 0.5), 0.3, 'blur8');
  }).join('');
  const box = `x="-90" y="-130" width="180" height="200"`;
  return `<defs>${defs}</defs><g clip-path="url(#head)"><rect ${box} fill="url(#rim)"/>` +
    `<rect ${box} fill="url(#side)"/>${cheeks}</g>`;
}

function eye(drawing: Drawing, side: -1 | 1): string {
  const { attributes: a, place } = drawing;
  const [x, y] = place(side * a.eyeSpacing, -27);
  const squeeze = (place(side * a.eyeSpacing + 5, 0)[0] - place(side * a.eyeSpacing - 5, 0)[0]) / 10;
  const half = 12 * a.eyeSize * Math.max(0.7, Math.min(1, squeeze));
  const up = 6.6 * a.eyeSize * a.eyesOpen;
  const down = up * (0.68 - 0.18 * a.smile);
  const upper = pathData('C', -half * 0.5, -up * 1.25, half * 0.45, -up * 1.25, half, 0);
  const almond = pathData('M', -half, 0) + upper +
    pathData('C', half * 0.5, down * 1.3, -half * 0.5, down * 1.3, -half, 0);
  const iris = eyeColourOf(a);
  const radius = 5.6 * a.eyeSize;
  const look = drawing.turn * 2;
  const white: Colour = drawing.isShaded ? [234, 228, 222] : [252, 252, 252];
  const lashWidth = (a.classWord === 'woman' ? 3 : 2.1) + (drawing.isShaded ? 0 : 0.8);
  const id = `eye${side}`;
  return `<g transform="translate(${x.toFixed(1)} ${y.toFixed(1)}) rotate(${(-side * a.eyeTilt).toFixed(1)})">` +
    softMark(drawing, ellipse(0, -5, half * 1.25, up * 1.7), shade(a.skin, 0.6), 0.45) +
    `<clipPath id="${id}"><path d="${almond}"/></clipPath><path d="${almond}" fill="${css(white)}"/>` +
    `<g clip-path="url(#${id})"><circle cx="${look}" cy="-0.8" r="${radius}" fill="${css(darken(iris, 0.45))}"/>` +
    `<circle cx="${look}" cy="-0.6" r="${radius * 0.8}" fill="${css(iris)}"/>` +
    `<circle cx="${look}" cy="-0.8" r="${radius * 0.45}" fill="rgb(14,10,10)"/>` +
    `<circle cx="${look + 1.8 * (a.lightSide > 0 ? 1 : -1)}" cy="-2.8" r="1.4" fill="white" opacity="0.9"/>` +
    (drawing.isShaded ? `<path d="${pathData('M', -half, -up - 3, 'L', half, -up - 3, 'L', half, 0)}${pathData(
      'C', half * 0.4, -up * 0.75, -half * 0.5, -up * 0.75, -half, 0,
        'Z')}" fill="rgb(40,20,20)" opacity="0.35"/>` : '') +
    `</g>` + line(pathData('M', -half, 0) + upper, mix(shade(a.skin, 0.8), [20, 14, 14], 0.7), lashWidth) +
    line(pathData('M', -half * 0.9, -up * 0.75, 'C', -half * 0.4, -up * 1.75, half * 0.5, -up * 1.75, half * 0.95,
      -up * 0.5),
      shade(a.skin, 0.55), 1.4, 0.6) +
    line(pathData('M', half * 0.9, 1, 'C', half * 0.5, down * 1.35, -half * 0.5, down * 1.35, -half * 0.9, 1),
      shade(a.skin, 0.6), 1.2, 0.6) + (a.age === 'old' ? line(pathData('M', -half * 0.8, down + 5, 'Q', 0, down + 10,
      half * 0.8, down + 4), shade(a.skin, 0.5), 1.6, 0.55) : '') + '</g>';
}

function brow(drawing: Drawing, side: -1 | 1): string {
  const { attributes: a, place } = drawing;
  const colour = a.hairStyle === 'bald' && a.hairColour === 'blonde' ? shade(a.hair, 0.3)
    : shade(mix(a.hair, a.skin, 0.12), 0.15);
  const y = -42.5;
  const inner = place(side * (a.eyeSpacing - 14), y + 1);
  const peak = place(side * (a.eyeSpacing + 5), y - 2 - a.browArch * 1.6);
  const outer = place(side * (a.eyeSpacing + 16), y + 2);
  const t = a.browThickness;
  return `<path d="${pathData('M', inner[0], inner[1], 'Q', peak[0], peak[1] - 0.5, outer[0], outer[1],
    'Q', peak[0], peak[1] + t * 0.9, inner[0], inner[1] + t, 'Z')}" fill="${css(colour)}" ` +
    `${drawing.isShaded ? 'filter="url(#blur1)" opacity="0.92"' : ''}/>`;
}

function nose(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  const baseY = 10 + a.noseLength;
  const away = a.lightSide > 0 ? -1 : 1;
  const w = a.noseWidth;
  const tip = place(0, baseY - 6, 16);
  const base = place(0, baseY, 9);
  const bridge = place(away * 5, -30, 4);
  const wing = place(away * w, baseY - 3, 4);
  const dark = shade(a.skin, 0.62);
  const nostrils = [-1, 1].map((side) => {
    const [x, y] = place(side * w * 0.48, baseY, 8);
    const edge = place(side * w, baseY - 4, 5);
    const start = place(side * w * 0.82, baseY - 10, 6);
    return `<path d="${ellipse(x, y, w * 0.2, 1.9)}" fill="${css(shade(a.skin, 0.82))}" opacity="0.85"` +
      `${drawing.isShaded ? ' filter="url(#blur1)"' : ''}/>` +
      line(pathData('M', start[0], start[1], 'Q', edge[0] + side * 2, edge[1], x + side * 2, y + 1.5), dark, 1.6, 0.55);
  }).join('');
  const side = softMark(drawing, pathData('M', bridge[0], bridge[1], 'Q', tip[0] + away * 3, -8, tip[0] + away * 4,
    baseY - 10,
    'L', wing[0], wing[1], 'Q', wing[0] + away * 3, baseY - 12, bridge[0] + away * 5, bridge[1] + 4, 'Z'),
  dark, 0.35 + 0.35 * a.lightStrength * Math.abs(a.lightSide));
  const under = softMark(drawing, ellipse(base[0], base[1] + 4, w * 0.9, 3.6), shade(a.skin, 0.7), 0.5);
  const light = softMark(drawing, ellipse(tip[0] - away * 1.5, tip[1] - 1, 4, 4), lighten(a.skin, 0.75), 0.5, 'blur2') +
    softMark(drawing, ellipse((tip[0] + place(0, -28, 6)[0]) / 2 - away, -18, 2.4, 15), lighten(a.skin, 0.65), 0.35,
      'blur2');
  const flat = drawing.isShaded ? '' : line(pathData('M', place(away * 2, -20, 8)[0], -18, 'Q', wing[0] + away,
    baseY - 8,
    tip[0], baseY + 1), dark, 2.2, 0.8);
  return side + under + light + flat + nostrils;
}

function mouth(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  const y = 29 + a.noseLength * 0.5;
  const lift = a.smile * 5;
  const half = a.mouthWidth * (1 + 0.16 * a.smile);
  const [lx, ly] = place(-half, y - lift, 0);
  const [rx, ry] = place(half, y - lift, 0);
  const [cx, cy] = place(0, y, 5);
  const upper = 4.6 * a.lipFullness;
  const lower = 7 * a.lipFullness;
  const red: Colour = a.classWord === 'woman' ? [176, 50, 62] : [164, 78, 74];
  const lip = mix(a.skin, red, a.classWord === 'woman' ? 0.62 : 0.42);
  const open = a.smile > 0.62 ? (a.smile - 0.5) * 13 : 0;
  const bow = pathData('M', lx, ly, 'C', lx + half * 0.5, y - upper - lift * 0.2, cx - 5, cy - upper - 2, cx,
    cy - upper,
    'C', cx + 5, cy - upper - 2, rx - half * 0.5, y - upper - lift * 0.2, rx, ry);
  const bottom = pathData('C', rx - half * 0.35, cy + lower + open, cx + half * 0.4, cy + lower + 1 + open, cx, cy +
    lower + 1 + open,
    'C', cx - half * 0.4, cy + lower + 1 + open, lx + half * 0.35, cy + lower + open, lx, ly, 'Z');
  const middle = pathData('Q', cx + half * 0.3, cy + 1, cx, cy, 'Q', cx - half * 0.3, cy + 1, lx, ly);
  const teeth = open === 0 ? '' : `<path d="${pathData('M', lx + 3, ly + 0.5, 'Q', cx, cy, rx - 3, ry + 0.5,
    'Q', cx + half * 0.3, cy + open * 1.3 + 1, cx, cy + open * 1.2 + 1,
    'Q', cx - half * 0.3, cy + open * 1.3 + 1, lx + 3, ly + 0.5, 'Z')}" fill="rgb(244,240,234)"/>`;
  const dark = shade(mix(a.skin, red, 0.4), 0.72);
  return softMark(drawing, ellipse(cx, cy + lower + open + 6, half * 0.6, 3.4), shade(a.skin, 0.65), 0.45) +
    shape(drawing, bow + bottom, lip) + `<path d="${bow}${middle}Z" fill="${css(shade(lip, 0.2))}"/>` +
    softMark(drawing, ellipse(cx + a.lightSide * 3, cy + lower * 0.55 + open, half * 0.3, 1.8), lighten(lip, 0.6),
      0.5, 'blur2') +
    teeth + line(pathData('M', rx, ry) + middle, dark, open ? 1.4 : 2.1, 0.9) +
    [[lx, ly], [rx, ry]].map(([x, yy]) => softMark(drawing, ellipse(x!, yy!, 3, 2.4), dark, 0.4, 'blur2')).join('');
}

function creases(drawing: Drawing): string {
  const { attributes: a, place } = drawing;
  const depth = (a.age === 'old' ? 0.5 : 0.12) + a.smile * 0.35;
  const folds = [-1, 1].map((side) => {
    const from = place(side * (a.noseWidth + 3), 4);
    const to = place(side * (a.mouthWidth + 7), 26);
    return line(pathData('M', from[0], from[1], 'Q', to[0] + side, 10, to[0], to[1]), shade(a.skin, 0.6), 2, depth);
  }).join('');
  if (a.age !== 'old') return folds;
  return folds + [-52, -58, -64].map((y) => {
    const from = place(-22, y);
    const to = place(22, y);
    return line(pathData('M', from[0], y, 'Q', (from[0] + to[0]) / 2, y - 3, to[0], y), shade(a.skin, 0.5), 1.3, 0.4);
  }).join('');
}

function freckles({ attributes: a, place, random }: Drawing): string {
  if (!a.freckles) return '';
  return Array.from({ length: 34 }, () => {
    const [x, y] = place(random.normal() * 20, random.between(-14, 10));
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="1.1" ` +
      `fill="${css(shade(a.skin, 0.45))}" opacity="0.6"/>`;
  }).join('');
}

/** Ears, head and everything on the face; `beard` goes over the cheeks and under nose and mouth. */
export function drawFace(drawing: Drawing, beard: string): string {
  const outline = headOutline(drawing);
  return ears(drawing) + `<clipPath id="head"><path d="${outline}"/></clipPath>` +
    shape(drawing, outline, drawing.attributes.skin) + headLight(drawing) + freckles(drawing) + creases(drawing) +
      beard +
    eye(drawing, -1) + eye(drawing, 1) + brow(drawing, -1) + brow(drawing, 1) + nose(drawing) + mouth(drawing);
}
