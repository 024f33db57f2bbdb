// antelopev2 (insightface): SCRFD finds faces with their five points, ArcFace's glintr100 embeds them upright. As
// insightface's FaceAnalysis does it: the picture goes into 640 x 640 pixels; where that shows no face, into smaller
// squares, in which a face that fills the picture is no larger than the network knows.

import type { AntelopeNetworks } from '../contract/engine-faces.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { type ModelFile, openModelFile } from '../runtime/model-file.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { alignFace } from './arcface-alignment.ts';
import { clipBox } from './box-decoding.ts';
import type { Face, FacePoints, Point } from './face.ts';
import type { AnalyzeOptions } from './face-analyzer.ts';
import type { FaceEngine } from './face-engine.ts';
import { facePose } from './face-points.ts';
import { type PixelSize, detectorLevels, letterboxed, levelTensor, recognizerLevels } from './letterbox.ts';
import { type DetectedFace, type ScrfdLevel, decodeScrfd } from './scrfd.ts';

/** Squares that the detector looks at, one after the other until it finds a face. */
export const detectorEdgesPx = [640, 576, 512, 448, 384, 320, 256, 192] as const;
const strides = [8, 16, 32] as const;
const alignedEdgePx = 112;
/** Numbers of an embedding. */
export const antelopeEmbeddingLength = 512;

/** Twice the size of glintr100.onnx: nothing larger is one of these networks. */
const maximumModelBytes = 512 * 1024 * 1024;

/** Opens both networks on the CPU; their files are read whole and checked against their hashes first. */
export async function openAntelopeEngine(
  { detector, recognizer }: AntelopeNetworks, { threads }: { readonly threads?: number } = {},
): Promise<FaceEngine> {
  const options = { provider: 'cpu', threads, maximumBytes: maximumModelBytes } as const;
  const finder = await openModelFile(detector, { ...options, input: [1, 3, 640, 640], outputCount: 9 });
  try {
    const embedder = await openModelFile(recognizer, {
      ...options, input: [1, 3, alignedEdgePx, alignedEdgePx], outputCount: 1,
    });
    return new AntelopeEngine(finder, embedder);
  } catch (error) {
    await finder.release();
    throw error;
  }
}

class AntelopeEngine implements FaceEngine {
  readonly id = 'antelopev2';
  readonly #detector: ModelFile;
  readonly #recognizer: ModelFile;

  constructor(detector: ModelFile, recognizer: ModelFile) {
    this.#detector = detector;
    this.#recognizer = recognizer;
  }

  async analyze(picture: RgbPicture, { minimumScore = 0.5 }: AnalyzeOptions = {}): Promise<Face[]> {
    for (const edge of detectorEdgesPx) {
      if (!this.#detector.accepts([1, 3, edge, edge])) continue;
      const found = await this.#detect(picture, { width: edge, height: edge }, minimumScore);
      const faces = found.flatMap((face) => asFace(face, picture) ?? []);
      if (faces.length > 0) return faces.sort((a, b) => area(b) - area(a));
    }
    return [];
  }

  async embed(picture: RgbPicture, { points }: Face): Promise<Float32Array> {
    return await this.embedRegion(picture, points);
  }

  async embedRegion(picture: RgbPicture, points: FacePoints): Promise<Float32Array> {
    const upright = alignFace(picture, moved(points, -0.5), alignedEdgePx);
    const [embedding] = await this.#recognizer.run(levelTensor(upright, recognizerLevels));
    const numbers = numbersOf(embedding);
    if (numbers.length !== antelopeEmbeddingLength) {
      throw new Error(`The face recogniser gave ${numbers.length} numbers in place of ${antelopeEmbeddingLength}.`);
    }
    return Float32Array.from(numbers);
  }

  async release(): Promise<void> {
    await Promise.all([this.#detector.release(), this.#recognizer.release()]);
  }

  async #detect(picture: RgbPicture, input: PixelSize, minimumScore: number): Promise<DetectedFace[]> {
    const boxed = letterboxed(picture, input);
    const outputs = await this.#detector.run(levelTensor(boxed.picture, detectorLevels));
    return decodeScrfd(scrfdLevels(outputs, input), { input, scale: boxed.scale, minimumScore });
  }
}

/**
 * The network's nine outputs by their shapes: their names are numbers that differ between exports. Those of one number
 * a row are scores, of four distances, of ten offsets; the count of rows tells the stride.
 */
export function scrfdLevels(outputs: readonly Tensor[], input: PixelSize): ScrfdLevel[] {
  return strides.map((stride) => {
    const rows = 2 * Math.floor(input.width / stride) * Math.floor(input.height / stride);
    const numbers = (width: number): Float32Array => {
      const fitting = outputs.filter(({ shape, data }) => shape.at(-1) === width && data.length === rows * width);
      if (fitting.length !== 1) {
        throw new Error(`The face detector has ${fitting.length} outputs of ${rows} x ${width} numbers in place of 1.`);
      }
      return numbersOf(fitting[0]);
    };
    return { stride, scores: numbers(1), distances: numbers(4), offsets: numbers(10) };
  });
}

/** insightface counts pixel centres at whole numbers, a Face at .5; undefined for a box beside the picture. */
function asFace({ box, score, points }: DetectedFace, picture: RgbPicture): Face | undefined {
  const inside = clipBox({ ...box, left: box.left + 0.5, top: box.top + 0.5 }, picture.width, picture.height);
  if (!inside) return undefined;
  const centred = moved(points, 0.5);
  return { box: inside, score, points: centred, pose: facePose(centred) };
}

function moved(points: FacePoints, by: number): FacePoints {
  return points.map(({ x, y }): Point => ({ x: x + by, y: y + by })) as unknown as FacePoints;
}

const area = ({ box: { width, height } }: Face): number => width * height;

function numbersOf(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new Error('A face network gave no float32 numbers.');
  return tensor.data;
}
