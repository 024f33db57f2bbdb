// One of each noun for tests, numbered; a test changes the fields it is about.

import type { PhotoMeasures, Verdict } from '../../src-main/contract/faces.ts';
import type {
  AdapterId, JobId, PackId, PhotoId, PortraitId, PreviewId, StyleId, SubjectId,
} from '../../src-main/contract/ids.ts';
import type { LibraryState } from '../../src-main/contract/keeping.ts';
import type {
  EngineState, Look, Pack, Photo, Portrait, Snapshot, Style, Subject,
} from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { TrainingSettings } from '../../src-main/contract/settings.ts';

const id = (kind: number, number: number): string => `${kind}`.padStart(16, '0') + `${number}`.padStart(16, '0');
export const subjectId = (number = 1): SubjectId => id(1, number) as SubjectId;
export const photoId = (number = 1): PhotoId => id(2, number) as PhotoId;
export const adapterId = (number = 1): AdapterId => id(3, number) as AdapterId;
export const portraitId = (number = 1): PortraitId => id(4, number) as PortraitId;
export const jobId = (number = 1): JobId => id(5, number) as JobId;
export const previewId = (number = 1): PreviewId => id(6, number) as PreviewId;

export function subject(number = 1): Subject {
  return {
    id: subjectId(number), name: number === 1 ? 'Ada' : `Subject ${number}`, triggerWord: 'ohwx', classWord: 'person',
    hasConsent: true, consentNote: '', consentAtMs: number, coverPhotoId: null,
    createdAtMs: number, photoCount: 2, lookCount: 1, portraitCount: 2,
    likenessRange: { low: 0.9, median: 0.94, high: 0.97, isOneMoment: false },
  };
}

export function photo(number = 1, changes: Partial<Photo> = {}): Photo {
  return {
    id: photoId(number), subjectId: subjectId(), fileName: `photo-${number}.jpg`, widthPx: 800, heightPx: 600,
    addedAtMs: number, faceBox: { x: 0.3, y: 0.2, width: 0.3, height: 0.4 }, faceCount: 1,
    faces: [{ box: { x: 0.3, y: 0.2, width: 0.3, height: 0.4 }, score: 1 }], faceIndex: 0, isFaceChosen: false,
    facePoints: null, measures: null, sameAsPhotoId: null, verdict: verdict('good'), userChoice: null, isUsed: true,
    caption: 'photo of ohwx', repeats: 1, likeness: 0.6, ...changes,
  };
}

/** A verdict with at most one reason; its words are the code's own. */
export function verdict(grade: Verdict['grade'], code = '', actions: Verdict['actions'] = []): Verdict {
  return { grade, reasonCodes: code ? [code] : [], reason: code.replaceAll('-', ' '), hint: '', actions };
}

/** A face from the front in even light. */
export function measures(changes: Partial<PhotoMeasures> = {}): PhotoMeasures {
  return {
    facePx: 240, sharpness: 0.12, brightness: 130, darkShare: 0.02, brightShare: 0.01, yawDegrees: 2, pitchDegrees: -3,
    rollDegrees: 1, occlusions: [], ...changes,
  };
}

export function look(number = 1, changes: Partial<Look> = {}): Look {
  return {
    id: adapterId(number), subjectId: subjectId(), jobId: jobId(6), name: 'Ada, quick likeness', method: 'lora',
    packId: 'starter' as PackId, packName: 'Sketch model', triggerWord: 'ohwx', rank: 8, vectorCount: 0,
    trainingSteps: 300, bestStep: 300, curve: [], settings: {}, exportFormats: ['kohya', 'diffusers', 'checkpoint'],
    photoCount: 2, finalLoss: 0.02, sizeBytes: 123_456, createdAtMs: number, likeness: null, coverPortraitId: null,
    ...changes,
  };
}

