// How long portraits take, by how long those of the same model took that were drawn last.

import { portraitFilterSchema } from '../contract/gallery.ts';
import type { AdapterId } from '../contract/ids.ts';
import type { GenerationSettings } from '../contract/settings.ts';
import type { CreateParameters } from '../jobs/job-parameters.ts';
import type { PortraitRecord } from '../library/portraits.ts';
import type { BatchItem } from './batch-items.ts';
import type { StudioContext } from './context.ts';
import { lookIdOf } from './create-groups.ts';
import { lookOf, settingsOf, withItemSettings } from './create-request.ts';

/** Portraits that are looked back on. */
const lookedBack = 60;

/** A portrait's time, and how much of what takes time was done in it. */
export interface DrawnIn {
  readonly seconds: number;
  readonly work: number;
}

/** Seconds that drawing these items may take; null where this model has not drawn two in one batch yet. */
export function secondsFor(
  context: StudioContext, parameters: CreateParameters, items: readonly BatchItem[],
): number | null {
  const { library } = context;
  const filter = portraitFilterSchema.parse({ packIds: [parameters.packId] });
  const before = library.gallery.ids(filter, 'newest', 0, lookedBack)
    .flatMap((id) => library.portraits.get(id) ?? []);
  const known = new Map<string, number>();
  const works = items.map((item) => {
    const lookId = lookIdOf(item, parameters);
    const key = JSON.stringify([lookId, item.settings]);
    const work = known.get(key) ?? workOfItem(context, parameters, lookId, item);
    known.set(key, work);
    return work;
  });
  return secondsByPace(timesOf(before), works);
}

function workOfItem(
  { library, packs }: StudioContext, parameters: CreateParameters, lookId: AdapterId | null, { settings }: BatchItem,
): number {
  const own = withItemSettings(parameters, settings);
  return (parameters.second ? 2 : 1) * workOf(settingsOf(packs.get(parameters.packId), own, lookOf(library, lookId)));
}

/**
 * Portraits of one batch that came one after the other: from one to the next is the time of the later. `portraits` come
 * newest first.
 */
export function timesOf(portraits: readonly PortraitRecord[]): DrawnIn[] {
  return portraits.flatMap((portrait, index) => {
    const before = portraits[index + 1];
    if (before?.jobId !== portrait.jobId) return [];
    const work = (portrait.second ? 2 : 1) * workOf(portrait.settings);
    return [{ seconds: (portrait.createdAtMs - before.createdAtMs) / 1000, work }];
  });
}

/** By portraits of the very same work where there are any, else by all, in proportion; null without any. */
export function secondsByPace(before: readonly DrawnIn[], works: readonly number[]): number | null {
  const timed = before.filter(({ work }) => work > 0);
  if (timed.length === 0) return null;
  const perWork = median(timed.map(({ seconds, work }) => seconds / work));
  const known = new Map<number, number>();
  const secondsOf = (work: number): number => {
    const same = timed.filter((one) => one.work === work).map(({ seconds }) => seconds);
    const seconds = known.get(work) ?? (same.length > 0 ? median(same) : perWork * work);
    known.set(work, seconds);
    return seconds;
  };
  return works.reduce((sum, work) => sum + secondsOf(work), 0);
}

/** Pixels times steps times calls of the network, those of an enlargement by its share of the steps among them. */
function workOf(settings: GenerationSettings): number {
  const { widthPx = 0, heightPx = 0, samplingSteps = 0, guidanceScale = 1, attentionGuidanceScale = 0 } = settings;
  const { upscale = 1, upscaleStrength = 0 } = settings;
  const tiles = upscale > 1 ? upscale ** 2 * upscaleStrength : 0;
  const calls = 1 + (guidanceScale > 1 ? 1 : 0) + (attentionGuidanceScale > 0 ? 1 : 0);
  return widthPx * heightPx * samplingSteps * calls * (1 + tiles);
}

/** The one that a pause, or the opening of networks in between, does not move. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}
