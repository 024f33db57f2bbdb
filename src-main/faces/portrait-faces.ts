// Finding faces in portraits that were drawn. Small models draw softly, and a detector that learned from photos passes
// over faces which anybody sees: a portrait without one is looked at once more with firmer edges.

import type { RgbPicture } from '../photos/pixels.ts';
import { sharpened } from '../photos/sharpen.ts';
import type { Face } from './face.ts';
import type { FaceEngine } from './face-engine.ts';

/** Of a portrait's shorter edge, the width of what is made firmer. */
const softness = 1 / 128;

/** Every face in a portrait, the largest first, in pixels of the portrait as it is. */
export async function findInPortrait(engine: Pick<FaceEngine, 'analyze'>, picture: RgbPicture): Promise<Face[]> {
  const faces = await engine.analyze(picture);
  if (faces.length > 0) return faces;
  const sigmaPx = Math.max(1, Math.min(picture.width, picture.height) * softness);
  return await engine.analyze(await sharpened(picture, sigmaPx));
}
