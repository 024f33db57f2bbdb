// The refusals of faces that a portrait cannot be given.

import { UserError } from '../contract/errors.ts';

const safe = 'Your photos are untouched and nothing was drawn.';

/** None of the pictures that a face should be taken from shows one. */
export function noFaceToDraw(pictures: number): UserError {
  return new UserError('instant-id.no-face', {
    what: pictures === 1
      ? 'No face was found in the photo that the portrait should take its face from.'
      : `No face was found in any of the ${pictures} photos that the portrait should take its face from.`,
    safe, todo: 'Choose photos that show the face clearly, from near and in light.',
  }, { pictures });
}

/** The picture whose pose was asked for shows no face. */
export function noFaceForPose(): UserError {
  return new UserError('instant-id.pose-no-face', {
    what: 'No face was found in the picture whose pose the portrait should have.', safe,
    todo: 'Choose another picture for the pose, place the points by hand, or leave the pose free.',
  });
}

/** Points that lie where the portrait does not reach. */
export function pointsOutside(): UserError {
  return new UserError('instant-id.points-outside', {
    what: 'The points of the face lie outside of the portrait.', safe,
    todo: 'Move the face back into the picture, or leave the pose free.',
  });
}

/** Points that no face could have. */
export function pointsTogether(): UserError {
  return new UserError('instant-id.points-together', {
    what: 'The points of the face all lie at one place, so they say nothing of its pose.', safe,
    todo: 'Make the face larger or move its points apart, or leave the pose free.',
  });
}

/** An encoder whose embeddings the Resampler does not read. */
export function otherFaceEncoder(found: number, wanted: number): UserError {
  return new UserError('instant-id.other-encoder', {
    what: `The face encoder gives ${found} numbers a face, and InstantID's adapter reads ${wanted}.`, safe,
    todo: 'Choose the adapter that was published for this encoder, or get a fresh copy of the model.',
  }, { found, wanted });
}
