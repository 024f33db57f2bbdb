// From 68 landmarks to the five points, the pose, and the square that the recognition network looks at.

import { type FacePoints, type FacePose, type Point, meanPoint } from './face.ts';

// iBUG 300-W numbering
const leftEye = [36, 42] as const;
const rightEye = [42, 48] as const;
const mouth = [48, 68] as const;
const noseTip = 30;
const leftMouthCorner = 48;
const rightMouthCorner = 54;

const degrees = (radians: number): number => (radians * 180) / Math.PI;

export function facePoints(landmarks: readonly Point[]): FacePoints {
  const mean = ([start, end]: readonly [number, number]): Point => meanPoint(landmarks.slice(start, end));
  const [nose, left, right] = [noseTip, leftMouthCorner, rightMouthCorner].map((i) => landmarks[i]!) as Point[];
  return [mean(leftEye), mean(rightEye), nose!, left!, right!];
}

// The tip of the nose stands about 0.6 of the distance between the pupils before the line of the eyes, so that
// (nose - middle of the eyes) / distance = 0.6 tan(yaw), seen along the line of the eyes.
const noseReach = 0.6;

/** Roll from the line of the eyes, yaw from how far the nose has left its middle. */
export function facePose([left, right, nose]: FacePoints): FacePose {
  const [dx, dy] = [right.x - left.x, right.y - left.y];
  const distance = Math.hypot(dx, dy);
  const middle = meanPoint([left, right]);
  const sideways = ((nose.x - middle.x) * dx + (nose.y - middle.y) * dy) / distance ** 2;
  return { yawDegrees: degrees(Math.atan(sideways / noseReach)), rollDegrees: degrees(Math.atan2(dy, dx)) };
}

/** A square that may be turned: `angle` in radians, clockwise as seen. */
export interface TurnedSquare {
  readonly centre: Point;
  readonly edge: number;
  readonly angle: number;
}

// face-api's alignment for dlib's network: from the eyes to the mouth is 0.45 of the square, and the mean of both eyes
// and the mouth lies at 0.5 across and 0.43 down.
const eyesToMouth = 0.45;
const meanDown = 0.43;

function squareOf(left: Point, right: Point, lips: Point): TurnedSquare {
  const reach = (Math.hypot(left.x - lips.x, left.y - lips.y) + Math.hypot(right.x - lips.x, right.y - lips.y)) / 2;
  const edge = reach / eyesToMouth;
  const angle = Math.atan2(right.y - left.y, right.x - left.x);
  const mean = meanPoint([left, right, lips]);
  // from the mean point to the centre, down along the face
  const down = (0.5 - meanDown) * edge;
  return { centre: { x: mean.x - Math.sin(angle) * down, y: mean.y + Math.cos(angle) * down }, edge, angle };
}

/** What the recognition network should see of a face with 68 landmarks. */
export function recognitionSquare(landmarks: readonly Point[]): TurnedSquare {
  const [left, right] = facePoints(landmarks);
  return squareOf(left, right, meanPoint(landmarks.slice(...mouth)));
}

// The mean of the 20 mouth landmarks lies below the corners, by about a tenth of the way from the eyes.
const lipsBelowCorners = 1.1;

/** The same from five points only, for places where a face is expected but none was found. */
export function recognitionSquareOfPoints([left, right, , mouthLeft, mouthRight]: FacePoints): TurnedSquare {
  const [eyes, corners] = [meanPoint([left, right]), meanPoint([mouthLeft, mouthRight])];
  const along = (from: number, to: number): number => from + (to - from) * lipsBelowCorners;
  return squareOf(left, right, { x: along(eyes.x, corners.x), y: along(eyes.y, corners.y) });
}
