// Draws portraits one by one: sampled, decoded, faces and size finished, measured against the photos of whoever is in
// them, written with their settings.

import path from 'node:path';
import { fileContentHash } from '../adapter/lora-hash.ts';
import type { EngineResult } from '../contract/engine.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { Likeness } from '../contract/faces.ts';
import type { SamplingChoice } from '../generation/fast-mode.ts';
import { finishPortrait, type FinishedPortrait } from '../generation/finish-portrait.ts';
import { encodePicture } from '../generation/encode-picture.ts';
import { requestAtSize } from '../generation/part-of-portrait.ts';
import { writePortrait } from '../generation/portrait-file.ts';
import { expectedPoints, pointsAsFractions } from '../generation/pose.ts';
import {
  type DrawnPicture, type PortraitRequest, type StartPicture, drawPortraits,
} from '../generation/text-to-portrait.ts';
import { openPhoto } from '../photos/import-photo.ts';
import type { RgbPicture } from '../photos/pixels.ts';
import { type DrawingPerson, openPeople, type People } from './create-people.ts';
import { portraitRequest, portraitSettings, samplingOf } from './create-settings.ts';
import type { EngineParts } from './engine-parts.ts';
import { instantIdFor, readFaces } from './instant-faces.ts';
import { type LikenessMeter, openLikenessMeter } from './likeness-meter.ts';
import { loadPack } from './loaded-pack.ts';
import { drawingSaving } from './memory-saving.ts';
import { onProvider } from './provider-choice.ts';
import { readLooks } from './read-looks.ts';
import type { Reporter } from './reporter.ts';

type Item = CreateRequest['items'][number];

interface Drawing {
  readonly request: CreateRequest;
  readonly sampling: SamplingChoice;
  readonly people: People;
  readonly start: StartPicture | undefined;
  /** One for each person. */
  readonly meters: readonly LikenessMeter[];
  readonly reporter: Reporter;
  /** Of add-ons, by their files. */
  readonly loraHashes: ReadonlyMap<string, string>;
  /** Keys of the items that are finished. */
  readonly drawn: Set<string>;
}

export async function create(request: CreateRequest, reporter: Reporter, parts: EngineParts): Promise<EngineResult> {
  reporter.phase('starting', 0);
  const sampling = samplingOf(request, reporter);
  const pack = await loadPack(request, parts);
  const looks = await readLooks(request, pack.checkpoint);
  const start = request.start === null ? undefined
    : { picture: await openPhoto(request.start.file), strength: request.start.strength };
  const faces = await readFaces(request, await instantIdFor(request, pack.checkpoint), reporter, parts);
  const loraHashes = await hashesOf(request);
  const drawn = new Set<string>();
  await onProvider(parts.chooser, request, reporter, async (chosen) => {
    const saving = await drawingSaving(request, pack, looks, chosen, reporter);
    const people = await openPeople({ request, pack, looks, faces, chosen, ...(saving ? { saving } : {}) });
    const meters: LikenessMeter[] = [];
    try {
      meters.push(...await openMeters(request, people, parts));
      await drawAll({ request, sampling, people, start, meters, reporter, loraHashes, drawn });
    } finally {
      for (const meter of meters) await meter.release();
      await people.release();
    }
  });
  return { kind: 'finished' };
}

async function hashesOf({ addOns }: CreateRequest): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  for (const { kind, file } of addOns) if (kind === 'lora') hashes.set(file, await fileContentHash(file));
  return hashes;
}

/** The second person's takes no latent distances. */
async function openMeters(request: CreateRequest, people: People, parts: EngineParts): Promise<LikenessMeter[]> {
  const first = await openLikenessMeter(request, people.base, parts);
  if (!request.second) return [first];
  const { references, likenessRange, rangeFiles } = request.second;
  return [first, await openLikenessMeter({ ...request, references, likenessRange, rangeFiles }, undefined, parts)];
}

/** Items with the look first: a taught checkpoint is given back before the base model's UNet is opened. */
async function drawAll(drawing: Drawing): Promise<void> {
  const { request, people, drawn } = drawing;
  const items = request.items.filter(({ key }) => !drawn.has(key));
  const [withLook, without] = [true, false].map((uses) => (
    items.filter(({ adapterStrength }) => adapterStrength > 0 === uses)));
  phaseOfDrawing(drawing);
  for (const item of withLook!) await drawItem(drawing, item);
  await people.releaseLooks();
  for (const item of without!) await drawItem(drawing, item);
}

function phaseOfDrawing({ request, sampling: { samplingSteps }, reporter, drawn }: Drawing): void {
  reporter.phase('drawing', request.items.length * samplingSteps, drawn.size * samplingSteps);
}

