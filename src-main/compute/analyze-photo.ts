// One photo of an analyze request: read, looked at, its crop written, and what was found as it is reported.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AnalyzeRequest, AnalyzedPhoto } from '../contract/engine.ts';
import type { FacePointsInPicture } from '../contract/faces.ts';
import { measuredDetails } from '../dataset/captions.ts';
import { type EmbeddedFace, preparePhoto } from '../dataset/prepare-photo.ts';
import { type FacePoints, toFractions } from '../faces/face.ts';
import type { FaceEngine } from '../faces/face-engine.ts';
import { encodePng } from '../photos/decode.ts';
import { readPhotoSource } from '../photos/import-photo.ts';

const cropCompression = 3;

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What all photos of a request have in common. */
export type AnalyzeSettings = Pick<AnalyzeRequest, 'cropEdgePx' | 'modelResolutionPx' | 'outputFolder'>;

/** `index` names the crop's file. Throws the UserErrors of a photo that cannot be read. */
export async function analyzePhoto(
  engine: FaceEngine, { cropEdgePx, modelResolutionPx, outputFolder }: AnalyzeSettings,
  { key, file, chosenFaceBox }: AnalyzeRequest['photos'][number], index: number,
): Promise<AnalyzedPhoto> {
  const source = await readPhotoSource(file);
  const prepared = await preparePhoto(
    engine, source, { resolutionPx: cropEdgePx, modelResolutionPx, chosenFaceBox });
  const [crop] = prepared.trainingImages;
  const cropFile = crop ? path.join(outputFolder, `crop-${index}.png`) : null;
  if (crop && cropFile) await writeFile(cropFile, await encodePng(crop.picture, cropCompression));
  const faces = prepared.faces.map((face) => foundFace(face, source));
  const subject = prepared.faceIndex === undefined ? undefined : faces[prepared.faceIndex];
  return {
    kind: 'photo', key, faceCount: faces.length, verdict: prepared.verdict, cropFile, faces,
    faceIndex: prepared.faceIndex ?? null,
    faceBox: subject?.box ?? null, facePoints: subject?.points ?? null, faceEmbedding: subject?.faceEmbedding ?? null,
    measures: prepared.measures ?? null, pictureHash: prepared.pictureHash,
    details: measuredDetails({ background: prepared.background }),
  };
}

function foundFace({ face, embedding }: EmbeddedFace, photo: Size): AnalyzedPhoto['faces'][number] {
  return {
    box: toFractions(face.box, photo), score: face.score, points: inFractions(face.points, photo),
    faceEmbedding: embedding ? [...embedding] : null,
  };
}

function inFractions(points: FacePoints, { width, height }: Size): FacePointsInPicture {
  return points.map(({ x, y }) => ({ x: x / width, y: y / height })) as FacePointsInPicture;
}
