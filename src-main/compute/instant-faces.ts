// The faces that portraits are given without teaching (InstantID): read from photos on the processor, averaged, and
// laid where their pose says.

import path from 'node:path';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { InstantFace, InstantIdPlaces, WantedPose } from '../contract/engine-faces.ts';
import type { FacePoints } from '../faces/face.ts';
import { type InstantFaceEncoder, openInstantFaceEncoder } from '../faces/instant-face-encoder.ts';
import { noFaceForPose, noFaceToDraw, otherFaceEncoder } from '../generation/face-errors.ts';
import { meanFace } from '../generation/face-mean.ts';
import type { FaceRequest, StrengthOverSteps } from '../generation/face-request.ts';
import {
  areaOfPerson, checkedPose, framedPose, pointsInPixels, poseOfPicture, type PortraitSize,
} from '../generation/pose.ts';
import { type InstantId, openInstantIdAt } from '../networks/instant-id.ts';
import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import { openPhoto } from '../photos/import-photo.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Reporter } from './reporter.ts';

/** A request's faces; neither where it has none. */
export interface FacesToDraw {
  readonly first?: FaceRequest;
  readonly second?: FaceRequest;
}

type FacePicture = InstantFace['pictures'][number];

interface Reading {
  readonly request: CreateRequest;
  readonly encoder: InstantFaceEncoder;
  readonly reporter: Reporter;
}

/** InstantID's networks for a checkpoint; undefined where no face is to be drawn. Throws its readers' refusals. */
export async function instantIdFor(request: CreateRequest, checkpoint: Checkpoint): Promise<InstantId | undefined> {
  const places = placesOf(request);
  return places && openInstantIdAt(places, checkpoint);
}

/**
 * Reads the faces of a request. Throws a UserError when no picture shows a face, when the pose's picture has none or
 * its points lie nowhere, when the encoder is another than the adapter's, and what the pictures' decoder throws.
 */
export async function readFaces(
  request: CreateRequest, instantId: InstantId | undefined, reporter: Reporter, { resourcesFolder }: EngineParts,
): Promise<FacesToDraw> {
  const places = placesOf(request);
  if (!places || !instantId) return {};
  const weightsFolder = path.join(resourcesFolder, 'faces');
  const encoder = await openInstantFaceEncoder(places.encoder, { weightsFolder });
  try {
    const { embeddingDim } = instantId.resampler.config;
    if (encoder.length !== embeddingDim) throw otherFaceEncoder(encoder.length, embeddingDim);
    reporter.phase('finding-faces', picturesOf(request.face) + picturesOf(request.second?.face));
    const reading = { request, encoder, reporter };
    const first = request.face && await readFace(reading, request.face, false);
    const second = request.second?.face && await readFace(reading, request.second.face, true);
    return { ...(first ? { first } : {}), ...(second ? { second } : {}) };
  } finally {
    await encoder.release();
  }
}

/** Undefined where no face is asked for. */
function placesOf({ instantId, face, second }: CreateRequest): InstantIdPlaces | undefined {
  if (!face && !second?.face) return undefined;
  if (!instantId) throw new Error('A face needs the files of InstantID.');
  return instantId;
}

function picturesOf(face: InstantFace | null | undefined): number {
  return face?.pictures.length ?? 0;
}

async function readFace(reading: Reading, face: InstantFace, isSecond: boolean): Promise<FaceRequest> {
  const { request: { settings }, reporter } = reading;
  const done = isSecond ? picturesOf(reading.request.face) : 0;
  const embeddings: Float32Array[] = [];
  for (const [index, picture] of face.pictures.entries()) {
    const found = await embeddedFace(reading, picture);
    if (found) embeddings.push(found);
    reporter.step(done + index + 1);
  }
  if (embeddings.length === 0) throw noFaceToDraw(face.pictures.length);
  const { embedding, used } = meanFace(embeddings);
  sayWhatIsLeftOut(reporter, face.pictures.length - embeddings.length, embeddings.length - used.length);
  const points = await pointsOf(reading, face.pose, isSecond);
  return {
    embedding, ...(points ? { points } : {}),
    image: overSteps(settings.imageStrength, settings.imageStart, settings.imageEnd),
    identityNet: overSteps(settings.identityNetStrength, settings.identityNetStart, settings.identityNetEnd),
  };
}

async function embeddedFace({ encoder }: Reading, { file, facePoints }: FacePicture) {
  const picture = await openPhoto(file);
  const points = facePoints ? pointsInPixels(facePoints, picture.width, picture.height) : undefined;
  return (await encoder.embed(picture, points))?.embedding;
}

function sayWhatIsLeftOut({ note }: Reporter, faceless: number, outliers: number): void {
  const photos = (count: number): string => (count === 1 ? '1 photo' : `${count} photos`);
  if (faceless > 0) note(`${photos(faceless)} without a face had no part in the portraits.`);
  if (outliers > 0) note(`${photos(outliers)} unlike the others had no part in the portraits' face.`);
}

/** In pixels of the portrait; undefined where the model is free. */
async function pointsOf(
  { request: { settings, second }, encoder }: Reading, pose: WantedPose, isSecond: boolean,
): Promise<FacePoints | undefined> {
  const size: PortraitSize = settings;
  if (pose.kind === 'none') return undefined;
  if (pose.kind === 'points') return checkedPose(pointsInPixels(pose.points, size.widthPx, size.heightPx), size);
  const picture = await openPhoto(pose.picture.file);
  const points = pose.picture.facePoints
    ? pointsInPixels(pose.picture.facePoints, picture.width, picture.height)
    : (await encoder.embed(picture))?.points;
  if (!points) throw noFaceForPose();
  if (pose.asFraming) return checkedPose(framedPose(points, areaOfPerson(second?.mask, isSecond, size)), size);
  return checkedPose(poseOfPicture(points, picture, size), size);
}

function overSteps(strength: number, start: number, end: number): StrengthOverSteps {
  return { strength, start, end };
}
