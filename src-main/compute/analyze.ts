// Looks at photos one by one: finds the face, judges the photo, cuts the training crop.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AnalyzeRequest, AnalyzedPhoto, EngineResult } from '../contract/engine.ts';
import { measuredDetails } from '../dataset/captions.ts';
import { preparePhoto } from '../dataset/prepare-photo.ts';
import { type FaceAnalyzer, openFaceAnalyzer } from '../faces/face-analyzer.ts';
import { toFractions } from '../faces/face.ts';
import { encodePng } from '../photos/decode.ts';
import { openPhoto } from '../photos/import-photo.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Reporter } from './reporter.ts';

export async function analyze(request: AnalyzeRequest, reporter: Reporter, parts: EngineParts): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const analyzer = await openFaceAnalyzer({ weightsFolder: path.join(parts.resourcesFolder, 'faces') });
  try {
    reporter.phase('finding-faces', request.photos.length);
    for (const [index, photo] of request.photos.entries()) {
      reporter.item(await analyzePhoto(analyzer, request, photo, index));
      reporter.step(index + 1);
    }
  } finally {
    await analyzer.release();
  }
  return { kind: 'finished' };
}

async function analyzePhoto(
  analyzer: FaceAnalyzer, { cropEdgePx, modelResolutionPx, outputFolder }: AnalyzeRequest,
  { key, file }: AnalyzeRequest['photos'][number], index: number,
): Promise<AnalyzedPhoto> {
  const picture = await openPhoto(file);
  const prepared = await preparePhoto(analyzer, picture, { resolutionPx: cropEdgePx, modelResolutionPx });
  const [crop] = prepared.trainingImages;
  const cropFile = crop ? path.join(outputFolder, `crop-${index}.png`) : null;
  if (crop && cropFile) await writeFile(cropFile, await encodePng(crop.picture));
  return {
    kind: 'photo', key, faceCount: prepared.faceCount, verdict: prepared.verdict, cropFile,
    faceBox: prepared.face ? toFractions(prepared.face.box, picture) : null,
    faceEmbedding: prepared.faceEmbedding ? [...prepared.faceEmbedding] : null,
    faces: [], faceIndex: null, facePoints: null, measures: null, pictureHash: '',
    details: measuredDetails({ background: prepared.background }),
  };
}
