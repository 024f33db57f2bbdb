// Where the five points of a procedural portrait's face lie, from the transforms that draw it: what a detector would
// find, without its error.

import type { FacePoints, Point } from '../faces/face.ts';
import type { PortraitAttributes } from './attributes.ts';
import { newDrawing } from './drawing.ts';
import { faceCentre, rollPivotY } from './portrait-renderer.ts';
import { seededRandom } from './seeded-random.ts';

/** In pixels of a square picture of `resolutionPx`, pixel centres at .5; "left" as seen. */
export function portraitPoints(attributes: PortraitAttributes, resolutionPx: number): FacePoints {
  const { place } = newDrawing(attributes, seededRandom(0));
  const { eyeSpacing, noseLength, mouthWidth, smile } = attributes;
  const corner = mouthWidth * (1 + 0.16 * smile);
  const lips = 29 + noseLength * 0.5 - smile * 5;
  const onHead = [
    place(-eyeSpacing, -27), place(eyeSpacing, -27), place(0, 4 + noseLength, 16), place(-corner, lips),
    place(corner, lips),
  ];
  return onHead.map((point) => inPicture(attributes, point, resolutionPx)) as unknown as FacePoints;
}

/** Roll about the neck, size and shift, as the picture's transforms have them. */
function inPicture(a: PortraitAttributes, [x, y]: readonly [number, number], resolutionPx: number): Point {
  const roll = (a.rollDegrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(roll), Math.sin(roll)];
  const down = y - rollPivotY;
  const [across, along] = [cos * x - sin * down, sin * x + cos * down + rollPivotY];
  const scale = resolutionPx / 256;
  return {
    x: (faceCentre.x + a.shiftX + across * a.size) * scale, y: (faceCentre.y + a.shiftY + along * a.size) * scale,
  };
}
