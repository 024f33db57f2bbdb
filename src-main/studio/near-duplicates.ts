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
  /** The user wants this one: it stays, whatever else there is. */
  readonly isWanted: boolean;
}

// Bits of 64 that may differ, how far the face may have moved in distances between the eyes, and its embedding in units
// of what tells one person from two: of a copy, and of the next picture of a burst.
const copy = { bits: 5, moved: 0.35, apart: 0.5 } as const;
const burst = { bits: 10, moved: 0.2, apart: 0.3 } as const;

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
  const step = ({ sharpness }: ComparedPhoto<Id>): number =>
    Math.round(Math.log(sharpness + 1e-6) / Math.log(noticeable));
  return Number(b.isWanted) - Number(a.isWanted) || step(b) - step(a) || b.facePx - a.facePx;
}

function isNearlySame<Id>(a: ComparedPhoto<Id>, b: ComparedPhoto<Id>, bits: number, metric: PersonMetric): boolean {
  if (bits > burst.bits) return false;
  const moved = movedBy(a, b);
  const allowed = bits <= copy.bits ? copy : burst;
  return moved <= allowed.moved && metric(a.embedding, b.embedding) <= allowed.apart;
}

/** How far the five points are from each other in the mean, in distances between the eyes of the first. */
function movedBy<Id>(a: ComparedPhoto<Id>, b: ComparedPhoto<Id>): number {
  const along = (from: { x: number; y: number }, to: { x: number; y: number }): number =>
    Math.hypot((to.x - from.x) * a.widthPx, (to.y - from.y) * a.heightPx);
  const total = a.points.reduce((sum, point, i) => sum + along(point, b.points[i]!), 0);
  return total / a.points.length / along(a.points[0], a.points[1]);
}
