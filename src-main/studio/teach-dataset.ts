// What a look is taught from is written down when its run begins. A run that goes on after a pause, a failure or a
// crash learns from the same photos in the same words, whatever was changed meanwhile.

import type { Dataset, DatasetPhoto } from '../library/datasets.ts';
import type { JobRecord } from '../library/jobs.ts';
import type { PhotoRecord } from '../library/photos.ts';
import type { StudioContext } from './context.ts';
import type { TeachSources } from './teach-request.ts';

/** The sources as the run began with them, where it goes on; those that are planned now are written down otherwise. */
export async function datasetOf(
  context: StudioContext, job: JobRecord, planned: TeachSources, goesOn: boolean,
): Promise<TeachSources> {
  const { library } = context;
  const begun = goesOn ? library.datasets.get(job.id) : undefined;
  if (!begun) {
    library.datasets.put(job.id, describe(planned));
    return planned;
  }
  const photos = await asTheyWere(context, job, begun, false);
  // photos that were removed for good are not learned from; without any the run has to begin with those of now
  return photos.length === 0 ? planned : { ...planned, photos, heldOut: await asTheyWere(context, job, begun, true) };
}

function describe({ photos, heldOut }: TeachSources): Dataset {
  const describePhoto = (photo: PhotoRecord, isHeldOut: boolean): DatasetPhoto => ({
    photoId: photo.id, originalSha256: photo.originalSha256, cropSha256: photo.cropSha256, faceBox: photo.faceBox,
    caption: photo.caption, details: [...photo.details], repeats: photo.repeats, isHeldOut,
  });
  return {
    atMs: Date.now(),
    photos: [
      ...photos.map((photo) => describePhoto(photo, false)), ...heldOut.map((photo) => describePhoto(photo, true)),
    ],
  };
}

async function asTheyWere(
  { library }: StudioContext, { subjectId }: JobRecord, begun: Dataset, isHeldOut: boolean,
): Promise<PhotoRecord[]> {
  const now = new Map(library.photos.list(subjectId).map((photo) => [photo.id, photo]));
  const photos: PhotoRecord[] = [];
  for (const { photoId, caption, details, repeats, faceBox, cropSha256, ...one } of begun.photos) {
    const photo = now.get(photoId);
    if (!photo || one.isHeldOut !== isHeldOut) continue;
    // a crop that nothing refers to any more is swept, and the photo has another one
    const hasCrop = cropSha256 !== null && await library.hasFile(cropSha256);
    const face = hasCrop ? { faceBox, cropSha256 } : {};
    if (hasCrop || photo.cropSha256 !== null) photos.push({ ...photo, caption, details, repeats, ...face });
  }
  return photos;
}
