// What stands behind and in front of the person on a style's sample picture, as SVG in units of 1/256 of its edge:
// light, weather, places, and the few things that people wear which the renderer has no word for.

import { seededRandom } from '../../src-main/starter/seeded-random.ts';

export type Svg = string;

export const plain = (colour: string): Svg => `<rect width="256" height="256" fill="${colour}"/>`;

/** From above to below. */
export function gradient(above: string, below: string): Svg {
  return `<defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${above}"/>`
    + `<stop offset="1" stop-color="${below}"/></linearGradient></defs>${plain('url(#g)')}`;
}

/** A pool of light behind the head. */
export function glow(inner: string, outer: string, x = 128, y = 96): Svg {
  return `<defs><radialGradient id="r" gradientUnits="userSpaceOnUse" cx="${x}" cy="${y}" r="190">`
    + `<stop offset="0" stop-color="${inner}"/><stop offset="1" stop-color="${outer}"/></radialGradient></defs>`
    + plain('url(#r)');
}

type Draw = (x: number, y: number, size: number, colour: string, turn: number) => Svg;

function scattered(
  seed: number, count: number, sizes: readonly [number, number], colours: readonly string[], draw: Draw,
): Svg {
  const random = seededRandom(seed, 31);
  return Array.from({ length: count }, () => draw(
    random.between(0, 256), random.between(0, 256), random.between(...sizes), random.pick(colours),
    random.between(0, 360))).join('');
}

const disc: Draw = (x, y, size, colour) => `<circle cx="${x}" cy="${y}" r="${size}" fill="${colour}"/>`;
const leaf: Draw = (x, y, size, colour, turn) => `<path transform="translate(${x} ${y}) rotate(${turn}) `
  + `scale(${size})" d="M0 -1Q0.75 -0.2 0 1Q-0.75 -0.2 0 -1Z" fill="${colour}"/>`;

export function bokeh(seed: number, colours: readonly string[], opacity = 0.5, count = 34): Svg {
  return `<g opacity="${opacity}">${scattered(seed, count, [6, 19], colours, disc)}</g>`;
}

export function dots(seed: number, count: number, sizes: readonly [number, number], colours: readonly string[]): Svg {
  return scattered(seed, count, sizes, colours, disc);
}

export function leaves(seed: number, count: number, sizes: readonly [number, number], colours: readonly string[]): Svg {
  return scattered(seed, count, sizes, colours, leaf);
}

export function skyline(seed: number, wall: string, light: string): Svg {
  const random = seededRandom(seed, 32);
  return Array.from({ length: 10 }, (_, i) => {
    const [x, top] = [i * 27 - 6, random.between(60, 150)];
    const windows = Array.from({ length: 12 }, (__, k) => (random.chance(0.55)
      ? `<rect x="${x + 4 + (k % 3) * 7}" y="${top + 8 + Math.floor(k / 3) * 16}" width="4" height="8" `
        + `fill="${light}"/>`
      : '')).join('');
    return `<rect x="${x}" y="${top}" width="25" height="256" fill="${wall}"/>${windows}`;
  }).join('');
}

export const mountains = (far: string, near: string): Svg =>
  `<path d="M0 150L50 84L86 120L136 60L190 128L222 100L256 140V256H0Z" fill="${far}"/>`
  + `<path d="M0 200L60 150L120 196L190 140L256 190V256H0Z" fill="${near}"/>`;

export function arches(glass: string, wall: string): Svg {
  const window = (x: number): Svg => `<path d="M${x} 200V66Q${x + 22} 18 ${x + 44} 66V200Z" fill="${glass}"/>`
    + `<path d="M${x + 22} 40V200M${x} 100H${x + 44}M${x} 150H${x + 44}" stroke="${wall}" stroke-width="2"/>`;
  return plain(wall) + window(14) + window(198);
}

export function lanterns(): Svg {
  const lantern = (x: number, y: number): Svg => `<g transform="translate(${x} ${y})"><path d="M0 -40V-20" `
    + 'stroke="#f0c060" stroke-width="1.5"/><ellipse rx="19" ry="17" fill="#e0302a"/><ellipse rx="9" ry="17" '
    + 'fill="none" stroke="#f6a04a" stroke-width="1.4"/><rect x="-8" y="-20" width="16" height="4" fill="#f0c060"/>'
    + '<rect x="-8" y="16" width="16" height="4" fill="#f0c060"/>'
    + '<path d="M0 20V34" stroke="#f0c060" stroke-width="3"/></g>';
  return lantern(34, 56) + lantern(222, 44) + lantern(14, 130) + lantern(240, 136);
}