export function portrait(number = 1, changes: Partial<Portrait> = {}): Portrait {
  return {
    id: portraitId(number), subjectId: subjectId(), jobId: jobId(8), adapterId: adapterId(),
    packId: 'starter' as PackId, styleId: null, prompt: 'ohwx person', negativePrompt: '', seed: number, widthPx: 128,
    heightPx: 128, samplingSteps: 20, sampler: 'ddim', guidanceScale: 3, adapterStrength: 1,
    likeness: { cosine: 0.5, distance: 0.6, latentDistance: 0.4 }, createdAtMs: number, instantly: null, second: null,
    facePoints: null, isFaceRedrawn: false, hasBefore: false, settings: {}, rating: 0, flag: 'none',
    nearestPhotoId: null, variation: null, origin: null, ...changes,
  };
}

export function job(kind: Job['kind'], number = 1, changes: Partial<Job> = {}): Job {
  return {
    id: jobId(number), kind, subjectId: subjectId(), title: kind, state: 'running', request: null,
    method: kind === 'teach' ? 'lora' : null, trainingSteps: null, resumeStep: null, progress: null, error: null,
    adapterId: null, itemsDone: 0, items: kind === 'create' ? 4 : 0, etaSeconds: null, position: number,
    outcome: null, createdAtMs: number * 1000, endedAtMs: null, ...changes,
  };
}

/** What stood at a step of the teach job with this number; its previews are numbered by step and seed. */
export function snapshot(step: number, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    jobId: jobId(7), step, loss: 0.05, validationLoss: null, likeness: null, facesFound: 2,
    previewIds: [previewId(step * 10), previewId(step * 10 + 1)], isBest: false, createdAtMs: 7000 + step * 1000,
    ...changes,
  };
}

const commonSettings: Required<TrainingSettings> = {
  rank: 8, loraAlpha: 8, convRank: 0, convAlpha: 0, targets: 'transformer', learningRate: 0.001,
  textEncoderLearningRate: 0, newTokenLearningRate: 0.002, learningRateSchedule: 'cosine', warmupSteps: 20,
  trainingSteps: 300, batchSize: 2, gradientAccumulationSteps: 1, maxGradientNorm: 1, optimizer: 'adamw',
  weightDecay: 0.01, minSnrGamma: 5, minTimestep: 0, noiseOffset: 0, captionDropout: 0.1, captionTagDropout: 0.1,
  resolutionPx: 128, useBuckets: false, faceMaskWeight: 0, prior: 'none', priorLossWeight: 1, priorImageCount: 200,
  vectorCount: 0, newWord: '', initializerWord: '', clipSkip: 0, recompute: 'none', snapshotEverySteps: 50,
  previewCount: 4, seed: 1,
};

export function pack(): Pack {
  return {
    id: 'starter' as PackId, name: 'Sketch model', description: 'Small.', architecture: 'sd15', isBuiltIn: true,
    resolutionPx: 128, sizeBytes: 20_000_000, license: 'MIT', origin: 'built-in', state: 'ready', note: '',
    isCommercialUseAllowed: true,
    trainingDefaults: {
      lora: commonSettings,
      dreambooth: { ...commonSettings, learningRate: 0.000002, trainingSteps: 400, prior: 'prediction' },
      'textual-inversion': { ...commonSettings, trainingSteps: 500, vectorCount: 4 },
    },
    generationDefaults: { samplingSteps: 20, guidanceScale: 3 },
  };
}

export function style(name: string): Style {
  return {
    id: name as StyleId, name, group: 'Artistic', prompt: `${name} of {subject}`, negativePrompt: '', isBuiltIn: true,
    pictureId: null,
  };
}

export function engine(): EngineState {
  return {
    state: 'ready', provider: 'cpu', precision: 'float32', fallbackReason: null, deviceName: '2 processor cores',
  };
}

/** A library that nothing is wrong with. */
export function library(changes: Partial<LibraryState> = {}): LibraryState {
  return {
    place: '~/likeness', sizeBytes: 1, freeBytes: null, subjects: 1, photos: 2, looks: 1, portraits: 2, backups: [],
    lastCheck: null, recovery: null, ...changes,
  };
}
