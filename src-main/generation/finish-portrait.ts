// What may follow when a portrait is drawn: faces that came out small are drawn again, larger; then the whole is made
// larger. Both start from the picture as it is and draw with the portrait's own words, looks and faces.

import type { Face } from '../faces/face.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { type FacePassSize, isSmallFace, redrawFace } from './face-pass.ts';
import {
  facesOfPeople, type FoundFaces, orAsked, type PlacedFace, requestForPart, requestForPerson,
} from './part-of-portrait.ts';
import type { PipelinePort, PromptPort } from './pipeline-port.ts';
import { unetFactor } from './portrait-size.ts';
import type { PartOfPicture } from './region-weights.ts';
import { drawPortraits, type PortraitRequest } from './text-to-portrait.ts';
import { noiseOfPart, tilesOf, upscale, upscaledSize } from './upscale.ts';

export interface Finishing {
  /** 'auto': faces that are small against the networks' resolution. */
  readonly facePass: 'off' | 'auto' | 'always';
  /** Share of the steps that change the face. */
  readonly facePassStrength: number;
  /** Edge of the finished portrait over that of the drawn one; 1 is none. */
  readonly upscale: number;
  readonly upscaleStrength: number;
}

export interface FinishEvents {
  /** Once for each of the two that is done, with the steps that it takes. */
  readonly onPhase?: (phase: 'redrawing-faces' | 'upscaling', steps: number) => void;
  /** Steps of the phase that are done. */
  readonly onStep?: (done: number) => void;
}

export interface FinishedPortrait {
  readonly picture: RgbPicture;
  readonly isFaceRedrawn: boolean;
  readonly isUpscaled: boolean;
  /** In the finished picture, in its pixels. */
  readonly faces: FoundFaces;
}

interface Finish {
  readonly pipeline: PipelinePort;
  readonly prompts: PromptPort;
  /** With one seed. */
  readonly request: PortraitRequest;
  readonly finishing: Finishing;
  readonly events: FinishEvents;
}

/**
 * Finishes a portrait that `request`, which has one seed, was drawn by. `find` gives the faces of a picture, the
 * largest first. Of each person the largest face is drawn again, or the place that one was asked for where none is
 * found, with that person's look and face alone. A strength that leaves no step changes nothing.
 */
export async function finishPortrait(
  finish: Omit<Finish, 'events'>, picture: RgbPicture, find: (picture: RgbPicture) => Promise<readonly Face[]>,
  events: FinishEvents = {},
): Promise<FinishedPortrait> {
  const run = { ...finish, events };
  const mask = finish.request.second?.mask;
  const found = facesOfPeople(await find(picture), picture, mask);
  const placed = orAsked(found, finish.request);
  const redrawn = await redrawFaces(run, picture, placed);
  const larger = await enlarge(run, redrawn, placed);
  const isSame = larger === picture;
  const faces = isSame ? found : facesOfPeople(await find(larger), larger, mask);
  return { picture: larger, faces, isFaceRedrawn: redrawn !== picture, isUpscaled: larger !== redrawn };
}

async function redrawFaces(run: Finish, portrait: RgbPicture, found: FoundFaces<PlacedFace>): Promise<RgbPicture> {
  const { finishing: { facePass, facePassStrength }, pipeline: { config }, events } = run;
  const steps = stepsOf(run.request, facePassStrength);
  const isWanted = (face: PlacedFace | undefined): boolean => (
    face !== undefined && (facePass === 'always' || (facePass === 'auto' && isSmallFace(face, config.resolutionPx))));
  const people = (['first', 'second'] as const).filter((who) => isWanted(found[who]));
  if (people.length === 0 || steps === 0) return portrait;
  events.onPhase?.('redrawing-faces', people.length * steps);
  let picture = portrait;
  for (const [index, who] of people.entries()) {
    const own = { ...run, ...personOf(run, who), request: requestForPerson(run.request, who) };
    const again = { found: { first: found[who]! }, strength: facePassStrength, stepsDone: index * steps };
    picture = await redrawFace(picture, found[who]!, sizeOf(run), (part, place) => (
      drawAgain(own, part, { ...again, place })));
  }
  return picture;
}

async function enlarge(run: Finish, portrait: RgbPicture, found: FoundFaces<PlacedFace>): Promise<RgbPicture> {
  const { finishing: { upscale: factor, upscaleStrength }, events, pipeline: { config } } = run;
  if (factor <= 1) return portrait;
  const whole = upscaledSize(portrait, factor);
  const steps = stepsOf(run.request, upscaleStrength);
  if (steps > 0) events.onPhase?.('upscaling', tilesOf(whole, sizeOf(run)).length * steps);
  let tilesDone = 0;
  const latentsOf = (px: number): number => Math.floor(px / config.vaeFactor);
  // a tile at the edge may begin within a latent
  const wholeLatents = { width: latentsOf(whole.width) + 1, height: latentsOf(whole.height) + 1 };
  return upscale(portrait, factor, sizeOf(run), async (tile, place) => {
    if (steps === 0) return tile;
    const noise = noiseOfPart({
      left: latentsOf(Math.round(place.left * whole.width)), top: latentsOf(Math.round(place.top * whole.height)),
      width: latentsOf(tile.width), height: latentsOf(tile.height),
    }, config.latentChannels, wholeLatents);
    const own = { ...run, request: { ...run.request, noise } };
    return drawAgain(own, tile, { place, found, strength: upscaleStrength, stepsDone: tilesDone++ * steps });
  });
}

interface Again {
  /** Where the part lies in the portrait. */
  readonly place: PartOfPicture;
  readonly found: FoundFaces<PlacedFace>;
  readonly strength: number;
  /** Of the phase, before this part. */
  readonly stepsDone: number;
}

/** A part of the portrait drawn again from itself, at its own size. */
async function drawAgain(
  { pipeline, prompts, request, events }: Finish, picture: RgbPicture, { place, found, strength, stepsDone }: Again,
): Promise<RgbPicture> {
  const size = { widthPx: picture.width, heightPx: picture.height };
  const { portraits } = await drawPortraits(pipeline, prompts, {
    ...requestForPart(request, found, place, size), start: { picture, strength },
  }, { onStep: ({ samplingStep }) => events.onStep?.(stepsDone + samplingStep) });
  return portraits[0]!.picture;
}

function personOf({ pipeline, prompts, request: { second } }: Finish, who: keyof FoundFaces) {
  return who === 'first' ? { pipeline, prompts } : { pipeline: second!.pipeline, prompts: second!.prompts };
}

/** Steps of image to image at this strength. */
function stepsOf({ samplingSteps }: PortraitRequest, strength: number): number {
  return Math.min(samplingSteps, Math.floor(samplingSteps * strength));
}

function sizeOf({ pipeline: { config } }: Finish): FacePassSize {
  return { resolutionPx: config.resolutionPx, multiplePx: config.vaeFactor * unetFactor };
}
