// Where the face of an instant portrait will lie, as the pose panel edits it: as in the photos, as in a portrait, free,
// or five points of a head that is moved, turned and sized by hand.

import type { FacePointsInPicture, Pose } from '../../src-main/contract/faces.ts';
import type { PhotoId, PortraitId } from '../../src-main/contract/ids.ts';
import type { Photo, Portrait } from '../../src-main/contract/nouns.ts';
import { headOf } from './fit-head.ts';
import {
  type Area, clamp, framing, frontHead, type Head, type Place, pointsOf, squareIn, wholePicture, withinLimits,
  withPoint,
} from './head.ts';

export type PresetName = 'front' | 'left' | 'right' | 'up' | 'down';
export const presets: Readonly<Record<PresetName, { yawDegrees: number; pitchDegrees: number }>> = {
  front: { yawDegrees: 0, pitchDegrees: 0 },
  left: { yawDegrees: -32, pitchDegrees: 0 },
  right: { yawDegrees: 32, pitchDegrees: 0 },
  up: { yawDegrees: 0, pitchDegrees: -18 },
  down: { yawDegrees: 0, pitchDegrees: 18 },
};
/** 'head' or the index of a point. */
export type Held = 'head' | 0 | 1 | 2 | 3 | 4;
export type Turn = 'yawDegrees' | 'pitchDegrees' | 'rollDegrees';

/** A picture behind the points; `frame` is where its edges lie in the portrait, in fractions of that. */
export interface Backdrop {
  readonly kind: 'photo' | 'portrait';
  readonly id: PhotoId | PortraitId;
  readonly frame: Area;
}

/** How far a single point may leave the picture: a face that is cut off still has a mouth. */
const margin = 0.25;