async function drawItem(drawing: Drawing, item: Item): Promise<void> {
  const { request, sampling, people, start, meters, reporter, drawn: done } = drawing;
  const first = await people.first(item);
  const second = await people.second(item);
  const asked = portraitRequest(request, item, sampling, { first, second, start });
  const { drawn, own } = item.enlarged
    ? await givenPortrait(first, asked, item.enlarged.file) : { drawn: await draw(drawing, first, asked), own: asked };
  const finished = await finish(drawing, item, first, own, drawn);
  const likeness = await likenesses(meters, drawn, finished, own);
  const names = await writeFiles(drawing, item, drawn, finished);
  reporter.item({
    kind: 'portrait', key: item.key, ...names, widthPx: finished.picture.width, heightPx: finished.picture.height,
    ...sampling, ...likeness, facePoints: facePointsOf(own, finished),
    isFaceRedrawn: finished.isFaceRedrawn,
  });
  done.add(item.key);
  if (finished.picture !== drawn.picture && done.size < request.items.length) phaseOfDrawing(drawing);
}

async function draw(
  { sampling, reporter, drawn: done }: Drawing, { pipeline, prompts }: DrawingPerson, request: PortraitRequest,
): Promise<DrawnPicture> {
  const before = done.size * sampling.samplingSteps;
  const { portraits: [drawn] } = await drawPortraits(pipeline, prompts, request, {
    onStep: ({ samplingStep }) => reporter.step(before + samplingStep),
  });
  return drawn!;
}

/** A portrait that is there, and the request it would have been drawn by at the size that it has. */
async function givenPortrait(
  { pipeline }: DrawingPerson, asked: PortraitRequest, file: string,
): Promise<{ drawn: DrawnPicture; own: PortraitRequest }> {
  const picture = await openPhoto(file);
  // compared with the references' latents, which have the size that portraits are drawn at
  const latents = await encodePicture(pipeline, picture, asked);
  return { drawn: { seed: asked.seeds[0]!, picture, latents }, own: requestAtSize(asked, picture) };
}

async function finish(
  { request: { settings }, reporter, meters }: Drawing, { enlarged }: Item, { pipeline, prompts }: DrawingPerson,
  request: PortraitRequest, { picture }: DrawnPicture,
): Promise<FinishedPortrait> {
  const { facePassStrength, upscale, upscaleStrength } = settings;
  const facePass = enlarged ? 'off' : settings.facePass;
  const finishing = { facePass, facePassStrength, upscale, upscaleStrength };
  const find = (each: RgbPicture) => meters[0]!.find(each);
  const finished = await finishPortrait({ pipeline, prompts, request, finishing }, picture, find, {
    onPhase: (phase, steps) => reporter.phase(phase, steps), onStep: (step) => reporter.step(step),
  });
  return { ...finished, isFaceRedrawn: finished.isFaceRedrawn || enlarged?.isFaceRedrawn === true };
}

/** Of the face that was found, else of the place that one was asked for; of two people, the first one's. */
function facePointsOf({ face, second, widthPx, heightPx }: PortraitRequest, { faces, picture }: FinishedPortrait) {
  const found = faces.first ?? faces.second;
  if (found) return pointsAsFractions(found.points, picture);
  const asked = face?.points ?? second?.face?.points;
  return asked ? pointsAsFractions(asked, { width: widthPx, height: heightPx }) : null;
}

/** Each person by the face in their region, a person alone by the largest; without a face, by where it should lie. */
async function likenesses(
  [first, second]: readonly LikenessMeter[], { seed, latents }: DrawnPicture, { picture, faces }: FinishedPortrait,
  request: PortraitRequest,
): Promise<{ likeness: Likeness; nearestReference: number | null; secondLikeness: Likeness | null }> {
  const portrait = { seed, latents, picture };
  const place = (who: 'first' | 'second') => expectedPoints(request, who, picture);
  const { nearestReference, ...likeness } = await first!.measure(portrait, faces.first ?? null, place('first'));
  return {
    likeness, nearestReference,
    secondLikeness: second ? await second.measure(portrait, faces.second ?? null, place('second')) : null,
  };
}

/** The portrait, and beside it how it was before it was finished, where that is another picture. */
async function writeFiles(
  { request, sampling, loraHashes, drawn: done }: Drawing, item: Item, drawn: DrawnPicture, finished: FinishedPortrait,
): Promise<{ file: string; beforeFile: string | null }> {
  const file = path.join(request.outputFolder, `portrait-${done.size}.png`);
  await writePortrait(file, finished.picture, portraitSettings(request, item, sampling, { ...finished, loraHashes }));
  if (finished.picture === drawn.picture) return { file, beforeFile: null };
  const beforeFile = path.join(request.outputFolder, `portrait-${done.size}-before.png`);
  await writePortrait(beforeFile, drawn.picture, portraitSettings(request, item, sampling, {
    picture: drawn.picture, isFaceRedrawn: item.enlarged?.isFaceRedrawn ?? false, loraHashes,
  }));
  return { file, beforeFile };
}
