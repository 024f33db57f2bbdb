// What a create request's settings come to: fast mode's sampler, the request of one portrait, and what its PNG says.

import type { CreateRequest } from '../contract/engine-create.ts';
import type { InstantFace } from '../contract/engine-faces.ts';
import type { Variation } from '../contract/gallery.ts';
import { fastSampling, noFastAdapter, type SamplingChoice } from '../generation/fast-mode.ts';
import type { GivenFace, PortraitMaking } from '../generation/making-text.ts';
import type { LoraReference } from '../generation/parameters-text.ts';
import type { PortraitSettings } from '../generation/portrait-file.ts';
import type { SecondPerson } from '../generation/portrait-denoiser.ts';
import type { PortraitRequest, StartPicture } from '../generation/text-to-portrait.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { withoutBraceEscapes } from '../text/wildcards.ts';
import type { DrawingPerson } from './create-people.ts';
import type { Reporter } from './reporter.ts';

type Item = CreateRequest['items'][number];

/**
 * Sampler, steps and guidance that portraits are drawn with; says what is otherwise than asked. Throws
 * generation.no-fast-adapter where fast mode has no LoRA.
 */
export function samplingOf(
  { settings, fastAdapterFile }: CreateRequest, { note }: Pick<Reporter, 'note'>,
): SamplingChoice {
  const { samplingSteps, sampler, guidanceScale, attentionGuidanceScale, fast } = settings;
  if (!fast) return { samplingSteps, sampler, guidanceScale, attentionGuidanceScale };
  if (fastAdapterFile === null) throw noFastAdapter();
  const chosen = fastSampling({ samplingSteps, guidanceScale });
  if (chosen.sampler !== sampler) note('Fast mode draws with the sampler that its LoRA was made for, LCM.');
  if (chosen.guidanceScale !== guidanceScale) {
    note(`Fast mode draws with guidance ${chosen.guidanceScale}, the most that its LoRA was made for.`);
  }
  if (attentionGuidanceScale > 0) note('Fast mode draws without attention guidance, which its LoRA was not made for.');
  return chosen;
}

/** Who is in a portrait, and what it starts from. */
export interface DrawnFrom {
  readonly first: DrawingPerson;
  readonly second: SecondPerson | undefined;
  readonly start: StartPicture | undefined;
}

/** The request of one portrait. */
export function portraitRequest(
  { settings: { widthPx, heightPx } }: CreateRequest, item: Item, sampling: SamplingChoice,
  { first, second, start }: DrawnFrom,
): PortraitRequest {
  const { adapter, face } = first;
  return {
    prompt: item.prompt, negativePrompt: item.negativePrompt, seeds: [item.seed], widthPx, heightPx, ...sampling,
    ...(adapter ? { adapter } : {}), ...(face ? { face } : {}), ...(second ? { second } : {}),
    ...(start ? { start } : {}), ...(item.variation ? { turns: turnsOf(item.variation) } : {}),
  };
}

/** All turns of a variation in their order. */
function turnsOf({ earlier = [], ...last }: Variation): Variation[] {
  return [...earlier, last];
}

/** What became of a portrait after it was drawn. */
export interface PortraitState {
  readonly isFaceRedrawn: boolean;
  readonly picture: Pick<RgbPicture, 'width'>;
  /** Of add-ons, by their files. */
  readonly loraHashes: ReadonlyMap<string, string>;
}

/** What the PNG of a portrait says, also of one that is kept from before its passes. */
export function portraitSettings(
  request: CreateRequest, item: Item, sampling: SamplingChoice, state: PortraitState,
): PortraitSettings {
  const { start } = request;
  return {
    prompt: withoutBraceEscapes(item.prompt), negativePrompt: withoutBraceEscapes(item.negativePrompt),
    seed: item.seed, ...sampling,
    ...(start ? { startStrength: start.strength, startsFromPhoto: start.isPhoto } : {}),
    modelName: request.modelName, version: `Likeness ${request.version}`,
    loras: lorasOf(request, item, state), making: makingOf(request, item, state),
  };
}

/** The looks' own names may be people's, so they stay out of the picture; those of add-ons are what others know. */
function lorasOf(
  { adapter, second, settings, addOns }: CreateRequest, item: Item, { loraHashes }: PortraitState,
): LoraReference[] {
  const first = adapter?.method === 'lora' ? item.adapterStrength : 0;
  const other = second?.adapter?.method === 'lora' ? second.adapterStrength : 0;
  return [
    { name: 'look', strength: first }, { name: 'second-look', strength: other },
    { name: 'lcm-lora', strength: settings.fast ? 1 : 0 },
    ...addOns.filter(({ kind }) => kind === 'lora').map(({ name, strength, file }) => {
      const hash = loraHashes.get(file);
      return { name, strength, ...(hash === undefined ? {} : { hash }) };
    }),
  ].filter(({ strength }) => strength !== 0);
}

function makingOf(
  { settings, ...request }: CreateRequest, { variation }: Item, { isFaceRedrawn, picture }: PortraitState,
): PortraitMaking {
  const { widthPx, heightPx, facePassStrength, upscaleStrength } = settings;
  const face = givenFace(settings, [request.face, request.second?.face].flatMap((each) => each ?? []));
  // by the picture itself, which may have been made larger more than once
  const factor = Number((picture.width / widthPx).toFixed(2));
  return {
    ...(variation ? { variation } : {}),
    ...(request.second ? { hasTwoPeople: true } : {}), ...(face ? { face } : {}),
    ...(isFaceRedrawn ? { facePassStrength } : {}),
    ...(factor > 1 ? { upscale: { factor, strength: upscaleStrength, drawn: { widthPx, heightPx } } } : {}),
  };
}

function givenFace(settings: CreateRequest['settings'], faces: readonly InstantFace[]): GivenFace | undefined {
  const { imageStrength, imageStart, imageEnd, identityNetStrength, identityNetStart, identityNetEnd } = settings;
  if (faces.length === 0) return undefined;
  const image = { strength: imageStrength, start: imageStart, end: imageEnd };
  const identityNet = { strength: identityNetStrength, start: identityNetStart, end: identityNetEnd };
  return faces.some(({ pose }) => pose.kind !== 'none') ? { image, identityNet } : { image };
}
