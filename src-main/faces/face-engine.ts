// One way to find, embed and compare faces, whoever's networks do it: the built-in ones, or insightface's antelopev2
// where the user has installed it. Embeddings of two engines cannot be compared with each other.

import type { FaceNetworks } from '../contract/engine-faces.ts';
import type { FaceEngineId } from '../contract/faces.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { openAntelopeEngine } from './antelope-engine.ts';
import type { Face, FacePoints } from './face.ts';
import { type AnalyzeOptions, openFaceAnalyzer } from './face-analyzer.ts';

export interface FaceEngine {
  readonly id: FaceEngineId;
  /** Every face in the picture, the largest first. */
  analyze(picture: RgbPicture, options?: AnalyzeOptions): Promise<Face[]>;
  /** The face embedding, not normalised: 128 numbers of the built-in network, 512 of antelopev2's. */
  embed(picture: RgbPicture, face: Face): Promise<Float32Array>;
  /** The embedding of the place where a face with these points would be. */
  embedRegion(picture: RgbPicture, points: FacePoints): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface FaceEngineOptions {
  /** Folder of the built-in networks: resources/faces. */
  readonly weightsFolder: string;
  /** Threads of ONNX Runtime; its own choice unless told. */
  readonly threads?: number;
}

/** Opens an engine on the CPU. Throws a UserError for files of antelopev2 that are gone, changed or not its own. */
export async function openFaceEngine(
  networks: FaceNetworks, { weightsFolder, threads }: FaceEngineOptions,
): Promise<FaceEngine> {
  if (networks.kind === 'built-in') return await openFaceAnalyzer({ weightsFolder, threads });
  return await openAntelopeEngine(networks, { threads });
}
