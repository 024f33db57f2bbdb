// The hair cuts of procedural portraits as a table, and the outline of hair that lies on the skull.

import type { HairStyle } from '../attributes.ts';
import type { Path, Point } from './canvas.ts';
import type { Figure } from './figure.ts';
import { skullTopY } from './head.ts';
import { bumpy, curve } from './path.ts';

export type Texture = 'straight' | 'wavy' | 'curly' | 'coily';

export interface Cut {
  /** How far hair stands off the skull, above and at the sides. */
  readonly top: number;
  readonly side: number;
  /** Where it ends beside the ears. */
  readonly sideY: number;
  readonly texture: Texture;
  readonly front: 'none' | 'sweep' | 'fringe' | 'quiff' | 'tips' | 'back' | 'centre' | 'curls' | 'crest';
  /** Falls behind the shoulders down to here. */
  readonly fall?: number;
  /** How far its ends stand out. */
  readonly wide?: number;
  /** Sides cut to the skin. */
  readonly isShaved?: boolean;
  readonly extra?: 'ponytail' | 'pigtails' | 'bun' | 'top knot' | 'braids' | 'locks';
}

const cut = (top: number, side: number, sideY: number, texture: Texture, front: Cut['front'], more: Partial<Cut> = {}):
Cut => ({ top, side, sideY, texture, front, ...more });

export const hairCuts: Readonly<Record<HairStyle, Cut>> = {
  bald: cut(0, 0, -16, 'straight', 'none'),
  receding: cut(4, 4, -12, 'straight', 'none'),
  'buzz cut': cut(2.4, 1.4, -16, 'straight', 'none'),
  short: cut(9, 4, -14, 'straight', 'tips'),
  'side part': cut(10, 4, -14, 'straight', 'sweep'),
  quiff: cut(11, 3, -16, 'straight', 'quiff'),
  'slicked back': cut(7, 3, -12, 'straight', 'back'),
  undercut: cut(13, 1, -30, 'straight', 'sweep', { isShaved: true }),
  mohawk: cut(2, 0.6, -24, 'straight', 'crest', { isShaved: true }),
  curly: cut(15, 10, -10, 'curly', 'curls'),
  afro: cut(32, 26, 0, 'coily', 'none'),
  pixie: cut(12, 6, 4, 'straight', 'sweep'),
  bob: cut(9, 9, 30, 'straight', 'centre', { fall: 50, wide: 14 }),
  'bob with fringe': cut(9, 9, 30, 'straight', 'fringe', { fall: 46, wide: 12 }),
  long: cut(8, 6, 34, 'straight', 'centre', { fall: 132, wide: 12 }),
  wavy: cut(10, 9, 34, 'wavy', 'sweep', { fall: 124, wide: 20 }),
  'long curly': cut(15, 14, 34, 'curly', 'curls', { fall: 112, wide: 28 }),
  'long with fringe': cut(8, 6, 34, 'straight', 'fringe', { fall: 130, wide: 12 }),
  ponytail: cut(6, 2.5, -18, 'straight', 'back', { extra: 'ponytail' }),
  pigtails: cut(7, 4, -14, 'straight', 'centre', { extra: 'pigtails' }),
  bun: cut(6, 3, -16, 'straight', 'back', { extra: 'bun' }),
  'top knot': cut(5, 2, -18, 'straight', 'back', { extra: 'top knot', isShaved: true }),
  braids: cut(7, 4, -10, 'straight', 'centre', { extra: 'braids' }),
  dreadlocks: cut(12, 8, -6, 'curly', 'none', { extra: 'locks', fall: 96, wide: 14 }),
};

/** A hat presses the hair down and hides what stands on it. */
export const isHidingHair = ({ a }: Figure): boolean => a.hat !== 'none' && a.hat !== 'headband' && a.hat !== 'crown';

