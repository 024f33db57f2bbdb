// What a setting becomes that nobody has set: starting points of the field by method and architecture, which a pack of
// our own may change where something better was measured on it.

import type { Architecture } from '../checkpoint/architecture.ts';
import type { GenerationSettings, Method, TrainingSettings } from '../contract/settings.ts';

export type TrainingDefaults = Readonly<Record<Method, Required<TrainingSettings>>>;

/** Common to all methods; what a method has no use for does no harm there. */
const common = {
  rank: 16, loraAlpha: 16, convRank: 0, convAlpha: 0, targets: 'transformer', learningRate: 1e-4,
  textEncoderLearningRate: 0, newTokenLearningRate: 2e-3, learningRateSchedule: 'cosine', warmupSteps: 40,
  trainingSteps: 800, batchSize: 1, gradientAccumulationSteps: 2, maxGradientNorm: 1, optimizer: 'adamw',
  weightDecay: 0.01, minSnrGamma: 5, minTimestep: 0, noiseOffset: 0, captionDropout: 0.1, captionTagDropout: 0.1,
  useBuckets: false, faceMaskWeight: 0, prior: 'none', priorLossWeight: 1, priorImageCount: 200, vectorCount: 0,
  newWord: '', initializerWord: '', clipSkip: 0, recompute: 'none', snapshotEverySteps: 100, previewCount: 4, seed: 1,
} as const satisfies TrainingSettings;

/**
 * Learning rates and steps as diffusers and kohya publish them for faces. Textual inversion sees a batch of four and
 * learns at 2e-3 in all, the rate that both of diffusers' examples come to; DreamBooth keeps the class with as many
 * pictures of it as diffusers' example draws (Ruiz et al. 2023, section 3.2). SDXL's UNet is too large for its two
 * moments on most cards, so Adafactor and recomputation stand in.
 */
export function trainingDefaultsFor(architecture: Architecture, edgePx: number): TrainingDefaults {
  const isLarge = architecture === 'sdxl';
  const base: Required<TrainingSettings> = {
    ...common, resolutionPx: edgePx, recompute: isLarge ? 'blocks' : 'none', noiseOffset: isLarge ? 0.0357 : 0,
  };
  return {
    lora: base,
    dreambooth: {
      ...base, learningRate: 2e-6, learningRateSchedule: 'constant', warmupSteps: 0, trainingSteps: 1000,
      gradientAccumulationSteps: 1, minSnrGamma: 0, noiseOffset: 0, captionDropout: 0, prior: 'images',
      optimizer: isLarge ? 'adafactor' : 'adamw', recompute: 'blocks',
    },
    'textual-inversion': {
      ...base, learningRate: 2e-3, learningRateSchedule: 'constant', warmupSteps: 0,
      trainingSteps: isLarge ? 1000 : 2000, gradientAccumulationSteps: 4, minSnrGamma: 0, noiseOffset: 0,
      captionDropout: 0, vectorCount: 4, snapshotEverySteps: 250,
    },
  };
}

export function generationDefaultsFor(edgePx: number): Required<GenerationSettings> {
  return {
    widthPx: edgePx, heightPx: edgePx, samplingSteps: 25, sampler: 'dpmpp-2m-karras', guidanceScale: 7,
    attentionGuidanceScale: 0,
    adapterStrength: 1, clipSkip: 0,
    imageStrength: 0.8, imageStart: 0, imageEnd: 1, identityNetStrength: 0.8, identityNetStart: 0, identityNetEnd: 1,
    fast: false, facePass: 'off', facePassStrength: 0.5, upscale: 1, upscaleStrength: 0.3,
  };
}

/** InstantID's own numbers on SDXL (Wang et al. 2024; its demo): more guidance burns the colours. */
export function instantDefaultsFor(architecture: Architecture): GenerationSettings {
  if (architecture !== 'sdxl') return {};
  return { samplingSteps: 30, sampler: 'euler', guidanceScale: 5, imageStrength: 0.8, identityNetStrength: 0.8 };
}

/** What portraits with a look take in the place of the usual, by the method that it was taught by. */
export type LookDefaults = Readonly<Partial<Record<Method, GenerationSettings>>>;

interface PackDefaults {
  readonly generationDefaults: Required<GenerationSettings>;
  readonly instantDefaults: GenerationSettings;
  readonly lookDefaults: LookDefaults;
  readonly fastDefaults: GenerationSettings;
}

export interface DrawnHow {
  readonly isInstant: boolean;
  /** Of the look; undefined without one. */
  readonly method?: Method | undefined;
  /** What its look was taught with. */
  readonly ofLook?: GenerationSettings;
}

/**
 * Every setting of a portrait: what was given, else what its look was taught with, else what the pack takes for fast,
 * for instant portraits and for looks of that method, else the pack's usual. A given face goes before the look.
 */
export function drawingSettings(
  pack: PackDefaults, given: GenerationSettings,
  { isInstant, method, ofLook = {} }: DrawnHow,
): Required<GenerationSettings> {
  const ofMethod = method === undefined ? {} : pack.lookDefaults[method];
  const usual = { ...pack.generationDefaults, ...(isInstant ? pack.instantDefaults : ofMethod) };
  const isFast = given.fast ?? usual.fast;
  return { ...usual, ...(isFast ? pack.fastDefaults : {}), ...definedOnly(ofLook), ...definedOnly(given) };
}

function definedOnly(settings: GenerationSettings): GenerationSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
