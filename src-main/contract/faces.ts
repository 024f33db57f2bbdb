// What is said of faces: points, measures, who finds and compares them, likeness in words, and what an instant portrait
// (InstantID) or one of two people is asked with. Positions are fractions of a picture unless a unit is named.

import { z } from 'zod';
import { adapterIdSchema, photoIdSchema, portraitIdSchema, subjectIdSchema } from './ids.ts';

const pointSchema = z.object({ x: z.number(), y: z.number() });

/**
 * Left eye, right eye, tip of the nose, left and right corner of the mouth as seen in the picture, as fractions of its
 * width and height. They may lie outside of it.
 */
export const facePointsSchema = z.tuple([pointSchema, pointSchema, pointSchema, pointSchema, pointSchema]);
export type FacePointsInPicture = z.infer<typeof facePointsSchema>;

/** The built-in networks, or insightface's antelopev2 where the user has installed it. */
export const faceEngineIdSchema = z.enum(['built-in', 'antelopev2']);
export type FaceEngineId = z.infer<typeof faceEngineIdSchema>;

/** What a user can do about a verdict. */
export const verdictActionSchema = z.enum(['choose-face', 'use-anyway', 'leave-out', 'keep-this-one']);
export type VerdictAction = z.infer<typeof verdictActionSchema>;

/** Every word that a verdict's reasonCodes may hold, each with a part of its reason. */
export const verdictReasonCodes = [
  'no-face', 'text-page', 'black-picture', 'plain-picture',
  'small-face', 'blurred', 'dark', 'bright', 'harsh-light', 'turned', 'eyes-covered', 'mouth-covered', 'cut-off',
  /** Nobody has said which face it is: the largest is taken; or: the one that is in the other photos. */
  'several-faces', 'face-by-agreement',
  'another-person', 'perhaps-another-person', 'near-duplicate',
] as const;
export type VerdictReasonCode = (typeof verdictReasonCodes)[number];

export const verdictSchema = z.object({
  /** 'waiting' until the photo has been analyzed. */
  grade: z.enum(['waiting', 'good', 'usable', 'left-out']),
  /** Stable words of `verdictReasonCodes`; empty when the grade is good. */
  reasonCodes: z.array(z.string()),
  /** The same in one English line for a reader, one part a code with '; ' between; '' when good. */
  reason: z.string(),
  /** What to do about it, in one English sentence: 'choose one of the two faces'; '' when there is nothing to do. */
  hint: z.string().default(''),
  actions: z.array(verdictActionSchema).default([]),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** One of the ways to find and compare faces. */
export const faceEngineSchema = z.object({
  id: faceEngineIdSchema,
  name: z.string(),
  isInstalled: z.boolean(),
  /** Why it cannot be used, in one sentence; '' when it can. */
  reason: z.string(),
  license: z.string(),
  /** What is to be accepted before it is used; '' where nothing is. */
  licenseId: z.string(),
  isCommercialUseAllowed: z.boolean(),
});
export type FaceEngine = z.infer<typeof faceEngineSchema>;

/** What was measured of the face that will be learned; angles in degrees, lengths in pixels of the photo. */
export const photoMeasuresSchema = z.object({
  /** Shorter side of the face box. */
  facePx: z.number(),
  /** Fine detail against all contrast of the face: low is blurred. */
  sharpness: z.number(),
  /** Mean luma of the face, 0 to 255. */
  brightness: z.number(),
  /** Shares of the face's pixels that are nearly black or nearly white. */
  darkShare: z.number(),
  brightShare: z.number(),
  /** Positive when the nose points to the right of the picture. */
  yawDegrees: z.number(),
  /** Positive when the face looks down. */
  pitchDegrees: z.number(),
  /** Positive when the head leans clockwise as seen. */
  rollDegrees: z.number(),
  /** What seems to cover the face: 'eyes' (dark glasses), 'mouth' (a mask, a hand), 'edge' (cut off); a hint only. */
  occlusions: z.array(z.enum(['eyes', 'mouth', 'edge'])),
});
export type PhotoMeasures = z.infer<typeof photoMeasuresSchema>;

/**
 * A likeness in words, against how alike the subject's own photos are to each other: within their range; nearly; some;
 * no more than to anybody.
 */
export const likenessLevelSchema = z.enum(['as-two-photos', 'nearly', 'some', 'none']);
export type LikenessLevel = z.infer<typeof likenessLevelSchema>;

/** Cosines of the subject's used photos to each other. */
export const likenessRangeSchema = z.object({
  low: z.number(), median: z.number(), high: z.number(),
  /** They are as alike as crops of one photo or a burst, so they do not tell how alike other photos would be. */
  isOneMoment: z.boolean(),
});
export type LikenessRange = z.infer<typeof likenessRangeSchema>;

/** How alike a portrait's face is to the subject's photos; every number is null when no face was found in it. */
export const likenessSchema = z.object({
  /** Mean cosine of face embeddings, portrait to each photo: 1 is the same, 0 unrelated. */
  cosine: z.number().nullable(),
  /** Mean Euclidean distance of the same embeddings. */
  distance: z.number().nullable(),
  /** Root mean square difference to the nearest crop in the VAE's latent space; needs no face. */
  latentDistance: z.number().nullable(),
  /** Where no face was found: the cosine at the place where a portrait has its face. It is no sign of a face. */
  placeCosine: z.number().nullable().optional(),
  /** Which networks measured it: never those that the portrait was conditioned on. */
  engine: faceEngineIdSchema.optional(),
  /** The cosine in words; null where there is none, or where the photos do not tell: fewer than two, or one moment. */
  level: likenessLevelSchema.nullable().optional(),
});
export type Likeness = z.infer<typeof likenessSchema>;

/** Where the face of an instant portrait lies. */
export const poseSchema = z.discriminatedUnion('kind', [
  /** As in the photo that is most like the mean of the subject's photos. */
  z.object({ kind: z.literal('reference') }),
  z.object({ kind: z.literal('photo'), photoId: photoIdSchema }),
  z.object({ kind: z.literal('portrait'), portraitId: portraitIdSchema }),
  /** Fractions of the portrait. */
  z.object({ kind: z.literal('points'), points: facePointsSchema }),
  /** The model is free: no IdentityNet. */
  z.object({ kind: z.literal('none') }),
]);
export type Pose = z.infer<typeof poseSchema>;

/** What an instant portrait (InstantID) is drawn with beside its settings. */
export const instantlySchema = z.object({
  pose: poseSchema.default({ kind: 'reference' }),
  /** Photos whose faces are averaged; left out: all that are used. */
  facePhotoIds: z.array(photoIdSchema).min(1).max(200).optional(),
});
export type Instantly = z.infer<typeof instantlySchema>;

/** How much of each place of a portrait belongs to somebody, 0 to 1, row by row from the top left. */
export const regionMaskSchema = z.object({
  columns: z.int().min(1).max(64), rows: z.int().min(1).max(64), values: z.array(z.number().min(0).max(1)).max(4096),
}).refine(({ columns, rows, values }) => values.length === columns * rows, 'values must have columns x rows numbers');
export type RegionMask = z.infer<typeof regionMaskSchema>;

/** A second person in the portrait; the first has what this one's mask leaves. */
export const secondPersonSchema = z.object({
  subjectId: subjectIdSchema,
  adapterId: adapterIdSchema.nullable().default(null),
  /** Where the second person is; the right half unless told. */
  mask: regionMaskSchema.optional(),
  /** For instant portraits. */
  pose: poseSchema.default({ kind: 'reference' }),
});
export type SecondPerson = z.infer<typeof secondPersonSchema>;