export function cutOf(figure: Figure): Cut {
  const own = hairCuts[figure.a.hairStyle];
  const volume = figure.a.hairVolume;
  if (!isHidingHair(figure)) return { ...own, top: own.top * volume, side: own.side * volume };
  const hidden = own.extra === 'bun' || own.extra === 'top knot' || own.extra === 'ponytail';
  return {
    ...own, top: Math.min(own.top, 2), side: Math.min(own.side, 9), extra: hidden ? undefined : own.extra,
    front: own.front === 'fringe' ? 'fringe' : own.front === 'centre' ? 'centre' : 'none',
  } as Cut;
}

/** Bumps along an outline, as the hair's texture has them. */
export function textured(points: readonly Point[], texture: Texture): Point[] {
  switch (texture) {
    case 'straight': return [...points];
    case 'wavy': return bumpy(points, { length: 26, height: 3.2, isRound: false });
    case 'curly': return bumpy(points, { length: 13, height: 5, isRound: true });
    case 'coily': return bumpy(points, { length: 9, height: 2.6, isRound: true });
  }
}

/** The hairline over the forehead from the left temple to the right, on the face's surface. */
function hairlineOf({ a, place }: Figure, cut: Cut): Point[] {
  const w = a.faceHalfWidth;
  const high = a.hairline + (a.classWord === 'man' && a.age === 'old' ? -6 : 0) + (cut.front === 'back' ? -5 : 0);
  const part = cut.front === 'sweep' ? a.partSide * w * 0.4 : 0;
  const recess = a.classWord === 'man' && a.age !== 'child' ? 3 : 0;
  if (a.hairStyle === 'receding') {
    return curve([place(-w * 0.98, -40), place(-w * 0.87, -56), place(-w * 0.8, -76), place(-w * 0.5, -90),
      place(0, -83), place(w * 0.5, -90), place(w * 0.8, -76), place(w * 0.87, -56), place(w * 0.98, -40)]);
  }
  return curve([
    place(-w * 0.99, -36), place(-w * 0.86, -50), place(-w * 0.72, high + 8 - recess), place(-w * 0.4, high - recess),
    place(part, high - (cut.front === 'centre' || cut.front === 'sweep' ? 5 : -1)), place(w * 0.4, high - recess),
    place(w * 0.72, high + 8 - recess), place(w * 0.86, -50), place(w * 0.99, -36),
  ]);
}

/** Hair on the skull, from its outer edge down to the hairline. */
export function capPath(figure: Figure, cut: Cut): Path {
  const { a, edge } = figure;
  const w = a.faceHalfWidth;
  const { top, side } = cut;
  const crown = skullTopY - top;
  const y = cut.sideY;
  const rightSide: readonly Point[] = [
    [w * 0.42, crown + 2.5], [(w + side) * 0.76, crown + 15], [(w + side) * 0.98, -70], [w + side + 1, -42],
    [w + side * 0.9, (y - 42) / 2], [w * 0.995 + side * 0.5, y],
  ];
  const outer = curve([
    ...rightSide.toReversed().map(([x, py]) => edge(-x, py, -4)), edge(0, crown, -2),
    ...rightSide.map(([x, py]) => edge(x, py, -4)),
  ]);
  const shaped = cut.texture === 'straight' || cut.texture === 'wavy' ? outer : texturedOpen(outer, cut.texture);
  const inset = y > 0 ? 8 : 3;
  const inner = hairlineOf(figure, cut);
  return [[
    ...shaped, edge(w - inset, y, -2), edge(w * 0.985 - (y > 0 ? 3 : 1), -22, 2), ...inner.toReversed(),
    edge(-w * 0.985 + (y > 0 ? 3 : 1), -22, 2), edge(-w + inset, y, -2),
  ]];
}

/** Bumps on an open line: its ends are joined far away, and what is added there is cut off again. */
function texturedOpen(points: readonly Point[], texture: Texture): Point[] {
  const [first, last] = [points[0]!, points.at(-1)!];
  const closed = textured([...points, [last[0], 500], [first[0], 500]], texture);
  const end = closed.findIndex(([x, y]) => x > 0 && y > last[1]);
  return [first, ...closed.slice(0, end), last];
}
