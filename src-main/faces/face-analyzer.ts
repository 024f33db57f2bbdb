// Finds faces, their landmarks and their embeddings, offline: three small networks, run through ONNX Runtime.
// Large photos are reduced for the detector and looked at again in tiles if nothing is found; small portraits grow.

import { detectorEdgePx } from '../models/face-detector.ts';
import { landmarkEdgePx } from '../models/face-landmarks.ts';
import { recognizerEdgePx } from '../models/face-recognizer.ts';
import { type Region, type RgbPicture, reduceByBlocks } from '../photos/pixels.ts';
import { openSession, type Session } from '../runtime/session.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ScoredBox, clipBox, decodeBoxes, suppressOverlaps } from './box-decoding.ts';
import type { Face, FacePoints, Point } from './face.ts';
import { faceDetectorGraph, faceLandmarkGraph, faceRecognizerGraph } from './face-graphs.ts';
import {
  type TurnedSquare, facePoints, facePose, recognitionSquare, recognitionSquareOfPoints,
} from './face-points.ts';
import { faceWeightsFolder, readFaceWeights } from './face-weights.ts';
import { boxInput, squareInput, turnedSquareInput } from './network-input.ts';

export interface FaceAnalyzerOptions {
  /** Threads of ONNX Runtime; its own choice unless told. */
  readonly threads?: number;
  /** Folder that holds the three .safetensors files; resources/faces unless told. */
  readonly weightsFolder?: string;
}

export interface AnalyzeOptions {
  /** Faces of which the detector is less sure are passed over; 0.5 unless told. */
  readonly minimumScore?: number;
}

export interface FaceAnalyzer {
  readonly id: 'built-in';
  /** Every face in the picture, the largest first. */
  analyze(picture: RgbPicture, options?: AnalyzeOptions): Promise<Face[]>;
  /** The face embedding: 128 numbers, not normalised (see likeness.ts for what they mean). */
  embed(picture: RgbPicture, face: Face): Promise<Float32Array>;
  /** The embedding of the place where a face with these points would be. */
  embedRegion(picture: RgbPicture, points: FacePoints): Promise<Float32Array>;
  release(): Promise<void>;
}

/** The squares to look at, in rounds: a round counts only when those before it found nothing. */
function searchRounds({ width, height }: RgbPicture): Region[][] {
  const edge = Math.max(width, height);
  const whole = { left: 0, top: 0, width: edge, height: edge };
  // a face that fills the picture is larger than any prior box: step back
  const margin = 0.35 * edge;
  const back = { left: -margin, top: -margin, width: edge + 2 * margin, height: edge + 2 * margin };
  const rounds = [[whole], [back]];
  if (edge > detectorEdgePx) rounds.push(tiles(width, height, edge / 2));
  if (edge > 3 * detectorEdgePx) rounds.push(tiles(width, height, edge / 4));
  return rounds;
}

/** Squares of one size that cover the picture, each overlapping its neighbours by at least a third. */
function tiles(width: number, height: number, edge: number): Region[] {
  const starts = (length: number): number[] => {
    if (length <= edge) return [0];
    const count = Math.ceil((length - edge) / (edge * 0.66)) + 1;
    return Array.from({ length: count }, (_, i) => ((length - edge) * i) / (count - 1));
  };
  return starts(height).flatMap((top) => starts(width).map((left) => ({ left, top, width: edge, height: edge })));
}

class SessionFaceAnalyzer implements FaceAnalyzer {
  readonly id = 'built-in';
  readonly #detector: Session;
  readonly #landmarks: Session;
  readonly #recognizer: Session;
  readonly #priors: Float32Array;

