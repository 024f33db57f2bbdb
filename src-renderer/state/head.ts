// A simple head in three dimensions, seen from afar: it turns five key points together, as a head would. Angles are
// those of photo measures: yaw is positive when the nose points to the right of the picture, pitch when the face looks
// down, roll when the head leans clockwise. Places are fractions of a picture; `aspect` is its width over its height.

import type { FacePointsInPicture } from '../../src-main/contract/faces.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Head {
  /** The middle between eyes and mouth; it stays where it is when the head turns. */
  readonly x: number;
  readonly y: number;
  /** From the eyes to the mouth of the head seen from the front, over the height of the picture. */
  readonly size: number;
  readonly yawDegrees: number;
  readonly pitchDegrees: number;
  readonly rollDegrees: number;
  /** How this face differs from the simple one, point by point: in units of size, upright. */
  readonly offsets: readonly Place[];
}

interface Spot {
  readonly x: number;
  readonly y: number;
  /** Towards who looks. */
  readonly z: number;
}

/**
 * Left eye, right eye, nose, corners of the mouth, in units of the way from eyes to mouth. Across as in ArcFace's
 * template of a mean face (Deng et al. 2019); in depth about 38 mm for the nose and 17 mm for the mouth of 68 mm.
 */
const spots: readonly Spot[] = [
  { x: -0.45, y: -0.5, z: -0.125 }, { x: 0.45, y: -0.5, z: -0.125 }, { x: 0, y: 0, z: 0.445 },
  { x: -0.36, y: 0.5, z: 0.125 }, { x: 0.36, y: 0.5, z: 0.125 },
];
/** The outline: about 150 by 230 mm of 68 mm, its middle behind the eyes and at their height. */
const skull = { middle: { x: 0, y: -0.38, z: -0.75 }, halfWidth: 1.1, halfHeight: 1.66 } as const;

export const limits = {
  size: [0.02, 0.6], yawDegrees: [-75, 75], pitchDegrees: [-50, 50], rollDegrees: [-90, 90],
} as const;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;
export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** How portraits and training crops frame a face: head and shoulders in a square, shares of its edge. */
export const framing = { eyesToMouth: 0.19, eyesDown: 0.37 } as const;

/** A head that looks straight ahead, framed as portraits are, in `area` of the picture (all of it unless told). */
export function frontHead(aspect: number, area: Area = wholePicture): Head {
  const { x, y, edge } = squareIn(area, aspect);
  return {
    x: x + edge / aspect / 2, y: y + edge * (framing.eyesDown + framing.eyesToMouth / 2),
    size: edge * framing.eyesToMouth, yawDegrees: 0, pitchDegrees: 0, rollDegrees: 0, offsets: noOffsets,
  };
}

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const wholePicture: Area = { x: 0, y: 0, width: 1, height: 1 };
const noOffsets: readonly Place[] = spots.map(() => ({ x: 0, y: 0 }));

/** The square in which a portrait frames a head; its edge is a share of the picture's height. */
export function squareIn(area: Area, aspect: number): { x: number; y: number; edge: number } {
  const edge = Math.min(area.width * aspect, area.height);
  return {
    x: area.x + (area.width - edge / aspect) / 2, y: area.y + (area.height - edge) * framing.eyesDown, edge,
  };
}

/** The five key points of a head. */
export function pointsOf(head: Head, aspect: number): FacePointsInPicture {
  return spots.map((spot, index) => {
    const { x, y } = turned(spot, head);
    const offset = head.offsets[index]!;
    return inPicture(head, aspect, { x: x + offset.x, y: y + offset.y });
  }) as FacePointsInPicture;
}

/** Middle, half width and half height (in shares of the picture's height) of the outline of a head. */
export function outlineOf(head: Head, aspect: number): { middle: Place; halfWidth: number; halfHeight: number } {
  const lean = Math.abs(Math.sin(radians(head.yawDegrees)));
  return {
    middle: inPicture(head, aspect, turned(skull.middle, head)),
    // seen from the side a head is about a third deeper than it is wide
    halfWidth: head.size * skull.halfWidth * (1 + lean / 3), halfHeight: head.size * skull.halfHeight,
  };
}

/** Turned by yaw and pitch, not yet leaning: x and y as seen. */
function turned({ x, y, z }: Spot, { yawDegrees, pitchDegrees }: Head): Place {
  const [yaw, pitch] = [radians(yawDegrees), radians(pitchDegrees)];
  const depth = z * Math.cos(yaw) - x * Math.sin(yaw);
  return { x: x * Math.cos(yaw) + z * Math.sin(yaw), y: y * Math.cos(pitch) + depth * Math.sin(pitch) };
}

function inPicture(head: Head, aspect: number, { x, y }: Place): Place {
  const roll = radians(head.rollDegrees);
  const [across, down] = [x * Math.cos(roll) - y * Math.sin(roll), x * Math.sin(roll) + y * Math.cos(roll)];
  return { x: head.x + (across * head.size) / aspect, y: head.y + down * head.size };
}

/** The head with one of its points put elsewhere; turning it takes the point along. */
export function withPoint(head: Head, index: number, { x, y }: Place, aspect: number): Head {
  const [across, down] = [((x - head.x) * aspect) / head.size, (y - head.y) / head.size];
  const roll = radians(-head.rollDegrees);
  const upright = {
    x: across * Math.cos(roll) - down * Math.sin(roll), y: across * Math.sin(roll) + down * Math.cos(roll),
  };
  const plain = turned(spots[index]!, head);
  return { ...head, offsets: head.offsets.with(index, { x: upright.x - plain.x, y: upright.y - plain.y }) };
}

/** The head with its sizes and angles within `limits` and its middle inside the picture. */
export function withinLimits(head: Head): Head {
  const hold = (key: keyof typeof limits): number => clamp(head[key], limits[key][0], limits[key][1]);
  return {
    ...head, x: clamp(head.x, 0, 1), y: clamp(head.y, 0, 1), size: hold('size'), yawDegrees: hold('yawDegrees'),
    pitchDegrees: hold('pitchDegrees'), rollDegrees: hold('rollDegrees'),
  };
}