export class PosePlan {
  kind = $state<Pose['kind']>('reference');
  portraitId = $state<PortraitId | null>(null);
  photoId = $state<PhotoId | null>(null);
  head = $state.raw<Head>(frontHead(1));
  backdrop = $state.raw<Backdrop | null>(null);
  /** Width of the portrait over its height. */
  #aspect = $state(1);
  /** The part of the portrait that belongs to this person. */
  #area = $state.raw<Area>(wholePicture);
  points = $derived<FacePointsInPicture>(pointsOf(this.head, this.#aspect));
  isOutside = $derived(this.kind === 'points' && this.points.some(({ x, y }) => x < 0 || x > 1 || y < 0 || y > 1));

  get aspect(): number {
    return this.#aspect;
  }

  get area(): Area {
    return this.#area;
  }

  /** Tells the shape of the portrait and the person's part of it; a head that nobody has placed moves there. */
  fit(aspect: number, area: Area = wholePicture): void {
    const isSame = aspect === this.#aspect && (['x', 'y', 'width', 'height'] as const)
      .every((key) => area[key] === this.#area[key]);
    if (isSame) return;
    this.#aspect = aspect;
    this.#area = area;
    if (this.kind !== 'points') this.head = frontHead(aspect, area);
  }

  choose(kind: 'reference' | 'points' | 'none'): void {
    this.kind = kind;
    if (kind !== 'points') this.backdrop = null;
  }

  usePreset(name: PresetName): void {
    this.head = { ...this.head, ...presets[name], rollDegrees: 0, offsets: frontHead(1).offsets };
    this.kind = 'points';
    this.backdrop = null;
  }

  /** Back to the front, in the middle of the person's part. */
  reset(): void {
    this.head = frontHead(this.#aspect, this.#area);
    this.backdrop = null;
  }

  /** As in this photo, framed as portraits are; the studio looks for the points where the page knows none. */
  usePhoto(photo: Pick<Photo, 'id' | 'facePoints' | 'widthPx' | 'heightPx'>): void {
    this.photoId = photo.id;
    this.portraitId = null;
    this.backdrop = null;
    this.kind = photo.facePoints ? 'points' : 'photo';
    if (!photo.facePoints) return;
    const { points, frame } = framedPoints(photo.facePoints, photo, this.#aspect, this.#area);
    this.head = headOf(points, this.#aspect);
    this.backdrop = { kind: 'photo', id: photo.id, frame };
  }

  /** As in this portrait; the studio looks for the points where the page knows none. */
  usePortrait(portrait: Pick<Portrait, 'id' | 'facePoints' | 'widthPx' | 'heightPx'>): void {
    this.portraitId = portrait.id;
    this.photoId = null;
    this.backdrop = null;
    this.kind = portrait.facePoints ? 'points' : 'portrait';
    if (!portrait.facePoints) return;
    const { points, frame } = coveringPoints(portrait.facePoints, portrait, this.#aspect);
    this.head = headOf(points, this.#aspect);
    this.backdrop = { kind: 'portrait', id: portrait.id, frame };
  }

  movePoint(index: number, { x, y }: Place): void {
    const place = { x: clamp(x, -margin, 1 + margin), y: clamp(y, -margin, 1 + margin) };
    this.#edit(withPoint(this.head, index, place, this.#aspect));
  }

  moveHead({ x, y }: Place): void {
    this.#edit({ ...this.head, x, y });
  }

  /** Moves a point or the head by a share of the picture. */
  nudge(held: Held, { x, y }: Place): void {
    const from = held === 'head' ? this.head : this.points[held];
    const to = { x: from.x + x, y: from.y + y };
    if (held === 'head') this.moveHead(to);
    else this.movePoint(held, to);
  }

  scale(factor: number): void {
    this.#edit({ ...this.head, size: this.head.size * factor });
  }

  setSize(size: number): void {
    this.#edit({ ...this.head, size });
  }

  turn(turn: Turn, degrees: number): void {
    this.#edit({ ...this.head, [turn]: degrees });
  }

  /** What the studio is asked for. */
  pose(): Pose {
    if (this.kind === 'points') return { kind: 'points', points: [...this.points] };
    if (this.kind === 'portrait' && this.portraitId) return { kind: 'portrait', portraitId: this.portraitId };
    if (this.kind === 'photo' && this.photoId) return { kind: 'photo', photoId: this.photoId };
    return { kind: this.kind === 'none' ? 'none' : 'reference' };
  }

  /** Takes over a pose of a portrait. */
  take(pose: Pose): void {
    this.kind = pose.kind;
    this.backdrop = null;
    this.photoId = pose.kind === 'photo' ? pose.photoId : null;
    this.portraitId = pose.kind === 'portrait' ? pose.portraitId : null;
    if (pose.kind === 'points') this.head = headOf(pose.points, this.#aspect);
  }

  /** For another subject: pictures of the one before are no pose any more. */
  changeSubject(): void {
    if (this.kind === 'photo' || this.kind === 'portrait') this.kind = 'reference';
    this.photoId = null;
    this.portraitId = null;
    this.backdrop = null;
  }

  #edit(head: Head): void {
    this.head = withinLimits(head);
    this.kind = 'points';
  }
}

/** Points of a picture that covers a portrait of another shape, cut in its middle; and where its edges come to lie. */
export function coveringPoints(
  points: FacePointsInPicture, { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  aspect: number,
): { points: FacePointsInPicture; frame: Area } {
  const shape = widthPx / heightPx;
  const [width, height] = [Math.max(1, shape / aspect), Math.max(1, aspect / shape)];
  const frame = { x: (1 - width) / 2, y: (1 - height) / 2, width, height };
  const moved = points.map(({ x, y }) => ({ x: frame.x + x * width, y: frame.y + y * height }));
  return { points: moved as FacePointsInPicture, frame };
}

/**
 * Points of a photo as they lie in the square that is cut around a face for portraits, in the middle of `area`; and
 * where the edges of the photo come to lie.
 */
export function framedPoints(
  points: FacePointsInPicture, { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  aspect: number, area: Area = wholePicture,
): { points: FacePointsInPicture; frame: Area } {
  const [left, right, , mouthLeft, mouthRight] = points.map(({ x, y }) => ({ x: x * widthPx, y: y * heightPx })) as [
    Place, Place, Place, Place, Place];
  const between = (a: Place, b: Place): Place => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const [eyes, mouth] = [between(left, right), between(mouthLeft, mouthRight)];
  const apart = (a: Place, b: Place): number => Math.hypot(a.x - b.x, a.y - b.y);
  const reach = Math.max(apart(eyes, mouth), apart(left, right));
  const edgePx = reach / framing.eyesToMouth;
  const origin = { x: between(eyes, mouth).x - edgePx / 2, y: eyes.y - edgePx * framing.eyesDown };
  const target = squareIn(area, aspect);
  const place = (x: number, y: number): Place => ({
    x: target.x + ((x - origin.x) / edgePx) * (target.edge / aspect),
    y: target.y + ((y - origin.y) / edgePx) * target.edge,
  });
  const [start, end] = [place(0, 0), place(widthPx, heightPx)];
  return {
    points: points.map(({ x, y }) => place(x * widthPx, y * heightPx)) as FacePointsInPicture,
    frame: { ...start, width: end.x - start.x, height: end.y - start.y },
  };
}
