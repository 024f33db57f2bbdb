// From a prompt, and perhaps a face and a picture to start from, to portraits, one for each seed: encode prompts and
// faces once; for every seed draw noise, sample under guidance, decode. Nothing is random but the seed: a portrait does
// not depend on which others are in its batch.

import { UserError } from '../contract/errors.ts';
import type { Denoise, PredictionType } from '../diffusion/denoiser.ts';
import { noiseSchedule, type NoiseSchedule } from '../diffusion/noise-schedule.ts';
import { sample } from '../diffusion/sample.ts';
import { samplers, type SamplerName } from '../diffusion/samplers.ts';
import {
  planFromStrength, planSampling, type SamplingPlan, startLatents, toVariancePreserving,
} from '../diffusion/sampling-plan.ts';
import { type NoiseTurn, turnedNoise } from '../diffusion/turned-noise.ts';
import { type RgbPicture, rgbPicture } from '../photos/pixels.ts';
import { elementCount, float32Tensor, type Shape, type Tensor } from '../tensor/tensor.ts';
import { encodePicture } from './encode-picture.ts';
import type { FaceRequest } from './face-request.ts';
import type { AdapterInput, PipelinePort, PromptPort } from './pipeline-port.ts';
import { type GuidedRequest, portraitDenoiser } from './portrait-denoiser.ts';
import { checkPortraitSize, unetFactor } from './portrait-size.ts';

export interface PortraitRequest extends GuidedRequest {
  /** One portrait each. */
  readonly seeds: readonly number[];
  readonly samplingSteps: number;
  readonly sampler: SamplerName;
  readonly adapter?: AdapterInput;
  /** A face that the portrait is to have; the pipeline must have been opened with InstantID. */
  readonly face?: FaceRequest;
  readonly start?: StartPicture;
  /** The seed's first noise is turned towards that of other seeds: portraits near one that is there. */
  readonly turns?: readonly NoiseTurn[];
  /** Unit normal noise of the latents' size in place of the seed's own; stream 0 starts, the others are the steps'. */
  readonly noise?: (seed: number, stream: number) => Float32Array;
}

/** Image to image (Meng et al. 2022, "SDEdit"): noise is put on a picture and taken away again. */
export interface StartPicture {
  /** Of any size: resized until it covers the portrait, and cut out of its middle. */
  readonly picture: RgbPicture;
  /** Share of the sampling steps that are run: 1 changes everything, 0 nothing. */
  readonly strength: number;
}

export interface DrawnPicture {
  readonly seed: number;
  readonly picture: RgbPicture;
  /** The latent that was decoded, [1, C, H, W] in Stable Diffusion's own scale. */
  readonly latents: Tensor;
}

export interface PortraitProgress {
  readonly seed: number;
  /** Portraits that are done, and all of them. */
  readonly portraitsDone: number;
  readonly portraitCount: number;
  /** Steps of this portrait that are done, from 1, and all of them. */
  readonly samplingStep: number;
  readonly stepCount: number;
  /** What this portrait would be if it stopped here, undecoded: [1, C, H, W] in Stable Diffusion's own scale. */
  readonly denoised: Tensor;
}

export interface PortraitEvents {
  readonly signal?: AbortSignal;
  readonly onStep?: (progress: PortraitProgress) => void | Promise<void>;
  readonly onPortrait?: (portrait: DrawnPicture) => void | Promise<void>;
}

export interface PortraitBatch {
  readonly kind: 'done' | 'cancelled';
  /** All of them, or those that were done when it was cancelled. */
  readonly portraits: readonly DrawnPicture[];
  /** Tokens of the prompt and of the negative prompt that did not fit into CLIP's 75 and had no effect. */
  readonly droppedTokens: { readonly prompt: number; readonly negativePrompt: number };
}

/**
 * Draws one portrait a seed. Cancelling (events.signal) is an outcome: what was finished is kept.
 * Refuses, with a UserError, sizes that the networks cannot draw and numbers that went beyond float32.
 */
export async function drawPortraits(
  pipeline: PipelinePort, prompts: PromptPort, request: PortraitRequest, events: PortraitEvents = {},
): Promise<PortraitBatch> {
  const portraits: DrawnPicture[] = [];
  for await (const portrait of eachPortrait(pipeline, prompts, request, events)) portraits.push(portrait);
  const kind = portraits.length === request.seeds.length ? 'done' : 'cancelled';
  return { kind, portraits, droppedTokens: droppedTokens(prompts, request) };
}

/**
 * The same, one portrait at a time as each is done, for more than memory should hold; ends early when cancelled.
 * With no adapter and a caption of the class it draws the class images of prior preservation.
 */
export async function* eachPortrait(
  pipeline: PipelinePort, prompts: PromptPort, request: PortraitRequest, events: PortraitEvents = {},
): AsyncGenerator<DrawnPicture> {
  const shape = latentShape(pipeline, request);
  const schedule = noiseSchedule(pipeline.config.alphasCumprod);
  const plan = planOf(schedule, request);
  const start = request.start && await encodePicture(pipeline, request.start.picture, request);
  const { adapter, face } = request;
  const denoise = plan
    && await portraitDenoiser({ pipeline, prompts, adapter, face }, request, { shape, plan, schedule });
  for (const [portraitsDone, seed] of request.seeds.entries()) {
    const latents = await sampleLatents({
      seed, plan, denoise, shape, start, request, events, portraitsDone,
      predictionType: pipeline.config.predictionType,
    });
    if (!latents) return;
    const portrait = { seed, latents, picture: await decodePortrait(pipeline, latents) };
    await events.onPortrait?.(portrait);
    yield portrait;
  }
}

