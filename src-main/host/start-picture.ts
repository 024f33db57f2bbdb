// --image: which picture of a subject portraits start from.

import { UserError } from '../contract/errors.ts';
import type { SubjectId } from '../contract/ids.ts';
import type { StartPicture } from '../contract/nouns.ts';
import type { Studio } from '../studio/open-studio.ts';
import { type GenerationOptions, usualDenoisingStrength } from './options.ts';

/** The photo of this file name or the portrait of this id, for --image. */
export async function startOf(
  studio: Studio, subjectId: SubjectId,
  { image, denoisingStrength: strength = usualDenoisingStrength }: GenerationOptions,
): Promise<StartPicture | null> {
  if (image === undefined) return null;
  const photos = await studio.run('photos.list', { subjectId });
  const photo = photos.find(({ fileName, id }) => fileName === image || id === image);
  if (photo) return { source: { photoId: photo.id }, strength };
  const portrait = (await studio.run('portraits.list', { subjectId })).find(({ id }) => id === image);
  if (portrait) return { source: { portraitId: portrait.id }, strength };
  throw new UserError('portraits.unknown-start', {
    what: `The subject has no photo and no portrait "${image}".`,
    safe: 'Nothing was drawn.',
    todo: 'Give the file name of one of its photos, or the id of a portrait as generate --json prints it.',
  }, { image });
}