export function tree(): Svg {
  return '<path d="M216 40L256 190H176Z" fill="#1d5a38"/><path d="M40 30L92 210H-12Z" fill="#23663f"/>'
    + dots(5, 30, [1.5, 3.5], ['#ffd76a', '#ff8a5a', '#fff2c0']);
}

export function bamboo(): Svg {
  return [12, 34, 60, 200, 226, 246].map((x, i) => `<path d="M${x} 0V256" stroke="${i % 2 ? '#7f9f6a' : '#93b27c'}" `
    + `stroke-width="${6 + (i % 3) * 2}"/>${[40, 96, 150, 210].map((y) => (
      `<path d="M${x - 5} ${y + i * 7}h10" stroke="#5d7a4c" stroke-width="1.6"/>`)).join('')}`).join('');
}

export function shelves(): Svg {
  const random = seededRandom(4, 33);
  const colours = ['#5a2f24', '#2f4a4a', '#6b5327', '#40305a', '#2c3a5c'];
  return plain('#1c1512') + [18, 66, 114, 162].map((y) => Array.from({ length: 24 }, (_, i) => (
    `<rect x="${i * 11}" y="${y + random.between(0, 8)}" width="9" height="42" `
      + `fill="${random.pick(colours)}"/>`)).join('')
    + `<rect y="${y + 42}" width="256" height="5" fill="#3a281c"/>`).join('');
}

export function sunsetGrid(): Svg {
  const lines = [150, 158, 170, 188, 214, 250].map((y) => (
    `<path d="M0 ${y}H256" stroke="#ff4fd8" stroke-width="1.5"/>`));
  const rays = [-160, -80, -20, 40, 90, 128, 166, 216, 276, 336, 416].map((x) => (
    `<path d="M128 118L${x} 256" stroke="#ff4fd8" stroke-width="1.2"/>`));
  return gradient('#1b0b3a', '#5a1a78') + '<circle cx="128" cy="92" r="82" fill="#ff9a4a"/>'
    + '<rect y="140" width="256" height="116" fill="#190a33"/>' + lines.join('') + rays.join('');
}

export function scales(): Svg {
  const rows = Array.from({ length: 9 }, (_, row) => Array.from({ length: 9 }, (__, i) => {
    const [x, y] = [i * 32 + (row % 2) * 16, 130 + row * 16];
    const ring = 'fill="#f3e6cc" stroke="#27477d" stroke-width="2"';
    return [16, 11, 6].map((r) => `<circle cx="${x}" cy="${y}" r="${r}" ${ring}/>`).join('');
  }).join('')).join('');
  return `${plain('#f3e6cc')}<circle cx="196" cy="60" r="34" fill="#d8432e"/>${rows}`;
}

export function burst(colour: string): Svg {
  return Array.from({ length: 18 }, (_, i) => `<path transform="rotate(${i * 20} 128 110)" d="M128 110L118 -130H138Z" `
    + `fill="${colour}"/>`).join('');
}

export const blinds = (opacity: number): Svg => Array.from({ length: 12 }, (_, i) => (
  `<rect x="-20" y="${i * 24 - 10}" width="300" height="11" opacity="${opacity}" `
  + 'transform="rotate(-7 128 128)"/>')).join('');

export const rain = (): Svg => scattered(9, 70, [6, 15], ['#cfe6ff'], (x, y, size, colour) => (
  `<path d="M${x} ${y}l${-size / 4} ${size}" stroke="${colour}" stroke-width="0.9" opacity="0.55"/>`));

/** Places of one style alone. */
export const clouds: Svg = '<g fill="#fff"><ellipse cx="40" cy="150" rx="52" ry="20"/>'
  + '<ellipse cx="76" cy="136" rx="34" ry="22"/><ellipse cx="222" cy="96" rx="46" ry="18"/>'
  + '<ellipse cx="204" cy="82" rx="26" ry="17"/></g>';
export const earth: Svg = '<circle cx="30" cy="250" r="120" fill="#2f6fc4"/>'
  + '<path d="M-20 190q60 -30 100 10q30 30 60 20" stroke="#e9f3ff" stroke-width="14" fill="none" opacity="0.8"/>';
export const gears: Svg = '<g fill="none" stroke="#b98543" stroke-width="7" stroke-dasharray="9 7">'
  + '<circle cx="44" cy="70" r="40"/><circle cx="216" cy="52" r="30"/><circle cx="226" cy="170" r="48"/>'
  + '</g>';
export const seaside: Svg = '<rect y="150" width="256" height="40" fill="#4fb3d0"/>'
  + '<rect y="188" width="256" height="70" fill="#f0dca8"/>'
  + '<circle cx="214" cy="44" r="26" fill="#fff6c8"/>';