/** The noise levels of a run; undefined where a picture is to start from and too little strength for one step. */
function planOf(schedule: NoiseSchedule, request: PortraitRequest): SamplingPlan | undefined {
  const { samplingSteps: steps, start } = request;
  const { convention, karras, spacing } = samplers[request.sampler];
  // a network that was taught to begin with noise alone must begin there (Lin et al. 2024, section 3.3)
  const isZeroTerminal = schedule.alphasCumprod.at(-1) === 0;
  const plan = planSampling(schedule, convention, {
    steps, karras, stepsOffset: 1, spacing: isZeroTerminal && spacing === 'leading' ? 'trailing' : spacing,
  });
  if (!start) return plan;
  return start.strength * steps < 1 ? undefined : planFromStrength(plan, start.strength);
}

/** Decodes one latent of Stable Diffusion's own scale to 8-bit RGB. */
export async function decodePortrait(pipeline: PipelinePort, latents: Tensor): Promise<RgbPicture> {
  const scaled = (latents.data as Float32Array).map((value) => value / pipeline.config.latentScale);
  return rgbFromTensor(await pipeline.decode(float32Tensor(latents.shape, scaled)));
}

/** float32 [1, 3, H, W] in -1..1 to 8-bit RGB; values beyond are clipped, NaN is refused with a UserError. */
export function rgbFromTensor(image: Tensor): RgbPicture {
  const [batch, channels, height, width] = image.shape as [number, number, number, number];
  if (batch !== 1 || channels !== 3) throw new Error(`A portrait is [1, 3, H, W], not [${image.shape.join(', ')}].`);
  const planes = image.data as Float32Array;
  const data = new Uint8Array(width * height * 3);
  const planeSize = width * height;
  for (let pixel = 0; pixel < planeSize; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = planes[channel * planeSize + pixel]!;
      if (Number.isNaN(value)) throw notFinite();
      data[pixel * 3 + channel] = Math.min(255, Math.max(0, Math.round((value + 1) * 127.5)));
    }
  }
  return rgbPicture(width, height, data);
}

interface OneRun {
  readonly seed: number;
  readonly plan: SamplingPlan | undefined;
  /** Undefined without a plan. */
  readonly denoise: Denoise | undefined;
  readonly predictionType: PredictionType;
  readonly shape: Shape;
  /** Latents of the picture to start from. */
  readonly start: Tensor | undefined;
  readonly request: PortraitRequest;
  readonly events: PortraitEvents;
  readonly portraitsDone: number;
}

/** The finished latent of one seed; undefined when it was cancelled. */
async function sampleLatents(run: OneRun): Promise<Tensor | undefined> {
  const { seed, plan, denoise, predictionType, shape, start, request, events, portraitsDone } = run;
  if (!plan || !denoise) return start!;
  const size = elementCount(shape);
  // stream 0 starts a portrait, stream 1 + i belongs to draw i of its steps
  const noiseOf = request.noise ?? ((own: number, stream: number) => (
    turnedNoise(own, stream, size, stream === 0 ? request.turns ?? [] : [])));
  const noise = (drawIndex: number): Float32Array => noiseOf(seed, 1 + drawIndex);
  const { run: sampler, eta } = samplers[request.sampler];
  const result = await sample({
    sampler, eta, denoise, noise, predictionType, sigmas: plan.sigmas, signal: events.signal,
    x: startLatents(plan, noiseOf(seed, 0), start?.data as Float32Array | undefined),
    onStep: ({ samplingStep, stepCount, denoised }) => events.onStep?.({
      seed, portraitsDone, portraitCount: request.seeds.length, samplingStep, stepCount,
      denoised: float32Tensor(shape, denoised),
    }),
  });
  if (result.kind === 'cancelled') return undefined;
  const latents = toVariancePreserving(result.x, plan.sigmas.at(-1)!);
  if (!latents.every(Number.isFinite)) throw notFinite();
  return float32Tensor(shape, latents);
}

function latentShape({ config }: PipelinePort, { widthPx, heightPx }: PortraitRequest): Shape {
  const { resolutionPx } = config;
  checkPortraitSize({ widthPx, heightPx }, { multiplePx: config.vaeFactor * unetFactor, resolutionPx });
  return [1, config.latentChannels, heightPx / config.vaeFactor, widthPx / config.vaeFactor];
}

function droppedTokens(prompts: PromptPort, { prompt, negativePrompt }: PortraitRequest) {
  return { prompt: prompts.droppedTokens(prompt), negativePrompt: prompts.droppedTokens(negativePrompt) };
}

function notFinite(): UserError {
  return new UserError('generation.not-finite', {
    what: 'The network lost its numbers while drawing (NaN or infinity), so there is no portrait for this seed.',
    safe: 'Portraits that were finished before are kept.',
    todo: 'Lower the strength of the look or the guidance, or choose another provider.',
  });
}
