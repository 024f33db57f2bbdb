// Looks at photos: finds the faces, judges each photo by itself, cuts the training crop. A few photos are looked at
// here; for more, threads with networks of their own are worth their start.

import os from 'node:os';
import path from 'node:path';
import type { AnalyzeRequest, AnalyzedPhoto, EngineResult } from '../contract/engine.ts';
import { openFaceEngine } from '../faces/face-engine.ts';
import { analyzePhoto } from './analyze-photo.ts';
import { analyzeOnThreads } from './analyze-pool.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Reporter } from './reporter.ts';

/** A thread is ready after about a second, in which another has looked at several photos. */
const photosForAThread = 4;
/** Each holds a decoded photo and three networks; more would wait for the memory. */
const mostThreads = 8;

export async function analyze(request: AnalyzeRequest, reporter: Reporter, parts: EngineParts): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const { photos } = request;
  let done = 0;
  const onReady = (): void => { if (done === 0) reporter.phase('finding-faces', photos.length); };
  const onItem = (item: AnalyzedPhoto): void => {
    reporter.item(item);
    reporter.step(++done);
  };
  const threads = Math.min(os.availableParallelism(), mostThreads, Math.floor(photos.length / photosForAThread));
  if (threads > 1) {
    const { cropEdgePx, modelResolutionPx, outputFolder, faceNetworks } = request;
    const start = { cropEdgePx, modelResolutionPx, outputFolder, faceNetworks, resourcesFolder: parts.resourcesFolder };
    await analyzeOnThreads({ photos, threads, start, onReady, onItem });
  } else {
    await analyzeHere(request, parts, onReady, onItem);
  }
  return { kind: 'finished' };
}

async function analyzeHere(
  request: AnalyzeRequest, { resourcesFolder }: EngineParts, onReady: () => void, onItem: (item: AnalyzedPhoto) => void,
): Promise<void> {
  const engine = await openFaceEngine(request.faceNetworks, { weightsFolder: path.join(resourcesFolder, 'faces') });
  try {
    onReady();
    for (const [index, photo] of request.photos.entries()) onItem(await analyzePhoto(engine, request, photo, index));
  } finally {
    await engine.release();
  }
}
