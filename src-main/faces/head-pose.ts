// Which way a head is turned, from the five points alone, so that it is the same for every face engine. Good to about
// ten degrees: noses differ.

import { type Face, type Point, meanPoint } from './face.ts';
import { facePose } from './face-points.ts';

export interface HeadPose {
  /** Positive when the nose points to the right of the picture. */
  readonly yawDegrees: number;
  /** Positive when the face looks down. */
  readonly pitchDegrees: number;
  /** Positive when the head leans clockwise as seen. */
  readonly rollDegrees: number;
}

// In units of the way from the eyes to the mouth: how far the tip of the nose is in front of the eyes, and how far the
// mouth (about 38 and 17 mm in an adult, who has 68 from eyes to mouth).
const noseForward = 0.57;
const mouthForward = 0.25;
/** How far below the eyes the tip of the nose is: landmark 30 of 68, and that of insightface's five points. */
const noseDown = { landmarks: 0.6, fivePoints: 0.5 } as const;

/**
 * Seen from afar, a face that looks down by p shows its nose at (n cos p + 0.57 sin p) and its mouth at
 * (cos p + 0.25 sin p) below the eyes; their ratio t gives tan p = (t - n) / (0.57 - 0.25 t).
 */
export function headPose({ points, landmarks }: Pick<Face, 'points' | 'landmarks'>): HeadPose {
  const [left, right, tip, mouthLeft, mouthRight] = points;
  const eyes = meanPoint([left, right]);
  const mouth = meanPoint([mouthLeft, mouthRight]);
  // down along the face: across the line of the eyes
  const [dx, dy] = [right.x - left.x, right.y - left.y];
  const down = ({ x, y }: Point): number => (y - eyes.y) * dx - (x - eyes.x) * dy;
  const ratio = down(tip) / down(mouth);
  const neutral = landmarks ? noseDown.landmarks : noseDown.fivePoints;
  const pitch = Math.atan((ratio - neutral) / Math.max(0.1, noseForward - mouthForward * ratio));
  return { ...facePose(points), pitchDegrees: Number.isFinite(pitch) ? (pitch * 180) / Math.PI : 0 };
}
