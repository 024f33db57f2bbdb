// What denoises a portrait: the network under guidance for each person in it, with that person's prompt, look and face,
// the face's strengths by step; and of two people the mean of both, weighted by whose place it is:
//   denoised = sum_i W_i denoised_i / sum_i W_i,   W_2 the mask, W_1 = 1 - W_2
// (Bar-Tal et al. 2023, "MultiDiffusion", eq. 5, in which the predictions are those of crops). Both predictions see the
// whole latent and both faces' key points, so that each draws around the other: only whose face, look and words it is
// differs. Of a person whose mask leaves nothing, nothing is computed and no points are drawn.

import type { RegionMask } from '../contract/faces.ts';
import { type Denoise, denoiser, plannedTimesteps } from '../diffusion/denoiser.ts';
import type { NoiseSchedule } from '../diffusion/noise-schedule.ts';
import type { SamplingPlan } from '../diffusion/sampling-plan.ts';
import type { FacePoints } from '../faces/face.ts';
import type { TextStates } from '../networks/pipeline.ts';
import type { Shape } from '../tensor/tensor.ts';
import { faceAtStep, type FaceRequest, prepareFace, type PreparedFace } from './face-request.ts';
import { guidedPrediction } from './guided-prediction.ts';
import type { AdapterInput, PipelinePort, PromptPort } from './pipeline-port.ts';
import { type PartOfPicture, regionWeights } from './region-weights.ts';
import { weighStates } from './weighted-text.ts';

/** Somebody in a portrait: the networks that draw them, the words that these know, a look and a face. */
export interface Person {
  readonly pipeline: PipelinePort;
  readonly prompts: PromptPort;
  readonly adapter?: AdapterInput;
  readonly face?: FaceRequest;
}

export interface SecondPerson extends Person {
  /** Where the second person is: 1 there, 0 where the first is. */
  readonly mask: RegionMask;
  /** The part of the mask that is drawn; all of it unless told. */
  readonly part?: PartOfPicture;
}

export interface GuidedRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** 1 and below: none, and the side without the prompt is left out. */
  readonly guidanceScale: number;
  /** Perturbed-attention guidance (Ahn et al. 2024); none unless told. */
  readonly attentionGuidanceScale?: number;
  readonly guidanceInOneBatch?: boolean;
  readonly second?: SecondPerson;
}

export interface DenoiserRun {
  /** Of the latents, [1, C, H, W]. */
  readonly shape: Shape;
  readonly plan: SamplingPlan;
  readonly schedule: NoiseSchedule;
}

/** Encodes prompts and faces, and returns the network that a sampler asks. */
export async function portraitDenoiser(first: Person, request: GuidedRequest, run: DenoiserRun): Promise<Denoise> {
  const people = peopleIn(first, request.second, run.shape);
  const faces = people.flatMap(({ person: { face } }) => (face?.points ? [face.points] : []));
  const denoisers: WeightedDenoiser[] = [];
  for (const { person, weights } of people) {
    denoisers.push({ weights, denoise: await denoiserOf(person, request, run, faces) });
  }
  return denoisers.length === 1 ? denoisers[0]!.denoise : blended(denoisers);
}

interface WeightedPerson {
  readonly person: Person;
  /** [H * W]. */
  readonly weights: Float32Array;
}

interface WeightedDenoiser {
  readonly denoise: Denoise;
  readonly weights: Float32Array;
}

/** Those who have any place in the portrait. */
function peopleIn(first: Person, second: SecondPerson | undefined, shape: Shape): WeightedPerson[] {
  const [, , height, width] = shape as [number, number, number, number];
  const mask = second ? regionWeights(second.mask, width, height, second.part) : new Float32Array(width * height);
  const people: WeightedPerson[] = [{ person: first, weights: mask.map((value) => 1 - value) }];
  if (second) people.push({ person: second, weights: mask });
  return people.filter(({ weights }) => weights.some((value) => value > 0));
}

function blended(parts: readonly WeightedDenoiser[]): Denoise {
  return async (x, sigma) => {
    const mean = new Float32Array(x.length);
    for (const { denoise, weights } of parts) {
      const denoised = await denoise(x, sigma);
      denoised.forEach((value, k) => { mean[k] = mean[k]! + value * weights[k % weights.length]!; });
    }
    return mean;
  };
}

async function denoiserOf(
  { pipeline, prompts, adapter, face }: Person, request: GuidedRequest, { shape, plan, schedule }: DenoiserRun,
  faces: readonly FacePoints[],
): Promise<Denoise> {
  const encode = async (prompt: string): Promise<TextStates> => {
    const { ids, weights } = prompts.encodeWeighted(prompt);
    return weighStates(await pipeline.encodeText([ids], adapter), weights, pipeline.config.textWidths);
  };
  const text = {
    conditional: await encode(request.prompt), unconditional: await encode(request.negativePrompt),
    guidanceScale: request.guidanceScale, attentionGuidanceScale: request.attentionGuidanceScale, adapter,
    inOneBatch: request.guidanceInOneBatch,
  };
  const prepared = face && await prepareFace(pipeline, face, faces, request);
  const timestepOf = plannedTimesteps(plan, schedule);
  const count = plan.sigmas.length - 1;
  return async (x, sigma) => {
    const guidance = { ...text, ...faceGuidance(prepared, stepAt(plan, sigma), count) };
    const predict = guidedPrediction(pipeline, guidance, shape);
    return denoiser(predict, pipeline.config.predictionType, timestepOf)(x, sigma);
  };
}

function faceGuidance(face: PreparedFace | undefined, step: number, count: number) {
  const own = face && faceAtStep(face, step, count);
  return own ? { face: own } : {};
}

/** The step that begins at a noise level, or the last one that begins above it. */
function stepAt({ sigmas }: SamplingPlan, sigma: number): number {
  const last = sigmas.length - 2;
  return Math.min(last, Math.max(0, sigmas.findLastIndex((each) => each >= sigma)));
}
