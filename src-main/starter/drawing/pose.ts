// Where the points of a head come to lie in a picture: turned by yaw and pitch in space, rolled about the neck, and put
// at their place in the picture.
// Head coordinates: origin at the centre of the face box (brow to chin), x right, y down, z towards the viewer, in
// units of 1/256 picture height.

import type { PortraitAttributes } from '../attributes.ts';
import type { Matrix, Point } from './canvas.ts';

/** Of the face box, in units of 1/256 of the picture. */
export const faceCentre = { x: 128, y: 122 } as const;
/** The head rolls about this place below the face's centre. */
const rollPivotY = 60;

export interface Pose {
  /** Sine of the yaw: 1 looks right. */
  readonly turn: number;
  /** Sine of the pitch: 1 looks down. */
  readonly nod: number;
  /** A point on the face, `lift` in front of its surface. */
  place(x: number, y: number, lift?: number): Point;
  /** A point at depth z, for outlines: narrowed less than the face when the head turns. */
  edge(x: number, y: number, z?: number): Point;
}

export function poseOf(a: PortraitAttributes): Pose {
  const [yaw, pitch] = [(a.yawDegrees * Math.PI) / 180, (a.pitchDegrees * Math.PI) / 180];
  const [cosYaw, turn, cosPitch, nod] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const radius = a.faceHalfWidth;
  // what turns lies this far behind the face's surface, so that the face stays near the middle
  const pivot = 0.3 * radius;
  const turned = (x: number, y: number, z: number, narrowing: number): Point => {
    const depth = z - pivot;
    const across = x * (1 - narrowing * (1 - cosYaw)) + depth * turn;
    const back = depth * cosYaw - x * turn;
    return [across, (y + 20) * (1 - 0.6 * (1 - cosPitch)) - 20 + back * nod];
  };
  const surface = (x: number, y: number) => 0.86 * radius *
    Math.sqrt(Math.max(0.02, 1 - (x / (1.08 * radius)) ** 2 - ((y + 10) / 150) ** 2));
  return {
    turn, nod,
    place: (x, y, lift = 0) => turned(x, y, surface(x, y) + lift, 1),
    edge: (x, y, z = 0) => turned(x, y, z, 0.4),
  };
}

const product = (m: Matrix, n: Matrix): Matrix => [
  m[0] * n[0] + m[2] * n[1], m[1] * n[0] + m[3] * n[1], m[0] * n[2] + m[2] * n[3], m[1] * n[2] + m[3] * n[3],
  m[0] * n[4] + m[2] * n[5] + m[4], m[1] * n[4] + m[3] * n[5] + m[5],
];

/** From head or body coordinates to pixels of a square picture; the body does not roll with the head. */
export function placement(a: PortraitAttributes, edgePx: number): { readonly body: Matrix; readonly head: Matrix } {
  const unit = edgePx / 256;
  const body: Matrix = [
    unit * a.size, 0, 0, unit * a.size, unit * (faceCentre.x + a.shiftX), unit * (faceCentre.y + a.shiftY),
  ];
  const roll = (a.rollDegrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(roll), Math.sin(roll)];
  return { body, head: product(body, [cos, sin, -sin, cos, sin * rollPivotY, rollPivotY - cos * rollPivotY]) };
}
