// A face that a portrait is to have (InstantID, Wang et al. 2024): what is asked, and what guidance is told of it at
// each step. Strengths hold on a share of the steps, as diffusers' control_guidance_start and _end do.

import type { FacePoints } from '../faces/face.ts';
import { keyPointPictureFor, keyPointTensor } from '../faces/key-point-picture.ts';
import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type FaceGuidance, faceTokens } from './guided-prediction.ts';
import type { PipelinePort } from './pipeline-port.ts';

/** A strength, and the share of the steps on which it holds, from 0 to 1; on all other steps it is 0. */
export interface StrengthOverSteps {
  readonly strength: number;
  readonly start: number;
  readonly end: number;
}

export interface FaceRequest {
  /** As the recogniser gives it, not normalised. */
  readonly embedding: Float32Array;
  /** Where the face lies, in pixels of the portrait, pixel centres at .5; left out: the model is free. */
  readonly points?: FacePoints;
  /** How much cross-attention heeds the face. */
  readonly image: StrengthOverSteps;
  /** How much IdentityNet steers the drawing; without points it does nothing. */
  readonly identityNet: StrengthOverSteps;
  /**
   * Keep to the graph with IdentityNet where its strength is 0: for devices that would hold the UNet's weights twice.
   */
  readonly inOneGraph?: boolean;
}

/** A face whose tokens are computed and whose key points are drawn. */
export interface PreparedFace {
  readonly request: FaceRequest;
  readonly tokens: Pick<FaceGuidance, 'conditional' | 'unconditional'>;
  readonly keyPoints: Tensor | undefined;
}

/** Computes a face's tokens; `faces` are the points of all faces in the portrait, this one's among them. */
export async function prepareFace(
  pipeline: PipelinePort, request: FaceRequest, faces: readonly FacePoints[],
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): Promise<PreparedFace> {
  const tokens = await faceTokens(pipeline, request.embedding);
  const isShown = request.points !== undefined && (request.identityNet.strength !== 0 || request.inOneGraph === true);
  return {
    request, tokens, keyPoints: isShown ? keyPointTensor(keyPointsOf(faces, widthPx, heightPx)) : undefined,
  };
}

/** What guidance is told of a face at `step` (from 0) of `count`; undefined where the face has no strength at all. */
export function faceAtStep(face: PreparedFace, step: number, count: number): FaceGuidance | undefined {
  const { request: { image, identityNet, inOneGraph }, tokens, keyPoints } = face;
  const imageStrength = strengthAtStep(image, step, count);
  const strength = strengthAtStep(identityNet, step, count);
  const isShown = keyPoints !== undefined && (strength !== 0 || inOneGraph);
  if (!isShown && imageStrength === 0 && !inOneGraph) return undefined;
  return { ...tokens, imageStrength, ...(isShown ? { identityNet: { keyPoints, strength } } : {}) };
}

/** The strength at `step` (from 0) of `count`: diffusers keeps the steps that lie wholly between start and end. */
export function strengthAtStep({ strength, start, end }: StrengthOverSteps, step: number, count: number): number {
  return step / count < start || (step + 1) / count > end ? 0 : strength;
}

/** The key points of all faces in one picture, each place as bright as the brightest of them. */
function keyPointsOf(faces: readonly FacePoints[], width: number, height: number): RgbPicture {
  // IdentityNet's picture has pixel centres at whole numbers
  const moved = faces.map((points) => (
    points.map(({ x, y }) => ({ x: x - 0.5, y: y - 0.5 })) as unknown as FacePoints));
  const [first, ...others] = moved.map((points) => keyPointPictureFor(points, width, height));
  const data = first!.data.slice();
  for (const other of others) other.data.forEach((value, i) => { data[i] = Math.max(data[i]!, value); });
  return rgbPicture(width, height, data);
}
