// Teach requests for the tiny pack, one for each method, with every kind of chance in them: dropped captions, noise
// offset, accumulated gradients, a prior, a text encoder that learns.

import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TeachRequest } from '../../src-main/contract/engine.ts';
import type { Method, TrainingSettings } from '../../src-main/contract/settings.ts';
import { generationDefaultsFor, trainingDefaultsFor } from '../../src-main/packs/default-settings.ts';
import { root } from './engine-process.ts';

const common: TrainingSettings = {
  trainingSteps: 60, batchSize: 2, gradientAccumulationSteps: 1, warmupSteps: 5, resolutionPx: 64, previewCount: 1,
  snapshotEverySteps: 12, captionDropout: 0.2, captionTagDropout: 0.2, noiseOffset: 0.05, minSnrGamma: 5,
  recompute: 'none', seed: 11, newWord: 'zqxface', initializerWord: 'person', weightDecay: 0.05,
};

const own: Readonly<Record<Method, TrainingSettings>> = {
  lora: {
    rank: 2, loraAlpha: 1, targets: 'transformer-and-convolution', learningRate: 2e-3, textEncoderLearningRate: 1e-3,
    newTokenLearningRate: 5e-3, vectorCount: 2, prior: 'prediction', gradientAccumulationSteps: 2,
  },
  dreambooth: { learningRate: 1e-3, learningRateSchedule: 'cosine', prior: 'images', optimizer: 'adafactor' },
  // its steps are short: several passes each, so that a test can hit one
  'textual-inversion': {
    newTokenLearningRate: 1e-2, vectorCount: 3, learningRateSchedule: 'linear', batchSize: 4,
    gradientAccumulationSteps: 2,
  },
};

export interface TeachFolders {
  readonly runFolder: string;
  readonly outputFolder: string;
}

/** A request over three photos, of which one is held out; every photo is the same face cut differently. */
export async function teachRequest(
  folder: string, method: Method, packFolder: string, settings: TrainingSettings = {},
): Promise<TeachRequest & TeachFolders> {
  const [runFolder, outputFolder] = [join(folder, 'run'), join(folder, 'out')];
  await mkdir(outputFolder, { recursive: true });
  const photo = async (name: string): Promise<TeachRequest['images'][number]> => {
    const file = join(folder, name);
    await cp(join(root, 'test', 'photos', 'astronaut.png'), file);
    return {
      name, file, caption: `photo of zqxface person, ${name}`, repeats: 1,
      faceBox: { x: 0.3, y: 0.2, width: 0.4, height: 0.4 }, faceEmbedding: null,
    };
  };
  const heldOut = await photo('c.png');
  return {
    kind: 'teach', likenessNetworks: { kind: 'built-in' }, method, checkpointPath: packFolder, provider: 'cpu',
    precision: 'auto', vaeFile: null,
    images: [await photo('a.png'), { ...await photo('b.png'), repeats: 2 }],
    heldOut: [{ ...heldOut, faceEmbedding: Array.from({ length: 128 }, (_, i) => Math.sin(i)) }],
    classImageFiles: [heldOut.file], subjectCaption: 'photo of zqxface person',
    classCaption: 'photo of a person',
    settings: { ...trainingDefaultsFor('sd15', 64)[method], ...common, ...own[method], ...settings },
    warmStartFile: null, describingPhrases: [],
    preview: {
      prompt: 'photo of zqxface person', negativePrompt: '', seed: 5,
      settings: { ...generationDefaultsFor(64), samplingSteps: 2, guidanceScale: 2 },
    },
    title: 'Look', triggerPhrase: 'zqxface person', finish: false, runFolder, outputFolder,
  };
}
