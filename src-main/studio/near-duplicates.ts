// Photos that show nearly the same: copies of one picture that were reduced or saved again, and pictures of one burst.
// Of each such group the sharpest stays: learning the same picture twice teaches that picture, not the person.

import type { FacePointsInPicture } from '../contract/faces.ts';
import { type HashHalves, hashDistance, hashHalves } from '../photos/difference-hash.ts';
import type { PersonMetric } from './person-distance.ts';

export interface ComparedPhoto<Id> {
  readonly id: Id;
  readonly pictureHash: string;
  readonly embedding: Float32Array;
  readonly points: FacePointsInPicture;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly sharpness: number;
  readonly facePx: number;
  /** What the background is called where it is of one colour; undefined where there is something to see in it. */
  readonly background: string | undefined;
  /** The user wants this one: it stays, whatever else there is. */
  readonly isWanted: boolean;
}

interface Alike {
  /** Bits of the hash's 64 that may differ. */
  readonly bits: number;
  /** How far the face may have moved, in distances between the eyes. */
  readonly moved: number;
  /** How far its embedding may be, in units of what tells one person from two. */
  readonly apart: number;
}

// The same photograph reduced to a third, saved at quality 20 or brightened differs by 2 bits, 0.02 and 0.53.
const copy: Alike = { bits: 5, moved: 0.03, apart: 0.7 };
// Before a room or a landscape a hash says much, so the face may move; before a wall of one colour it says little: of
// 16 pictures of one procedural person in other clothes every eighth would fall.
const sameMoment: readonly Alike[] = [{ bits: 5, moved: 0.35, apart: 0.6 }, { bits: 10, moved: 0.2, apart: 0.3 }];
const sameMomentBeforeAWall: readonly Alike[] = [{ bits: 8, moved: 0.15, apart: 0.16 }];

/** Sharpness that differs by less than this factor does not decide. */
const noticeable = 1.15;

/** For each photo that has a better one like it, the id of that one. Of equal ones the earlier stays. */
export function findNearDuplicates<Id>(photos: readonly ComparedPhoto<Id>[], metric: PersonMetric): Map<Id, Id> {
  const kept: { readonly photo: ComparedPhoto<Id>; readonly hash: HashHalves }[] = [];
  const sameAs = new Map<Id, Id>();
  for (const photo of [...photos].sort(better)) {
    const hash = hashHalves(photo.pictureHash);
    const like = photo.isWanted ? undefined
      : kept.find((one) => isNearlySame(one.photo, photo, hashDistance(one.hash, hash), metric));
    if (like) sameAs.set(photo.id, like.photo.id);
    else kept.push({ photo, hash });
  }
  return sameAs;
}

function better<Id>(a: ComparedPhoto<Id>, b: ComparedPhoto<Id>): number {
  const step = (photo: ComparedPhoto<Id>): number => Math.round(Math.log(detailOf(photo)) / Math.log(noticeable));
  return Number(b.isWanted) - Number(a.isWanted) || step(b) - step(a) || b.facePx - a.facePx;
}

/** Sharpness is measured at 96 pixels, or at the size of a smaller face, which has less to show for the same number. */
function detailOf<Id>({ sharpness, facePx }: ComparedPhoto<Id>): number {
  return (sharpness + 1e-6) * Math.min(1, facePx / 96) ** 2;
}

function isNearlySame<Id>(a: ComparedPhoto<Id>, b: ComparedPhoto<Id>, bits: number, metric: PersonMetric): boolean {
  const isWall = a.background !== undefined || b.background !== undefined;
  const burst = !isWall ? sameMoment : a.background === b.background ? sameMomentBeforeAWall : [];
  const possible = [copy, ...burst].filter((alike) => bits <= alike.bits);
  if (possible.length === 0) return false;
  const [moved, apart] = [movedBy(a, b), metric(a.embedding, b.embedding)];
  return possible.some((alike) => moved <= alike.moved && apart <= alike.apart);
}

/** How far the five points are from each other in the mean, in distances between the eyes of the first. */
function movedBy<Id>(a: ComparedPhoto<Id>, b: ComparedPhoto<Id>): number {
  const along = (from: { x: number; y: number }, to: { x: number; y: number }): number =>
    Math.hypot((to.x - from.x) * a.widthPx, (to.y - from.y) * a.heightPx);
  const total = a.points.reduce((sum, point, i) => sum + along(point, b.points[i]!), 0);
  return total / a.points.length / along(a.points[0], a.points[1]);
}
