// The words for a pose on the command line: reference, none, photo:FILE, portrait:ID, points:x,y,x,y,…

import { InvalidArgumentError } from 'commander';
import { type FacePointsInPicture, facePointsSchema } from '../contract/faces.ts';

/** A pose as it was typed. */
export type PoseWords =
  | { readonly kind: 'reference' | 'none' }
  | { readonly kind: 'photo' | 'portrait'; readonly name: string }
  | { readonly kind: 'points'; readonly points: FacePointsInPicture };

/** A parser for commander. */
export function parsePose(text: string): PoseWords {
  if (text === 'reference' || text === 'none') return { kind: text };
  const [, kind, rest] = /^(photo|portrait|points):(.+)$/s.exec(text) ?? [];
  if (kind === 'photo' || kind === 'portrait') return { kind, name: rest! };
  if (kind === 'points') return { kind, points: parsePoints(rest!) };
  throw new InvalidArgumentError('reference, none, photo:FILE, portrait:ID or points:x,y,… for five points.');
}

function parsePoints(text: string): FacePointsInPicture {
  const numbers = text.split(',').map((number) => (number.trim() === '' ? NaN : Number(number)));
  const pairs = Array.from({ length: Math.ceil(numbers.length / 2) }, (_, i) => (
    { x: numbers[2 * i], y: numbers[2 * i + 1] }));
  const { data: points } = facePointsSchema.safeParse(pairs);
  if (points) return points;
  throw new InvalidArgumentError('Five points are ten numbers: both eyes, tip of the nose, both corners of the mouth, '
    + 'each x,y as fractions of the portrait, the left ones first as seen.');
}
