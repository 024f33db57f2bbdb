// What the engine is told of faces: whose networks find and embed them, and the face that a portrait is to have.

import { z } from 'zod';
import { facePointsSchema } from './faces.ts';

const file = z.string().min(1);

/** A file that is loaded only while it has these bytes. */
const checkedFileSchema = z.object({ file, sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type CheckedFile = z.infer<typeof checkedFileSchema>;

/** antelopev2's detector (scrfd_10g_bnkps.onnx) and recogniser (glintr100.onnx), wherever each of them lies. */
const antelopeSchema = z.object({
  kind: z.literal('antelopev2'), detector: checkedFileSchema, recognizer: checkedFileSchema,
});
export type AntelopeNetworks = z.infer<typeof antelopeSchema>;

/** Whose networks find or embed faces, and where they lie. */
export const faceNetworksSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('built-in') }), antelopeSchema,
]);
export type FaceNetworks = z.infer<typeof faceNetworksSchema>;

/** What embeds a face for InstantID: antelopev2, or the small encoder of a pack with an InstantID of its own. */
const faceEncoderSchema = z.discriminatedUnion('kind', [
  antelopeSchema, z.object({ kind: z.literal('pack'), folder: file }),
]);
export type FaceEncoderPlace = z.infer<typeof faceEncoderSchema>;

/** A picture with a face; where its points are not known they are looked for. */
const facePictureSchema = z.object({ file, facePoints: facePointsSchema.nullable() });

/** Where a face is to lie: as in a picture (with asFraming cut around the face), at points, or free. */
const wantedPoseSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('picture'), picture: facePictureSchema, asFraming: z.boolean() }),
  z.object({ kind: z.literal('points'), points: facePointsSchema }),
  z.object({ kind: z.literal('none') }),
]);
export type WantedPose = z.infer<typeof wantedPoseSchema>;

/** A face to draw without teaching: pictures whose embeddings are averaged, and where it lies. */
export const instantFaceSchema = z.object({ pictures: z.array(facePictureSchema).min(1), pose: wantedPoseSchema });
export type InstantFace = z.infer<typeof instantFaceSchema>;

/** The files of InstantID, and what embeds faces for it. */
export const instantIdFilesSchema = z.object({ imageAdapter: file, identityNet: file, encoder: faceEncoderSchema });
export type InstantIdPlaces = z.infer<typeof instantIdFilesSchema>;
