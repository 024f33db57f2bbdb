// A portrait that the engine has drawn: what is written of it into the library, and its files.

import type { DrawnPortrait } from '../contract/engine-create.ts';
import type { PortraitOrigin } from '../contract/gallery.ts';
import type { PortraitId } from '../contract/ids.ts';
import type { Likeness } from '../contract/faces.ts';
import type { GenerationSettings } from '../contract/settings.ts';
import { tileOf } from '../generation/portrait-file.ts';
import type { CreateParameters } from '../jobs/job-parameters.ts';
import type { JobRecord } from '../library/jobs.ts';
import { type Library, newId } from '../library/library.ts';
import type { NewPortrait } from '../library/portraits.ts';
import type { StudioContext } from './context.ts';
import { type CreateGroup, type WantedPortrait, isDrawnAlone, lookIdOf } from './create-groups.ts';
import { lookOf, settingsOf, withItemSettings } from './create-request.ts';
import { keptAddOns } from './found-models.ts';
import { present } from './missing.ts';

export interface Asked {
  readonly context: StudioContext;
  readonly job: JobRecord;
  readonly parameters: CreateParameters;
  readonly group: CreateGroup;
  readonly wanted: WantedPortrait;
}

type Described = Omit<NewPortrait, 'fileSha256' | 'beforeSha256' | 'tileSha256'>;

/** As far as settings can say. */
const maximumUpscale = 4;
const unmeasured: Likeness = { cosine: null, distance: null, latentDistance: null };

/** The row of a portrait: what was asked, and what the engine says of it. */
export function portraitOf(
  { context, job, parameters, group, wanted }: Asked, drawn: DrawnPortrait,
): Described {
  const { library, packs } = context;
  const { packId, instantly, second, addOns } = parameters;
  const own = withItemSettings(parameters, wanted.settings);
  const settings = settingsOf(packs.get(packId), own, lookOf(library, group.adapterId));
  const { styleId, prompt, negativePrompt, seed, variation, origin, itemIndex, usesAdapter, usesFace } = wanted;
  return {
    id: newId<PortraitId>(), subjectId: job.subjectId, jobId: job.id, itemIndex,
    adapterId: lookIdOf(wanted, parameters), adapterStrength: usesAdapter ? settings.adapterStrength : 0,
    packId, styleId, prompt, negativePrompt, seed,
    widthPx: drawn.widthPx, heightPx: drawn.heightPx, samplingSteps: drawn.samplingSteps, sampler: drawn.sampler,
    guidanceScale: drawn.guidanceScale, likeness: drawn.likeness, createdAtMs: Date.now(),
    instantly: usesFace ? instantly : null,
    second: second && !isDrawnAlone(wanted) ? {
      subjectId: second.subjectId, adapterId: second.adapterId, likeness: drawn.secondLikeness ?? unmeasured,
    } : null,
    facePoints: drawn.facePoints, isFaceRedrawn: drawn.isFaceRedrawn, variation, origin,
    addOns: keptAddOns(context, addOns),
    settings: origin?.how === 'upscaled' ? enlargedSettings(library, origin, settings) : settings,
  };
}

/** As the portrait itself was drawn, and enlarged as far as it is by now. */
function enlargedSettings(
  library: Library, { portraitId }: PortraitOrigin, settings: Required<GenerationSettings>,
): Required<GenerationSettings> {
  const before = library.portraits.get(portraitId)?.settings.upscale ?? 1;
  return { ...settings, upscale: Math.min(maximumUpscale, before * settings.upscale) };
}

/** Writes a portrait's files and its row, and says so. Photos and portraits may have gone while it was drawn. */
export async function keepPortrait(
  { library, emit }: StudioContext, described: Described,
  { picture, before }: { readonly picture: Uint8Array; readonly before: Uint8Array | null },
): Promise<void> {
  const { nearestPhotoId = null, origin = null } = described;
  // the gallery can make it later, so a portrait is not lost over it
  const tile = await tileOf(picture).catch(() => null);
  await library.exclusively(async () => {
    const files = {
      fileSha256: await library.keepFile(picture, 'image/png'),
      beforeSha256: before && await library.keepFile(before, 'image/png'),
      tileSha256: tile && await library.keepFile(tile, 'image/webp'),
    };
    library.portraits.insert({
      ...described, ...files,
      nearestPhotoId: nearestPhotoId && library.photos.get(nearestPhotoId) ? nearestPhotoId : null,
      origin: origin && library.portraits.get(origin.portraitId) ? origin : null,
    });
  });
  emit({ type: 'portrait-added', portrait: present(library.portraits.get(described.id), 'portrait') });
}
