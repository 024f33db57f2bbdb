// Where the features of a face lie and how far an expression moves them, in head coordinates.

import type { Expression, PortraitAttributes } from '../attributes.ts';

interface Play {
  /** Of the lids, 1 at rest; the second of the left eye as seen where it differs. */
  readonly open: number;
  readonly openLeft?: number;
  /** How far the brows move at their inner and outer ends; negative is up. */
  readonly browInner: number;
  readonly browOuter: number;
  /** -1 corners down, 1 up. */
  readonly smile: number;
  /** How far the mouth stands open, in units. */
  readonly gap: number;
  readonly isRound?: boolean;
  readonly blush: number;
}

const plays: Readonly<Record<Expression, Play>> = {
  neutral: { open: 1, browInner: 0, browOuter: 0, smile: 0.18, gap: 0, blush: 0 },
  smile: { open: 0.9, browInner: -1, browOuter: -0.5, smile: 1, gap: 0, blush: 0.5 },
  laugh: { open: 0.66, browInner: -3, browOuter: -2, smile: 1, gap: 11, blush: 0.8 },
  sad: { open: 0.84, browInner: -6, browOuter: 3, smile: -0.9, gap: 0, blush: 0 },
  surprised: { open: 1.28, browInner: -8, browOuter: -7, smile: 0, gap: 13, isRound: true, blush: 0.2 },
  angry: { open: 0.84, browInner: 6, browOuter: -3, smile: -0.7, gap: 0, blush: 0.2 },
  wink: { open: 1, openLeft: 0, browInner: -1, browOuter: -2, smile: 0.8, gap: 0, blush: 0.6 },
  'closed eyes': { open: 0, browInner: -1, browOuter: 0, smile: 0.4, gap: 0, blush: 0.2 },
};

export interface Features {
  readonly play: Play;
  readonly eyeY: number;
  readonly browY: number;
  readonly noseTipY: number;
  readonly noseBaseY: number;
  readonly chinY: number;
  readonly mouth: {
    readonly y: number; readonly half: number; readonly cornerY: number; readonly upper: number; readonly lower: number;
    readonly gap: number; readonly sag: number;
  };
}

export function featuresOf(a: PortraitAttributes): Features {
  const rest = plays.neutral;
  const full = plays[a.expression];
  const strength = a.intensity;
  const between = (from: number, to: number) => from + (to - from) * strength;
  // lids that close do so whatever the strength
  const lids = (open: number) => (open === 0 ? 0 : between(rest.open, open));
  const play: Play = {
    open: lids(full.open), ...(full.openLeft === undefined ? {} : { openLeft: lids(full.openLeft) }),
    browInner: full.browInner * strength, browOuter: full.browOuter * strength,
    smile: between(rest.smile, full.smile), gap: full.gap * strength, blush: full.blush * strength,
    ...(full.isRound ? { isRound: true } : {}),
  };
  const isChild = a.age === 'child';
  const eyeY = isChild ? -19 : -24;
  const stretch = a.faceLength;
  const noseBaseY = (12 + a.noseLength) * stretch + (isChild ? 3 : 0);
  const mouthY = (32 + a.noseLength * 0.5) * stretch + (isChild ? 1 : 0);
  const half = a.mouthWidth * (play.isRound ? 0.62 : 1 + 0.17 * Math.max(0, play.smile));
  return {
    play, eyeY, browY: eyeY - 19 - a.browHeight, noseBaseY, noseTipY: noseBaseY - 6, chinY: 58 * stretch,
    mouth: {
      y: mouthY, half, cornerY: mouthY - play.smile * 5.4, upper: 4.4 * a.lipFullness, lower: 6.2 * a.lipFullness,
      gap: play.gap, sag: play.smile * 3,
    },
  };
}
