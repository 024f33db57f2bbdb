// Where the five points of a procedural portrait's face lie, from the transforms that draw it: what a detector would
// find, without its error.

import type { FacePoints } from '../faces/face.ts';
import type { PortraitAttributes } from './attributes.ts';
import { placement, poseOf } from './drawing/pose.ts';
import { featuresOf } from './drawing/features.ts';

/** In pixels of a square picture of `resolutionPx`, pixel centres at .5; "left" as seen. */
export function portraitPoints(attributes: PortraitAttributes, resolutionPx: number): FacePoints {
  const { place } = poseOf(attributes);
  const { eyeY, noseTipY, mouth } = featuresOf(attributes);
  const [a, b, c, d, e, f] = placement(attributes, resolutionPx).head;
  const onHead = [
    place(-attributes.eyeSpacing, eyeY), place(attributes.eyeSpacing, eyeY), place(0, noseTipY, 13),
    place(-mouth.half, mouth.cornerY), place(mouth.half, mouth.cornerY),
  ];
  return onHead.map(([x, y]) => ({ x: a * x + c * y + e, y: b * x + d * y + f })) as unknown as FacePoints;
}
