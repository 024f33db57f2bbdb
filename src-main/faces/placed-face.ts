// The same face in another view of a picture: a part of it, or all of it smaller.

import type { Face, Point } from './face.ts';

/** Where a view lies: pixels of it for one of the picture, and where it begins in pixels of the picture. */
export interface ViewPlace {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly left: number;
  readonly top: number;
}

/** A face in pixels of the whole picture, in pixels of a view of it. */
export function intoView(face: Face, { scaleX, scaleY, left, top }: ViewPlace): Face {
  return changed(face, scaleX, scaleY, -left * scaleX, -top * scaleY);
}

/** A face in pixels of a view, in pixels of the whole picture. */
export function outOfView(face: Face, { scaleX, scaleY, left, top }: ViewPlace): Face {
  return changed(face, 1 / scaleX, 1 / scaleY, left, top);
}

function changed(face: Face, byX: number, byY: number, addX: number, addY: number): Face {
  const moved = ({ x, y }: Point): Point => ({ x: x * byX + addX, y: y * byY + addY });
  const { left, top, width, height } = face.box;
  return {
    ...face,
    box: { left: left * byX + addX, top: top * byY + addY, width: width * byX, height: height * byY },
    points: face.points.map(moved) as unknown as Face['points'],
    ...(face.landmarks ? { landmarks: face.landmarks.map(moved) } : {}),
  };
}