export const windowSeat: Svg = '<rect x="20" y="14" width="84" height="150" fill="#fffbe9"/>'
  + '<path d="M62 14V164M20 88H104" stroke="#c9b48c" stroke-width="3"/>'
  + '<rect x="170" y="30" width="90" height="8" fill="#a98a5c"/>'
  + '<rect x="176" y="4" width="8" height="26" fill="#7a4f4a"/>'
  + '<rect x="188" y="0" width="9" height="30" fill="#4f6a6a"/>'
  + '<rect x="201" y="6" width="8" height="24" fill="#8a7440"/>';
export const track: Svg = '<path d="M-10 190Q128 120 266 190V256H-10Z" fill="#5fa04f"/>'
  + '<path d="M-10 206Q128 140 266 206M-10 224Q128 160 266 224" stroke="#fff" stroke-width="3" fill="none"/>';

/** Worn things, in front of the person whose face stands in the middle. */
export const worn = {
  headset: '<path d="M176 128Q184 160 158 172" fill="none" stroke="#16181c" stroke-width="3"/>'
    + '<circle cx="156" cy="172" r="5" fill="#16181c"/>',
  scarf: '<path d="M74 208Q128 236 182 208L192 232Q128 262 64 232Z" fill="#a8412c"/>'
    + '<path d="M88 216l-4 18M110 224l-2 18M146 224l2 18M168 216l4 18" stroke="#d58a4a" stroke-width="3"/>',
  crossedCollar: (cloth: string, edge: string): Svg => `<path d="M172 194L116 256H218L228 224Z" fill="${cloth}"/>`
    + `<path d="M166 198L118 250" stroke="${edge}" stroke-width="8"/>`
    + `<path d="M84 194L146 256H38L28 224Z" fill="${cloth}"/>`
    + `<path d="M90 198L148 258" stroke="${edge}" stroke-width="8"/>`,
  armour: '<path d="M60 216Q128 190 196 216L230 256H26Z" fill="#9aa3ad"/><path d="M92 196Q128 222 164 196L170 214Q128 '
    + '240 86 214Z" fill="#c9d0d8"/><path d="M128 226V256M60 222q20 10 22 34M196 222q-20 10 -22 34" stroke="#5d656e" '
    + 'stroke-width="3" fill="none"/>',
  spaceRing: '<path d="M36 256Q48 214 92 204H164Q208 214 220 256Z" fill="#eef1f4"/><ellipse cx="128" cy="212" rx="56" '
    + 'ry="16" fill="none" stroke="#b9c2cc" stroke-width="8"/><ellipse cx="128" cy="212" rx="56" ry="16" fill="none" '
    + 'stroke="#f7f9fb" stroke-width="3"/><rect x="176" y="232" width="18" height="12" fill="#2f62b8"/>',
  wizardHat: '<path d="M128 -34L188 66H68Z" fill="#2b2a6b"/><ellipse cx="128" cy="66" rx="92" ry="15" fill="#232257"/>'
    + [[120, 20], [140, 44], [108, 52], [130, 2], [150, 30]].map(([x, y]) => (
      `<circle cx="${x}" cy="${y}" r="2.4" fill="#ffe27a"/>`)).join(''),
  circlet: '<path d="M78 76Q128 58 178 76" fill="none" stroke="#dfe6ea" stroke-width="3.5"/>'
    + '<path d="M128 50q8 12 0 24q-8 -12 0 -24Z" fill="#8fe0b0"/>'
    + '<path d="M104 60q2 10 -6 14q-2 -10 6 -14ZM152 60q-2 10 6 '
    + '14q2 -10 -6 -14Z" fill="#dfe6ea"/>',
  goggles: '<path d="M62 62H194" stroke="#3b2a1c" stroke-width="9"/>' + [102, 154].map((x) => (
    `<circle cx="${x}" cy="58" r="19" fill="#2e3a3a" stroke="#c98f3a" stroke-width="7"/>`
    + `<circle cx="${x - 5}" cy="52" r="5" fill="#d7eee6" opacity="0.7"/>`)).join(''),
  seams: '<path d="M72 132Q82 176 118 190M184 132Q174 176 138 190M128 66V40" fill="none" stroke="#7c8894" '
    + 'stroke-width="1.6"/><circle cx="76" cy="118" r="4" fill="#59d2ff"/>',
  flower: '<g transform="translate(178 78)">' + [0, 72, 144, 216, 288].map((turn) => (
    `<ellipse transform="rotate(${turn})" cy="-9" rx="6.5" ry="9" fill="#fff4f2"/>`)).join('')
    + '<circle r="5" fill="#f3c65a"/></g>',
  strap: '<path d="M74 212L92 256M182 212L164 256" stroke="#3d4b3f" stroke-width="13"/>',
} as const;
