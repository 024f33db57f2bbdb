// What embeds a face for InstantID: antelopev2's raw embedding, or the small encoder of a pack that carries an
// InstantID of its own. The face is the largest in the picture, or the one at given points.

import type { AntelopeNetworks, FaceEncoderPlace } from '../contract/engine-faces.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { antelopeEmbeddingLength, openAntelopeEngine } from './antelope-engine.ts';
import type { FacePoints } from './face.ts';
import { openFaceAnalyzer } from './face-analyzer.ts';
import type { FaceEngine, FaceEngineOptions } from './face-engine.ts';
import { openPackFaceEncoder } from './pack-face-encoder.ts';

export interface InstantFace {
  /** As the Resampler takes it: not normalised. */
  readonly embedding: Float32Array;
  readonly points: FacePoints;
}

export interface InstantFaceEncoder {
  /** Numbers of an embedding. */
  readonly length: number;
  /** The face at these points, else the largest in the picture; undefined when there is none. */
  embed(picture: RgbPicture, points?: FacePoints): Promise<InstantFace | undefined>;
  release(): Promise<void>;
}

/** Opens the encoder on the CPU. Throws a UserError for files that are gone, changed or of another network. */
export async function openInstantFaceEncoder(
  place: FaceEncoderPlace, options: FaceEngineOptions,
): Promise<InstantFaceEncoder> {
  if (place.kind === 'pack') return await openPackEncoder(place.folder, options);
  return await openAntelopeEncoder(place, options);
}

async function openAntelopeEncoder(
  place: AntelopeNetworks, { threads }: FaceEngineOptions,
): Promise<InstantFaceEncoder> {
  const engine = await openAntelopeEngine(place, { threads });
  return {
    length: antelopeEmbeddingLength,
    embed: (picture, points) => embedOn(engine, picture, points, (at) => engine.embedRegion(picture, at)),
    release: () => engine.release(),
  };
}

/** The pack's encoder looks where the built-in networks find the face. */
async function openPackEncoder(
  folder: string, { weightsFolder, threads }: FaceEngineOptions,
): Promise<InstantFaceEncoder> {
  const encoder = await openPackFaceEncoder(folder, { threads });
  const finder = await openFaceAnalyzer({ weightsFolder, threads }).catch(async (error: unknown) => {
    await encoder.release();
    throw error;
  });
  return {
    length: encoder.length,
    embed: (picture, points) => embedOn(finder, picture, points, (at) => encoder.embedPoints(picture, at)),
    release: async () => void await Promise.all([encoder.release(), finder.release()]),
  };
}

async function embedOn(
  finder: FaceEngine, picture: RgbPicture, points: FacePoints | undefined,
  embed: (points: FacePoints) => Promise<Float32Array>,
): Promise<InstantFace | undefined> {
  const at = points ?? (await finder.analyze(picture))[0]?.points;
  return at && { embedding: await embed(at), points: at };
}