  constructor(sessions: readonly [Session, Session, Session], priors: Float32Array) {
    [this.#detector, this.#landmarks, this.#recognizer] = sessions;
    this.#priors = priors;
  }

  async analyze(picture: RgbPicture, { minimumScore = 0.5 }: AnalyzeOptions = {}): Promise<Face[]> {
    const faces: Face[] = [];
    for (const round of searchRounds(picture)) {
      const boxes: ScoredBox[] = [];
      // most of a large photo's pixels are gone at the detector's scale: drop them once, not once a tile
      const factor = Math.floor(round[0]!.width / (2 * detectorEdgePx));
      const reduced = reduceByBlocks(picture, factor);
      for (const region of round) boxes.push(...await this.#detect(picture, reduced, region, minimumScore));
      boxes.sort((a, b) => b.score - a.score);
      for (const found of suppressOverlaps(boxes)) faces.push(await this.#describe(picture, found));
      if (faces.length > 0) break;
    }
    return faces.sort((a, b) => b.box.width * b.box.height - a.box.width * a.box.height);
  }

  async embed(picture: RgbPicture, face: Face): Promise<Float32Array> {
    const { landmarks, points } = face;
    const square = landmarks ? recognitionSquare(landmarks) : recognitionSquareOfPoints(points);
    return await this.#embedSquare(picture, square);
  }

  async embedRegion(picture: RgbPicture, points: FacePoints): Promise<Float32Array> {
    return await this.#embedSquare(picture, recognitionSquareOfPoints(points));
  }

  async release(): Promise<void> {
    await Promise.all([this.#detector, this.#landmarks, this.#recognizer].map(async (session) => session.release()));
  }

  /** `reduced` is the picture with each block of pixels made one; `region` is in pixels of the picture. */
  async #detect(
    picture: RgbPicture, reduced: RgbPicture, region: Region, minimumScore: number,
  ): Promise<ScoredBox[]> {
    const by = 1 / Math.max(1, Math.floor(region.width / (2 * detectorEdgePx)));
    const part = { left: region.left * by, top: region.top * by, width: region.width * by, height: region.height * by };
    const { boxEncodings, scores } = await this.#detector.run({ picture: squareInput(reduced, part, detectorEdgePx) });
    const found = decodeBoxes(this.#priors, numbersOf(boxEncodings), numbersOf(scores), minimumScore);
    return suppressOverlaps(found).flatMap(({ box, score }) => {
      const left = region.left + box.left * region.width;
      const top = region.top + box.top * region.height;
      const placed = { left, top, width: box.width * region.width, height: box.height * region.height };
      const inside = clipBox(placed, picture.width, picture.height);
      return inside ? [{ box: inside, score }] : [];
    });
  }

  async #describe(picture: RgbPicture, { box, score }: ScoredBox): Promise<Face> {
    const { input, region } = boxInput(picture, box, landmarkEdgePx);
    const numbers = numbersOf((await this.#landmarks.run({ picture: input })).landmarks);
    const landmarks: Point[] = Array.from({ length: numbers.length / 2 }, (_, i) => ({
      x: region.left + numbers[i * 2]! * region.width,
      y: region.top + numbers[i * 2 + 1]! * region.height,
    }));
    const points = facePoints(landmarks);
    return { box, score, points, landmarks, pose: facePose(points) };
  }

  async #embedSquare(picture: RgbPicture, square: TurnedSquare): Promise<Float32Array> {
    const input = turnedSquareInput(picture, square, recognizerEdgePx);
    return Float32Array.from(numbersOf((await this.#recognizer.run({ picture: input })).faceEmbedding));
  }
}

function numbersOf(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('A face network gave no float32 numbers.');
  return tensor.data;
}

/** Opens the three networks on the CPU; about a second, 12 MB read. Release it when done. */
export async function openFaceAnalyzer(options: FaceAnalyzerOptions = {}): Promise<FaceAnalyzer> {
  const { threads, weightsFolder = faceWeightsFolder } = options;
  const [detector, landmarks, recognizer] = await Promise.all([
    readFaceWeights(weightsFolder, 'face-detector'),
    readFaceWeights(weightsFolder, 'face-landmarks'),
    readFaceWeights(weightsFolder, 'face-recognizer'),
  ]);
  const priors = numbersOf(detector.get('prior_boxes'));
  const graphs = [faceDetectorGraph(detector), faceLandmarkGraph(landmarks), faceRecognizerGraph(recognizer)];
  const sessions: Session[] = [];
  for (const graph of graphs) sessions.push(await openSession(graph, { provider: 'cpu', threads }));
  return new SessionFaceAnalyzer(sessions as unknown as readonly [Session, Session, Session], priors);
}
