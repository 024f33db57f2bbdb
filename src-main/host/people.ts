// Who is in the portraits, from the command line's words: whose photos give a face, where it lies, the second person.

import { stat } from 'node:fs/promises';
import { UserError } from '../contract/errors.ts';
import type { Pose } from '../contract/faces.ts';
import { type PhotoId, type SubjectId, portraitIdSchema } from '../contract/ids.ts';
import type { Subject } from '../contract/nouns.ts';
import type { CommandRequest } from '../contract/studio.ts';
import type { PortraitSize } from '../generation/pose.ts';
import { drawingSettings } from '../packs/default-settings.ts';
import type { ShelvedPack } from '../packs/pack-shelf.ts';
import type { Studio } from '../studio/open-studio.ts';
import { findLook } from './commands/export.ts';
import { type FaceOptions, type FinishOptions, type SecondOptions, faceSettingsOf } from './instant-options.ts';
import { type GenerationOptions, generationSettingsOf } from './options.ts';
import { posePointsOf } from './pose-of-file.ts';
import type { PoseWords } from './pose-words.ts';
import { readRegionMask } from './region-mask.ts';
import { findSubject } from './steps.ts';

type CreateRequest = CommandRequest<'portraits.create'>;
export type DrawingOptions = GenerationOptions & FaceOptions & FinishOptions;

/** Every setting that was given. */
export function givenSettings(options: DrawingOptions): NonNullable<CreateRequest['settings']> {
  return { ...generationSettingsOf(options), ...faceSettingsOf(options) };
}

/** Edges of the portraits that will be drawn. */
export function portraitSize(pack: ShelvedPack, options: DrawingOptions, isInstant: boolean): PortraitSize {
  return drawingSettings(pack, givenSettings(options), { isInstant });
}

/** The face that is given without teaching. */
export async function instantlyOf(
  studio: Studio, { id }: Subject, options: DrawingOptions, size: PortraitSize,
): Promise<NonNullable<CreateRequest['instantly']>> {
  const facePhotoIds = await photoIds(studio, id, options.facePhoto);
  const pose = await poseOf(studio, id, size, options.pose);
  return { pose, ...(facePhotoIds.length > 0 ? { facePhotoIds } : {}) };
}

/** The second person with what is said of them; null where there is none. */
export async function secondOf(
  studio: Studio, options: SecondOptions, size: PortraitSize, isInstant: boolean,
): Promise<CreateRequest['second']> {
  if (options.with === undefined) return null;
  const subject = await findSubject(studio, options.with);
  const hasLook = !isInstant || options.withLook !== undefined;
  const look = hasLook ? await findLook(studio, subject.id, options.withLook) : undefined;
  return {
    subjectId: subject.id, adapterId: look?.id ?? null, pose: await poseOf(studio, subject.id, size, options.withPose),
    mask: options.mask === undefined ? undefined : await readRegionMask(options.mask, size),
  };
}

async function photoIds(studio: Studio, subjectId: SubjectId, names: readonly string[]): Promise<PhotoId[]> {
  const photos = names.length === 0 ? [] : await studio.run('photos.list', { subjectId });
  return names.map((name) => photos.find(({ fileName, id }) => fileName === name || id === name)?.id
    ?? unknownPhoto(name, photos.map(({ fileName }) => fileName)));
}

/** A file on the disk gives its points; else the name is that of one of the subject's photos. */
async function poseOf(
  studio: Studio, subjectId: SubjectId, size: PortraitSize, words: PoseWords = { kind: 'reference' },
): Promise<Pose> {
  switch (words.kind) {
    case 'portrait': {
      const portraitId = portraitIdSchema.safeParse(words.name).data;
      return portraitId ? { kind: 'portrait', portraitId } : unknownPose(words.name);
    }
    case 'photo': {
      const isFile = await stat(words.name).then((found) => found.isFile(), () => false);
      if (isFile) return { kind: 'points', points: await posePointsOf(studio, words.name, size) };
      const photos = await studio.run('photos.list', { subjectId });
      const photo = photos.find(({ fileName, id }) => fileName === words.name || id === words.name);
      return photo ? { kind: 'photo', photoId: photo.id } : unknownPose(words.name);
    }
    default: return words;
  }
}

function unknownPhoto(name: string, known: readonly string[]): never {
  throw new UserError('portraits.unknown-face', {
    what: `The subject has no photo "${name}".`,
    safe: 'Nothing was drawn.',
    todo: known.length > 0
      ? `Choose among ${known.join(', ')}.` : 'Bring photos in first: likeness import --photos FOLDER.',
  }, { photo: name });
}

function unknownPose(name: string): never {
  throw new UserError('portraits.unknown-pose', {
    what: `There is no picture "${name}" to take a pose from.`,
    safe: 'Nothing was drawn.',
    todo: 'Give the path of a picture, the file name of one of the photos, or the id of a portrait.',
  }, { picture: name });
}
