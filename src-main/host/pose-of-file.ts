// A pose from a picture that is not in the library and does not come into it: its points are found by an engine of its
// own and laid over the portrait as if the picture were cut to the portrait's shape.

import path from 'node:path';
import type { AnalyzedPhoto } from '../contract/engine.ts';
import type { FacePointsInPicture } from '../contract/faces.ts';
import { noFaceForPose } from '../generation/face-errors.ts';
import { type PortraitSize, pointsAsFractions, pointsInPixels, poseOfPicture } from '../generation/pose.ts';
import { openPhoto } from '../photos/import-photo.ts';
import { withWorkFolder } from '../studio/engine-work.ts';
import type { Studio } from '../studio/open-studio.ts';

/** Points as fractions of the portrait. Throws what is said of unreadable pictures, and instant-id.pose-no-face. */
export async function posePointsOf(studio: Studio, file: string, size: PortraitSize): Promise<FacePointsInPicture> {
  const { width, height } = await openPhoto(file);
  const { settings } = await studio.run('studio.state', {});
  let found: AnalyzedPhoto | undefined;
  await withWorkFolder(studio.library.folder, (outputFolder) => studio.runApart({
    kind: 'analyze', photos: [{ key: 'pose', file: path.resolve(file) }],
    faceNetworks: studio.companions.faceNetworks(settings.faceEngine),
    // a crop is made too; nobody looks at it
    cropEdgePx: 64, modelResolutionPx: 64, outputFolder,
  }, {
    onItem: async (item) => { if (item.kind === 'photo') found = item; },
  }));
  if (!found?.facePoints) throw noFaceForPose();
  const points = pointsInPixels(found.facePoints, width, height);
  const { widthPx, heightPx } = size;
  return pointsAsFractions(poseOfPicture(points, { width, height }, size), { width: widthPx, height: heightPx });
}
